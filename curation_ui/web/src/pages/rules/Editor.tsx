/** One rule: what it says, its condition, its cases, and what it does to sample patients. */
import { Button, Col, Flex, Form, Input, Row, Select, Tabs, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { Citations } from "../../curation/Citations";
import { type Draft, useDraft } from "../../curation/drafting";
import { Field } from "../../curation/Field";
import { History } from "../../curation/History";
import { Person, usePerson } from "../../curation/person";
import { useStep } from "../../curation/steps";
import type { RuleForm, Status, Whole } from "../../curation/types";
import { choices, StandingTag, StatusTag, useVocabulary } from "../../curation/vocabulary";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rivalry } from "../curation/RecordPage";
import { Cases } from "./Cases";
import { ConditionField } from "./ConditionField";
import { useCondition, useTrial } from "./condition";
import { Patients } from "./Patients";
import { TEXTS } from "./texts";

const READ = "GET /api/v1/curation/records/{kind}/{record_id}";
const NEW: RuleForm = {
  title: "",
  condition: "",
  severity: "moderate",
  message: "",
  advice: "",
  departments: [],
  stages: [],
  citations: [{ source: "", section: "" }],
  evidence: "",
  cases: [
    { name: "", facts: {}, expect: "fired" },
    { name: "", facts: {}, expect: "passed" },
  ],
  validFrom: "",
  validTo: "",
};

export function Editor(): ReactNode {
  const { id = "" } = useParams();
  const path = { kind: "rule", record_id: id };
  const known = { enabled: id !== "", staleMs: Number.POSITIVE_INFINITY };
  const rule = useAsked<Whole<RuleForm>, typeof READ>(READ, { path }, known);
  if (!id) return <Opened key="new" />;
  return <Asked query={rule}>{(found) => <Opened key={found.id} whole={found} />}</Asked>;
}

function Opened({ whole }: { whole?: Whole<RuleForm> }): ReactNode {
  const editing = <Editing whole={whole} />;
  const about = whole ? (
    <Flex gap={6} wrap align="center" className="record-about">
      <StatusTag status={whole.status} />
      <StandingTag standing={whole.standing} />
      <span>{whole.id}</span>
    </Flex>
  ) : null;
  const items = whole
    ? [
        { key: "edit", label: TEXTS.edit, children: editing },
        { key: "history", label: TEXTS.history, children: <History kind="rule" id={whole.id} /> },
      ]
    : [];
  return (
    <Frame title={whole?.title ?? TEXTS.add} about={about} actions={<Person />} printable>
      {whole ? <Tabs items={items} /> : editing}
    </Frame>
  );
}

function Editing({ whole }: { whole?: Whole<RuleForm> }): ReactNode {
  const may = useMay("knowledge.edit");
  const [id, name] = useState(whole?.id ?? "rule:");
  const start = whole ?? { kind: "rule" as const, id, form: NEW, revision: 0, text: "" };
  const draft = useDraft<RuleForm>({ ...start, kind: "rule", id });
  const { form, change, flaws } = draft;
  const [write] = useState(
    () =>
      (condition: string): void =>
        change({ condition }),
  );
  const condition = useCondition(form.condition, write);
  const trial = useTrial(condition.parsed, form.cases);
  return (
    <Form layout="vertical" component="div" disabled={!may}>
      <Rivalry draft={draft as unknown as Parameters<typeof Rivalry>[0]["draft"]} />
      <Row gutter={[16, 12]}>
        <Col xs={24} xl={14}>
          {whole ? null : (
            <Field label={TEXTS.id} flaws={flaws} name="id" hint={TEXTS.idHint} required>
              <Input value={id} onChange={(event) => name(event.target.value)} />
            </Field>
          )}
          <ConditionField condition={condition} text={form.condition} flaws={flaws} />
          <Cases
            cases={form.cases}
            reads={condition.reads}
            trial={trial?.data}
            old={trial?.isPlaceholderData ?? false}
            flaws={flaws}
            change={(cases) => change({ cases })}
          />
          <Saying draft={draft} />
        </Col>
        <Col xs={24} xl={10}>
          <Patients trial={trial} />
        </Col>
      </Row>
      {may ? <Bar id={id} status={whole?.status} draft={draft} unwritten={condition.unwritten} /> : null}
    </Form>
  );
}

