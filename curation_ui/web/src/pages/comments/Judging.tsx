/** One prescription of the sample, and the verdict on it. */
import { App, Button, Card, Descriptions, Flex, Form, Input, Select, Tag } from "antd";
import type { ReactNode } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { useHotkeys } from "../../shared/hotkeys";
import { useMay, useSession } from "../../shared/session";
import { useSettled } from "../../shared/settled";
import { day } from "../../shared/words";
import { Assigning } from "./Assigning";
import { TEXTS } from "./texts";
import type { Codes, Item, Problem } from "./types";

const JUDGE = "POST /api/v1/comments/rounds/{round_id}/items/{number}/judgement";
const SHEET = "GET /api/v1/comments/rounds/{round_id}/worksheet";

/** What somebody writes and has not saved. */
export type Draft = { codes: string[]; reason: string };
type JudgingProps = {
  item: Item;
  closed: boolean;
  colleagues: string[];
  draft: Draft | undefined;
  write: (draft: Draft | undefined) => void;
  next: () => void;
};

export function Judging({ item, closed, colleagues, draft, write, next }: JudgingProps): ReactNode {
  const { message } = App.useApp();
  const session = useSession();
  const mayJudge = useMay("comment.judge");
  const role = useMay("comment.lead") ? "supervisor" : "pharmacist"; // who leads judges what others were given too
  const { codes, reason } = draft ?? begun(item);
  const judge = useTelling<Item, typeof JUDGE>(JUDGE, [SHEET]);
  const off = closed || !mayJudge || judge.isPending;
  const early = !useSettled();
  const say = (result: string): void => {
    const wrong = result === TEXTS.unreasonable;
    if (wrong && !codes.length) {
      message.warning(TEXTS.needsProblem);
      return;
    }
    const problems = wrong ? codes.flatMap((code) => detailed(code, [...item.problems, ...item.suggested])) : [];
    const body = { by: { name: session.name, role }, result, version: item.version, problems, reason };
    const done = (): void => {
      message.success(TEXTS.saved);
      write(undefined);
      next();
    };
    judge.mutate({ path: { round_id: item.round, number: item.number }, body }, { onSuccess: done });
  };
  useHotkeys([
    { key: "1", title: TEXTS.keys.reasonable, run: () => say(TEXTS.reasonable), disabled: off || early },
    { key: "2", title: TEXTS.keys.unreasonable, run: () => say(TEXTS.unreasonable), disabled: off || early },
  ]);
  return (
    <Card size="small" title={`${TEXTS.number} ${item.number}`} extra={<Verdict item={item} />}>
      <Prescription item={item}>
        <Assigning item={item} closed={closed} colleagues={colleagues} />
      </Prescription>
      <Form layout="vertical" disabled={off} className="no-print">
        <Form.Item label={TEXTS.problems}>
          <CodeSelect value={codes} onChange={(chosen) => write({ codes: chosen, reason })} />
        </Form.Item>
        <Form.Item label={TEXTS.reason}>
          <Input.TextArea
            aria-label={TEXTS.reason}
            rows={2}
            maxLength={1000}
            value={reason}
            onChange={(e) => write({ codes, reason: e.target.value })}
          />
        </Form.Item>
        <Flex gap={8}>
          <Button type="primary" disabled={off || early} onClick={() => say(TEXTS.reasonable)}>
            {TEXTS.reasonable}（1）
          </Button>
          <Button danger disabled={off || early} onClick={() => say(TEXTS.unreasonable)}>
            {TEXTS.unreasonable}（2）
          </Button>
        </Flex>
      </Form>
    </Card>
  );
}

/** What was decided; before that, what the review suggests. */
function begun({ problems, result, suggested, reason = "" }: Item): Draft {
  const told = problems.length || result ? problems : suggested;
  return { codes: [...new Set(told.map((one) => one.code))], reason };
}

/** A code with the drugs and words that it was given before, else with those that the review suggested it with. */
function detailed(code: string, known: Problem[]): { code: string; drug: string; text: string }[] {
  const all = known.filter((one) => one.code === code);
  const found = [...new Map(all.map((one) => [`${one.drug} ${one.text}`, one])).values()];
  return found.length
    ? found.map(({ drug = "", text = "" }) => ({ code, drug, text }))
    : [{ code, drug: "", text: "" }];
}

function CodeSelect({ value, onChange }: { value: string[]; onChange: (codes: string[]) => void }): ReactNode {
  const codes = useAsked<Codes>("GET /api/v1/comments/codes", {}, { staleMs: Number.POSITIVE_INFINITY });
  const options = (codes.data?.codes ?? []).map((one) => ({ value: one.code, label: `${one.code} ${one.title}` }));
  return (
    <Select
      mode="multiple"
      value={value}
      onChange={onChange}
      options={options}
      showSearch={{ optionFilterProp: "label" }}
      aria-label={TEXTS.problems}
    />
  );
}

function Prescription({ item, children }: { item: Item; children: ReactNode }): ReactNode {
  const sheet = item.prescription;
  const items = [
    { key: "patient", label: TEXTS.patient, children: [sheet.sex, sheet.age, sheet.visit].filter(Boolean).join(" ") },
    { key: "diagnoses", label: TEXTS.diagnoses, children: (sheet.diagnoses ?? []).join("；") },
    {
      key: "by",
      label: TEXTS.prescriber,
      children: [item.department, item.prescriber, day(item.issued)].filter(Boolean).join(" "),
    },
    { key: "drugs", label: TEXTS.drugs, children: <Lines item={item} /> },
    { key: "suggested", label: TEXTS.suggested, children: <Suggested item={item} /> },
    { key: "assignee", label: TEXTS.assignee, children },
  ];
  return <Descriptions size="small" bordered column={1} items={items} styles={{ label: { width: 120 } }} />;
}

/** What a person decided. */
export function Verdict({ item }: { item: Item }): ReactNode {
  if (!item.result) return TEXTS.unjudged;
  return <Tag color={item.result === TEXTS.reasonable ? "green" : "red"}>{item.result}</Tag>;
}

function Lines({ item }: { item: Item }): ReactNode {
  return (item.prescription.lines ?? []).map((line) => (
    <div key={line.text}>
      {line.text} {line.directions}
    </div>
  ));
}

function Suggested({ item }: { item: Item }): ReactNode {
  if (!item.suggested.length) return TEXTS.noSuggested;
  return item.suggested.map((one) => (
    <div key={`${one.code} ${one.drug} ${one.text}`}>
      <Tag color="orange">{one.code}</Tag>
      {[one.title, one.drug, one.text].filter(Boolean).join("：")}
    </div>
  ));
}
