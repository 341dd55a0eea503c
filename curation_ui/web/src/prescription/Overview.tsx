/** A prescription with its patient, orders, findings and what was said about it, wherever it is looked at. */
import { Alert, Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { SeverityTag } from "../shared/finding";
import { Rows } from "../shared/table";
import { Dialogue } from "./Dialogue";
import { PatientView } from "./PatientView";
import "./prescription.css";
import { TEXTS } from "./texts";
import type { Case, Judged, PlainOrder, Told } from "./types";

type OverviewProps = {
  one: Told;
  /** How a finding is shown. */
  children: (finding: Judged) => ReactNode;
};

export function Overview({ one, children }: OverviewProps): ReactNode {
  const { review, patient, orders = [], findings } = one;
  return (
    <>
      {review ? <Head one={review} /> : null}
      {patient ? <PatientView patient={patient} /> : <Alert type="info" showIcon title={TEXTS.unreadable} />}
      <Orders rows={orders} />
      <Typography.Title level={2}>{TEXTS.findings}</Typography.Title>
      {findings.length ? null : TEXTS.noFindings}
      {findings.map(children)}
      {review?.history.length ? <Dialogue moves={review.history} /> : null}
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
