/** A rule's own cases as a table: one column for each thing that the condition reads. */
import { CheckCircleFilled, CloseCircleFilled, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, Button, Input, InputNumber, Select, Typography } from "antd";
import type { ReactNode } from "react";
import { told } from "../../curation/Field";
import type { Case, Flaw } from "../../curation/types";
import { SEXES } from "./condition";
import { TEXTS } from "./texts";
import type { CaseResult, Reading, Trial } from "./types";

const T = TEXTS.cases;
const OUTCOMES = Object.entries(TEXTS.trial.outcomes).map(([value, label]) => ({ value, label }));
const TRUTHS = [
  { value: "true", label: TEXTS.builder.yes },
  { value: "false", label: TEXTS.builder.no },
];

type CasesProps = {
  cases: Case[];
  reads: Reading[];
  trial: Trial | undefined;
  /** Whether what is shown was tried before the last change. */
  old: boolean;
  flaws: Flaw[];
  change: (cases: Case[]) => void;
};

export function Cases({ cases, reads, trial, old, flaws, change }: CasesProps): ReactNode {
  const write = (at: number, part: Partial<Case>): void =>
    change(cases.map((one, place) => (place === at ? { ...one, ...part } : one)));
  const problems = told(flaws, "cases");
  return (
    <section aria-label={T.title}>
      <Typography.Title level={2}>{T.title}</Typography.Title>
      <Typography.Text type="secondary">{T.about}</Typography.Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keyboard */}
      <section className="rule-cases" tabIndex={0} aria-label={`${T.title}${T.table}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">{T.name}</th>
              {reads.map((one) => (
                <th key={one.key} scope="col" title={one.key}>
                  {one.label}
                </th>
              ))}
              <th scope="col">{T.expect}</th>
              <th scope="col">{T.got}</th>
              <th aria-label={T.remove} />
            </tr>
          </thead>
          <tbody>
            {cases.map((one, at) => (
              <Line
                // biome-ignore lint/suspicious/noArrayIndexKey: a case is known by its place
                key={at}
                one={one}
                at={at}
                reads={reads}
                result={old ? undefined : trial?.cases[at]}
                write={(part) => write(at, part)}
                remove={() => change(cases.filter((_, place) => place !== at))}
              />
            ))}
          </tbody>
        </table>
      </section>
      <Unread cases={cases} reads={reads} change={change} />
      {problems.map((problem) => (
        <Alert key={problem} type="error" title={problem} />
      ))}
      <Button icon={<PlusOutlined />} onClick={() => change([...cases, { name: "", facts: {}, expect: "unknown" }])}>
        {T.add}
      </Button>
    </section>
  );
}

/** Facts of cases that the condition no longer reads: they stay until somebody lets them go. */
function Unread({ cases, reads, change }: Pick<CasesProps, "cases" | "reads" | "change">): ReactNode {
  const read = new Set(reads.map(({ key }) => key));
  const unread = new Set(cases.flatMap(({ facts }) => Object.keys(facts)).filter((key) => !read.has(key)));
  const kept = (facts: Case["facts"]): Case["facts"] =>
    Object.fromEntries(Object.entries(facts).filter(([key]) => read.has(key)));
  if (!reads.length || !unread.size) return null;
  return (
    <Alert
      type="warning"
      title={`${T.unread}：${[...unread].join("，")}`}
      action={
        <Button size="small" onClick={() => change(cases.map((one) => ({ ...one, facts: kept(one.facts) })))}>
          {T.letGo}
        </Button>
      }
    />
  );
}

type LineProps = {
  one: Case;
  at: number;
  reads: Reading[];
  result: CaseResult | undefined;
  write: (part: Partial<Case>) => void;
  remove: () => void;
};

function Line({ one, at, reads, result, write, remove }: LineProps): ReactNode {
  const number = at + 1;
  const fact = (key: string, value: unknown): void => {
    const { [key]: _, ...rest } = one.facts;
    write({ facts: value === undefined || value === null || value === "" ? rest : { ...rest, [key]: value } });
  };
  return (
    <tr>
      <td>
        <Input
          aria-label={`${T.name} ${number}`}
          value={one.name}
          onChange={(event) => write({ name: event.target.value })}
          style={{ width: 140 }}
        />
      </td>
      {reads.map((read) => (
        <td key={read.key}>
          <Fact
            read={read}
            label={`${read.label} ${number}`}
            value={one.facts[read.key]}
            change={(v) => fact(read.key, v)}
          />
        </td>
      ))}
      <td>
        <Select
          aria-label={`${T.expect} ${number}`}
          options={OUTCOMES}
          value={one.expect}
          onChange={(expect: string) => write({ expect })}
          style={{ width: 104 }}
        />
      </td>
      <td>
        <Result result={result} />
      </td>
      <td>
        <Button type="text" icon={<DeleteOutlined />} aria-label={`${T.remove} ${number}`} onClick={remove} />
      </td>
    </tr>
  );
}

function Result({ result }: { result: CaseResult | undefined }): ReactNode {
  if (!result) return null;
  const got = TEXTS.trial.outcomes[result.got] ?? result.got;
  return (
    <span className={result.passed ? "rule-passed" : "rule-failed"}>
      {result.passed ? <CheckCircleFilled aria-label={T.passed} /> : <CloseCircleFilled aria-label={T.failed} />}{" "}
      {got}
    </span>
  );
}

type FactProps = { read: Reading; label: string; value: unknown; change: (value: unknown) => void };

/** What is left empty is unknown. */
function Fact({ read, label, value, change }: FactProps): ReactNode {
  if (read.field === "sex") {
    return (
      <Select
        allowClear
        aria-label={label}
        placeholder={T.unknown}
        options={SEXES}
        value={value === undefined ? undefined : String(value)}
        onChange={change}
        style={{ width: 86 }}
      />
    );
  }
  if (read.type === "truth") {
    return (
      <Select
        allowClear
        aria-label={label}
        placeholder={T.unknown}
        options={TRUTHS}
        value={value === undefined ? undefined : String(value)}
        onChange={(truth?: string) => change(truth === undefined ? undefined : truth === "true")}
        style={{ width: 86 }}
      />
    );
  }
  if (read.type === "number") {
    return (
      <InputNumber
        aria-label={label}
        placeholder={T.unknown}
        value={typeof value === "number" ? value : null}
        onChange={change}
        style={{ width: 86 }}
      />
    );
  }
  return (
    <Input
      aria-label={label}
      placeholder={T.unknown}
      value={typeof value === "string" ? value : ""}
      onChange={(event) => change(event.target.value)}
      style={{ width: 96 }}
    />
  );
}
