/** A finding of the rules, with the data it rests on and its sources. */
import { Checkbox, Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { moment, SEVERITIES, type Severity } from "./words";

export type Evidence = {
  type: "datum" | "statement";
  what?: string;
  value?: string;
  time?: string;
  institution?: string;
  source?: string;
  section?: string;
  evidenceLevel?: string;
  url?: string;
};

export type Finding = {
  findingId: string;
  family: string;
  ruleId: string;
  ruleVersion?: string;
  /** What the rule is about, where the service says so. */
  ruleTitle?: string;
  severity: Severity;
  orders: string[];
  summary: string;
  detail?: string;
  advice?: string;
  evidence?: Evidence[];
};

const TEXTS = {
  why: "依据",
  data: "患者数据",
  sources: "出处",
  level: "证据等级",
  rule: (title: string, version: string) => `规则：${title} 第 ${version} 版`,
};
const LEVELS: Record<string, string> = { high: "高", moderate: "中", low: "低", expert: "专家意见" };

/** How grave something is. */
export function SeverityTag({ severity }: { severity: Severity }): ReactNode {
  const { title, colour } = SEVERITIES[severity];
  return (
    <Tag color={colour} variant="outlined">
      {title}
    </Tag>
  );
}

/** A box beside a finding. */
export type Marking = { label: string; marked: boolean; mark: (marked: boolean) => void };

type FindingProps = { finding: Finding; marking?: Marking; open?: boolean; children?: ReactNode };

/** `marking` puts a box beside it; `open` shows what it rests on at once; below stands what became of it. */
export function FindingView({ finding, marking, open, children }: FindingProps): ReactNode {
  return (
    <article className={`finding finding-${finding.severity}`}>
      <Flex justify="space-between" align="start" gap={8}>
        <Typography.Text strong>
          <SeverityTag severity={finding.severity} /> {finding.summary}
        </Typography.Text>
        {marking ? (
          <Checkbox checked={marking.marked} onChange={(e) => marking.mark(e.target.checked)} className="no-print">
            {marking.label}
          </Checkbox>
        ) : null}
      </Flex>
      {finding.detail ? <p>{finding.detail}</p> : null}
      {finding.advice ? <p>{finding.advice}</p> : null}
      <Grounds finding={finding} open={open} />
      {children}
    </article>
  );
}

function Grounds({ finding, open }: Pick<FindingProps, "finding" | "open">): ReactNode {
  const { evidence = [], ruleId, ruleTitle = ruleId, ruleVersion } = finding;
  const data = evidence.filter((one) => one.type === "datum");
  const sources = unique(evidence.filter((one) => one.type === "statement"));
  return (
    <details open={open}>
      <summary>{`${TEXTS.why}：${TEXTS.data} ${data.length} 项，${TEXTS.sources} ${sources.length} 处`}</summary>
      <ul>
        {data.map((one) => (
          <li key={`${one.what} ${one.value} ${one.time}`}>
            {[one.what, one.value, moment(one.time), one.institution].filter(Boolean).join(" · ")}
          </li>
        ))}
        {sources.map((one) => (
          <li key={`${one.source} ${one.section}`}>
            {one.source} {one.section}
            {one.evidenceLevel ? `（${TEXTS.level}：${LEVELS[one.evidenceLevel] ?? one.evidenceLevel}）` : null}
          </li>
        ))}
        {ruleVersion ? <li>{TEXTS.rule(ruleTitle, ruleVersion)}</li> : null}
      </ul>
    </details>
  );
}

function unique(sources: Evidence[]): Evidence[] {
  return [...new Map(sources.map((one) => [`${one.source} ${one.section}`, one])).values()];
}
