/** One rule: what it says, its condition, its cases, and what it does to sample patients. */
import { Button, Flex, Form, Input, Tabs, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useNavigate, useParams } from "react-router";
import type { Draft } from "../../curation/drafting";
import { Field } from "../../curation/Field";
import { History } from "../../curation/History";
import { Person, usePerson } from "../../curation/person";
import { Reason } from "../../curation/Reason";
import { Rejection } from "../../curation/Rejection";
import { useStep } from "../../curation/steps";
import type { RuleForm, Status, Whole } from "../../curation/types";
import { StandingTag, StatusTag } from "../../curation/vocabulary";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useLeaving } from "../../shared/leaving";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Fields } from "./Fields";
import { NEW, READ, useRule } from "./rule";
import { TEXTS } from "./texts";

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
  const edited = useRule({ ...start, kind: "rule", id });
  const { draft, condition, unsaved } = edited;
  useLeaving(unsaved);
  return (
    <Form layout="vertical" component="div" disabled={!may}>
      {whole ? <Rejection record={whole} /> : null}
      <Fields edited={edited}>
        {whole ? null : (
          <Field label={TEXTS.id} flaws={draft.flaws} name="id" hint={TEXTS.idHint} required>
            <Input value={id} onChange={(event) => name(event.target.value)} />
          </Field>
        )}
      </Fields>
      {may ? <Bar id={id} status={whole?.status} draft={draft} unwritten={condition.unwritten} /> : null}
    </Form>
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
      <Reason value={reason} say={say} />
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