function Saying({ draft: { form, change, flaws } }: { draft: Draft<RuleForm> }): ReactNode {
  const { severities, evidence } = useVocabulary();
  return (
    <>
      <div className="curation-fields">
        <Field label={TEXTS.titleField} flaws={flaws} name="title" required>
          <Input value={form.title} onChange={(event) => change({ title: event.target.value })} />
        </Field>
        <Field label={TEXTS.severity} flaws={flaws} name="severity" required>
          <Select
            options={choices(severities)}
            value={form.severity}
            onChange={(severity: string) => change({ severity })}
          />
        </Field>
      </div>
      <Field label={TEXTS.message} flaws={flaws} name="message" hint={TEXTS.messageHint} required>
        <Input.TextArea
          autoSize={{ minRows: 1, maxRows: 4 }}
          value={form.message}
          onChange={(event) => change({ message: event.target.value })}
        />
      </Field>
      <Field label={TEXTS.advice} flaws={flaws} name="advice">
        <Input.TextArea
          autoSize={{ minRows: 2, maxRows: 6 }}
          value={form.advice}
          onChange={(event) => change({ advice: event.target.value })}
        />
      </Field>
      <Field label={TEXTS.citations} flaws={flaws} name="citations" required>
        <Citations value={form.citations} onChange={(citations) => change({ citations })} />
      </Field>
      <div className="curation-fields">
        <Field label={TEXTS.evidence} flaws={flaws} name="evidence">
          <Select
            allowClear
            options={choices(evidence)}
            value={form.evidence || undefined}
            onChange={(level?: string) => change({ evidence: level ?? "" })}
          />
        </Field>
        <Field label={TEXTS.departments} hint={TEXTS.departmentsHint}>
          <Select
            mode="tags"
            open={false}
            suffixIcon={null}
            value={form.departments}
            onChange={(departments: string[]) => change({ departments })}
          />
        </Field>
        <Field label={TEXTS.validFrom} flaws={flaws} name="validFrom" hint={TEXTS.dayHint}>
          <Input value={form.validFrom} onChange={(event) => change({ validFrom: event.target.value })} />
        </Field>
        <Field label={TEXTS.validTo} flaws={flaws} name="validTo" hint={TEXTS.dayHint}>
          <Input value={form.validTo} onChange={(event) => change({ validTo: event.target.value })} />
        </Field>
      </div>
    </>
  );
}

type BarProps = { id: string; status: Status | undefined; draft: Draft<RuleForm>; unwritten: boolean };

/** What was clicked is kept only as text: until that is written, the text is of the condition before. */
function Bar({ id, status, draft, unwritten }: BarProps): ReactNode {
  const navigate = useNavigate();
  const { missing } = usePerson();
  const [reason, say] = useState("");
  const { take, busy } = useStep(() => void navigate("/rules"));
  const ready = draft.dirty && !unwritten && !draft.flaws.length && reason.trim() !== "" && !missing;
  const save = async (): Promise<void> => {
    const made = await draft.save(id, reason);
    if (made && !status) void navigate(`/rules/${encodeURIComponent(made.id)}`, { replace: true });
  };
  const submittable = (status === "draft" || status === "rejected") && !draft.dirty && !unwritten;
  return (
    <Flex gap={8} wrap align="center" className="curation-bar no-print">
      <Input
        value={reason}
        onChange={(event) => say(event.target.value)}
        placeholder={TEXTS.reasonHint}
        aria-label={TEXTS.reason}
        maxLength={400}
        style={{ maxWidth: 300 }}
      />
      <Button type="primary" disabled={!ready} loading={draft.busy} onClick={() => void save()}>
        {TEXTS.save}
      </Button>
      <Button
        disabled={!submittable || busy || missing}
        onClick={() => take("submit", [{ kind: "rule", id, revision: draft.revision }])}
      >
        {TEXTS.submit}
      </Button>
      {draft.dirty || unwritten ? (
        <Typography.Text strong>{unwritten ? TEXTS.unwritten : TEXTS.unsaved}</Typography.Text>
      ) : null}
    </Flex>
  );
}
