/** A prescription with its patient, orders, findings and what was said about it, wherever it is looked at. */
import { Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { type Finding, SeverityTag } from "../shared/finding";
import { Rows } from "../shared/table";
import { Dialogue } from "./Dialogue";
import { PatientView } from "./PatientView";
import "./prescription.css";
import { TEXTS } from "./texts";
import type { Case, Move, Patient, PlainOrder } from "./types";

type OverviewProps<T extends Finding> = {
  /** Where it stands in the queue; none of what never went there. */
  head?: Case;
  patient?: Patient;
  orders: PlainOrder[];
  findings: T[];
  moves: Move[];
  /** How a finding is shown. */
  children: (finding: T) => ReactNode;
};

export function Overview<T extends Finding>(props: OverviewProps<T>): ReactNode {
  const { head, patient, orders, findings, moves, children } = props;
  return (
    <>
      {head ? <Head one={head} /> : null}
      {patient ? <PatientView patient={patient} /> : null}
      <Orders rows={orders} />
      <Typography.Title level={2}>{TEXTS.findings}</Typography.Title>
      {findings.length ? null : TEXTS.noFindings}
      {findings.map(children)}
      {moves.length ? <Dialogue moves={moves} /> : null}
    </>
  );
}

function Head({ one }: { one: Case }): ReactNode {
  return (
    <Flex gap={8} wrap align="center">
      {one.severity ? <SeverityTag severity={one.severity} /> : null}
      {one.urgent ? <Tag color="red">{TEXTS.urgent}</Tag> : null}
      {one.neverList ? <Tag color="red">{TEXTS.never}</Tag> : null}
      {one.signedTwice ? <Tag color="orange">{TEXTS.signedTwice}</Tag> : null}
      <Typography.Text strong>{[one.institution, one.department].filter(Boolean).join(" ")}</Typography.Text>
      <Typography.Text>{`${TEXTS.by} ${one.prescriber ?? ""}`}</Typography.Text>
      <Tag>{one.label}</Tag>
    </Flex>
  );
}

function Orders({ rows }: { rows: PlainOrder[] }): ReactNode {
  return (
    <Rows<PlainOrder>
      rowKey="id"
      pagination={false}
      dataSource={rows}
      title={() => <strong>{TEXTS.orders}</strong>}
      columns={[
        { title: TEXTS.drug, dataIndex: "text" },
        { title: TEXTS.dose, render: (_, one) => (one.dose === undefined ? "" : `${one.dose} ${one.unit ?? ""}`) },
        { title: TEXTS.route, dataIndex: "route" },
        { title: TEXTS.frequency, dataIndex: "frequency" },
        { title: TEXTS.course, render: (_, one) => (one.days === undefined ? "" : `${one.days} ${TEXTS.days}`) },
        { title: TEXTS.note, dataIndex: "note" },
      ]}
    />
  );
}
