/** Rules with what became of what they said; why they were set aside, when a row is opened. */
import { Tag } from "antd";
import type { ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import { percent } from "../../figures/numbers";
import { SeverityTag } from "../../shared/finding";
import { Rows } from "../../shared/table";
import { SEVERITIES } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Account, Use } from "./types";

type RuleTableProps = Account & { since: string; isNoise: (use: Use) => boolean };

export function RuleTable({ rules, reasons, since, isNoise }: RuleTableProps): ReactNode {
  const { shown, accepted, overridden, unanswered, share } = TEXTS.summary;
  const looked = Object.fromEntries(useSearchParams()[0]);
  return (
    <Rows<Use>
      rowKey={(use) => `${use.family} ${use.rule}`}
      dataSource={rules}
      expandable={{
        expandedRowRender: (use) => <Reasons use={use} titles={reasons} />,
        rowExpandable: (use) => use.overridden > 0,
      }}
      columns={[
        {
          title: TEXTS.rule,
          render: (_, use) => (
            <>
              <span title={use.rule}>{use.title}</span> {isNoise(use) ? <Tag color="red">{TEXTS.noise}</Tag> : null}
            </>
          ),
        },
        { title: TEXTS.family, dataIndex: "familyTitle" },
        {
          title: TEXTS.severity,
          render: (_, use) => <SeverityTag severity={use.severity} />,
          sorter: (a, b) => SEVERITIES[a.severity].rank - SEVERITIES[b.severity].rank,
        },
        { title: shown, dataIndex: "shown", align: "right", sorter: (a, b) => a.shown - b.shown },
        { title: accepted, dataIndex: "accepted", align: "right" },
        { title: overridden, dataIndex: "overridden", align: "right", sorter: (a, b) => a.overridden - b.overridden },
        { title: unanswered, dataIndex: "unanswered", align: "right" },
        {
          title: share,
          align: "right",
          render: (_, use) => percent(use.overrideShare),
          sorter: (a, b) => (a.overrideShare ?? -1) - (b.overrideShare ?? -1),
        },
        {
          title: TEXTS.seconds,
          align: "right",
          render: (_, use) => (use.seconds === null ? "" : TEXTS.inSeconds(use.seconds)),
        },
        {
          title: TEXTS.alerts.case,
          render: (_, { rule, family }) => (
            <Link to={`alerts?${new URLSearchParams({ ...looked, rule, family, since })}`}>{TEXTS.look}</Link>
          ),
        },
      ]}
    />
  );
}

function Reasons({ use, titles }: { use: Use; titles: Account["reasons"] }): ReactNode {
  const given = Object.entries(use.reasons).sort(([, a], [, b]) => b - a);
  if (!given.length) return TEXTS.noReasons;
  return (
    <>
      {TEXTS.reasons}
      <ul>
        {given.map(([code, times]) => (
          <li key={code}>{`${titles[code] ?? code} ${times} ${TEXTS.times}`}</li>
        ))}
      </ul>
    </>
  );
}
