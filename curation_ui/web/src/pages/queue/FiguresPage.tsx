/** What review before dispensing comes to: waiting times, interventions that worked, false alarms by rule. */
import { Flex, Statistic, Typography } from "antd";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { figure, percent } from "../../figures/numbers";
import { SpanField, useDays } from "../../figures/SpanField";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { Views } from "../../shared/views";
import { lasting } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Figures, RuleFigures } from "./types";

const FIGURES = "GET /api/v1/reviews/figures";
const SAID = TEXTS.figures;

export function FiguresPage(): ReactNode {
  const since = dayjs().startOf("day").subtract(useDays(), "day").toISOString();
  const counted = useAsked<Figures, typeof FIGURES>(FIGURES, { query: { since } }, { keep: true });
  return (
    <Frame
      title={SAID.open}
      about={
        <>
          <Link to="..">{SAID.back}</Link> · {SAID.about}
        </>
      }
      actions={
        <>
          <SpanField />
          <Views page="queue" />
        </>
      }
      printable
    >
      <Asked query={counted} isEmpty={({ submitted }) => !submitted} empty={SAID.none}>
        {(found) => (
          <>
            <Whole found={found} />
            <Typography.Title level={2}>{SAID.byRule}</Typography.Title>
            <ByRule rules={found.rules} />
          </>
        )}
      </Asked>
    </Frame>
  );
}

function Whole({ found }: { found: Figures }): ReactNode {
  const of = (name: "right" | "false"): number => found.rules.reduce((sum, rule) => sum + rule[name], 0);
  return (
    <Flex gap={32} wrap>
      <Statistic title={SAID.submitted} value={figure(found.submitted)} />
      <Statistic title={SAID.flagged} value={figure(found.flagged)} />
      <Statistic title={SAID.stopped} value={figure(found.stopped)} />
      <Statistic title={SAID.waiting} value={waited(found.waiting_p50)} />
      <Statistic title={SAID.waitingMost} value={waited(found.waiting_p90)} />
      <Statistic title={SAID.waitingLongest} value={waited(found.waiting_longest)} />
      <Statistic title={SAID.intervened} value={figure(found.intervened)} />
      <Statistic title={SAID.changed} value={figure(found.changed)} />
      <Statistic
        title={<span title={SAID.successAbout}>{SAID.success}</span>}
        value={percent(share(found.successes, found.intervened))}
      />
      <Statistic
        title={<span title={SAID.falseAbout}>{SAID.falseShare}</span>}
        value={percent(share(of("false"), of("false") + of("right")))}
      />
    </Flex>
  );
}

function ByRule({ rules }: { rules: RuleFigures[] }): ReactNode {
  const counts = ["flagged", "stopped", "right", "false"] as const;
  return (
    <Rows<RuleFigures>
      rowKey={({ family, rule }) => `${family} ${rule}`}
      dataSource={rules}
      columns={[
        { title: SAID.rule, render: (_, { rule, title }) => <span title={rule}>{title}</span> },
        ...counts.map((name) => ({
          title: SAID[name],
          dataIndex: name,
          align: "right" as const,
          sorter: (a: RuleFigures, b: RuleFigures) => a[name] - b[name],
        })),
        {
          title: SAID.share,
          align: "right",
          render: (_, rule) => percent(rule.falseShare),
          sorter: (a, b) => (a.falseShare ?? -1) - (b.falseShare ?? -1),
        },
      ]}
    />
  );
}

function waited(seconds: number | null): string {
  return seconds === null ? figure(null) : lasting(Math.round(seconds));
}

function share(part: number, whole: number): number | null {
  return whole ? part / whole : null;
}
