/** A prescription with its patient, orders, findings and what was said about it. */
import { Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { FindingView, type Marking, SeverityTag } from "../../shared/finding";
import { Rows } from "../../shared/table";
import { Dialogue } from "./Dialogue";
import { orders } from "./orders";
import { PatientView } from "./PatientView";
import { TEXTS } from "./texts";
import type { PlainOrder, Whole } from "./types";

type OverviewProps = { whole: Whole; marking?: (finding: string) => Marking };

/** `marking` puts a box beside each finding. */
export function Overview({ whole, marking }: OverviewProps): ReactNode {
  const findings = whole.answer?.findings ?? [];
  return (
    <>
      <Head whole={whole} />
      {whole.request?.patient ? <PatientView patient={whole.request.patient} /> : null}
      <Orders rows={orders(whole.request)} />
      <Typography.Title level={2}>{TEXTS.findings}</Typography.Title>
      {findings.length ? null : TEXTS.noFindings}
      {findings.map((one) => (
        <FindingView key={one.findingId} finding={one} marking={marking?.(one.findingId)} />
      ))}
      <Dialogue moves={whole.history} />
    </>
  );
}

function Head({ whole }: { whole: Whole }): ReactNode {
  return (
    <Flex gap={8} wrap align="center">
      {whole.severity ? <SeverityTag severity={whole.severity} /> : null}
      {whole.urgent ? <Tag color="red">{TEXTS.urgent}</Tag> : null}
      {whole.neverList ? <Tag color="red">{TEXTS.never}</Tag> : null}
      {whole.signedTwice ? <Tag color="orange">{TEXTS.signedTwice}</Tag> : null}
      <Typography.Text strong>{[whole.institution, whole.department].filter(Boolean).join(" ")}</Typography.Text>
      <Typography.Text>{`${TEXTS.by} ${whole.prescriber ?? ""}`}</Typography.Text>
      <Tag>{whole.label}</Tag>
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
