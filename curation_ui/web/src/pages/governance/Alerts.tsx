/** The alerts that the account of a rule is made of, each with its last answer and the way to its case. */
import { Segmented, Tag } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { counted, useAddress } from "../../shared/address";
import { useAsked } from "../../shared/asking";
import { SeverityTag } from "../../shared/finding";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { Rows, Turning } from "../../shared/table";
import { Views } from "../../shared/views";
import { moment } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Alert, Listed } from "./types";

const ALERTS = "GET /api/v1/rules/alerts";
const PAGE_ROWS = 50;
const OWN = ["rule", "family", "since", "outcome", "offset"];
const SAID = TEXTS.alerts;
const OUTCOMES = Object.entries(SAID.outcomes).map(([value, label]) => ({ value, label }));

export function Alerts(): ReactNode {
  const [asked, change] = useAddress();
  const offset = counted(asked, "offset", 0);
  const [rule, family, since, outcome] = ["rule", "family", "since", "outcome"].map((one) => asked.get(one) ?? "");
  const query = { rule, family, since, outcome, offset, limit: PAGE_ROWS };
  const found = useAsked<Listed>(ALERTS, { query }, { keep: true });
  return (
    <Frame
      title={SAID.of(found.data?.title ?? "")}
      about={<Link to={`/governance?${accounts(asked)}`}>{SAID.back}</Link>}
      actions={
        <>
          <Segmented
            aria-label={SAID.outcome}
            options={OUTCOMES}
            value={outcome}
            onChange={(given) => change({ outcome: given, offset: 0 })}
          />
          <Views page="governance" />
        </>
      }
      printable
    >
      <Asked query={found} isEmpty={({ alerts }) => !alerts.length && !offset} empty={SAID.none}>
        {(listed) => (
          <>
            <Table {...listed} />
            <Turning offset={offset} next={listed.next} turn={(to) => change({ offset: to })} />
          </>
        )}
      </Asked>
    </Frame>
  );
}

/** What the accounts were looked at with. */
function accounts(asked: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...asked].filter(([name]) => !OWN.includes(name)));
}

function Table({ alerts, reasons }: Listed): ReactNode {
  return (
    <Rows<Alert>
      rowKey="card"
      dataSource={alerts}
      pagination={false}
      columns={[
        { title: SAID.at, render: (_, one) => moment(one.at) },
        { title: SAID.institution, dataIndex: "institution" },
        { title: TEXTS.severity, render: (_, one) => <SeverityTag severity={one.severity} /> },
        { title: SAID.outcome, render: (_, one) => <Tag>{SAID.outcomes[one.outcome || "unanswered"]}</Tag> },
        { title: TEXTS.reasons, render: (_, one) => reasons[one.reason] ?? one.reason },
        { title: SAID.case, render: (_, one) => <Link to={`/prescriptions/${one.prescription}`}>{SAID.open}</Link> },
      ]}
    />
  );
}
