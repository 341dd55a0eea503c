/** One record: its form, its history; saved as a draft, submitted, retired. */
import { Button, Flex, Form, Tabs, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Link, Navigate, useNavigate, useParams } from "react-router";
import { type Draft, useDraft } from "../../curation/drafting";
import { History } from "../../curation/History";
import { Person, usePerson } from "../../curation/person";
import { Reason } from "../../curation/Reason";
import { Rejection } from "../../curation/Rejection";
import { Rivalry } from "../../curation/Rivalry";
import { useStep } from "../../curation/steps";
import type { ArticleForm, ConceptForm, SourceForm, StatementForm, Whole } from "../../curation/types";
import { StandingTag, StatusTag } from "../../curation/vocabulary";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useHotkeys } from "../../shared/hotkeys";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { who } from "../../shared/words";
import { ArticleFields, ConceptFields, SourceFields, StatementFields } from "./forms";
import { TEXTS } from "./texts";

const READ = "GET /api/v1/curation/records/{kind}/{record_id}";
const T = TEXTS.record;

export function RecordPage(): ReactNode {
  const { kind = "", id = "" } = useParams();
  const path = { kind, record_id: id };
  const record = useAsked<Whole, typeof READ>(READ, { path }, { staleMs: Number.POSITIVE_INFINITY });
  if (kind === "rule") return <Navigate to={`/rules/${encodeURIComponent(id)}`} replace />;
  return <Asked query={record}>{(found) => <Opened key={`${found.kind} ${found.id}`} whole={found} />}</Asked>;
}

function Opened({ whole }: { whole: Whole }): ReactNode {
  const { kind, id, title } = whole;
  const items = [
    { key: "form", label: T.form, children: <Editing whole={whole} /> },
    { key: "history", label: T.history, children: <History kind={kind} id={id} /> },
  ];
  const about = (
    <Flex gap={6} wrap align="center" className="record-about">
      <StatusTag status={whole.status} />
      <StandingTag standing={whole.standing} />
      <span>
        {[id, whole.origin ? `${T.origin} ${who(whole.origin)}` : "", authors(whole)].filter(Boolean).join(" · ")}
      </span>
    </Flex>
  );
  return (
    <Frame title={title} about={about} actions={<Actions whole={whole} />} printable>
      <Tabs items={items} destroyOnHidden={false} />
    </Frame>
  );
}

function authors(whole: Whole): string {
  return whole.authors.length ? `${T.authors} ${whole.authors.map(who).join("、")}` : "";
}

function Actions({ whole }: { whole: Whole }): ReactNode {
  return (
    <>
      <Person />
      {whole.kind === "concept" ? (
        <Link to={`/curation/new-article?concept=${encodeURIComponent(whole.id)}`}>{T.newArticle}</Link>
      ) : null}
    </>
  );
}

function Editing({ whole }: { whole: Whole }): ReactNode {
  const draft = useDraft({ ...whole, form: whole.form });
  const may = useMay("knowledge.edit");
  return (
    <Form layout="vertical" component="div" disabled={!may}>
      <Rivalry draft={draft} />
      <Rejection record={whole} />
      <Fields whole={whole} draft={draft} />
      {may ? <Bar whole={whole} draft={draft} /> : null}
    </Form>
  );
}

type Any = Draft<Record<string, unknown>>;

function Fields({ whole, draft }: { whole: Whole; draft: Any }): ReactNode {
  if (whole.kind === "statement")
    return <StatementFields whole={whole} draft={draft as unknown as Draft<StatementForm>} />;
  if (whole.kind === "concept")
    return <ConceptFields columns={whole.columns} draft={draft as unknown as Draft<ConceptForm>} />;
  if (whole.kind === "article") return <ArticleFields draft={draft as unknown as Draft<ArticleForm>} />;
  return <SourceFields draft={draft as unknown as Draft<SourceForm>} />;
}

function Bar({ whole, draft }: { whole: Whole; draft: Any }): ReactNode {
  const navigate = useNavigate();
  const { missing } = usePerson();
  const [reason, say] = useState("");
  const { take, busy } = useStep(() => void navigate("/curation?status=submitted"));
  const { kind, id, status } = whole;
  const ready = draft.dirty && !draft.flaws.length && reason.trim() !== "" && !missing;
  const save = (): void => {
    if (ready) void draft.save(id, reason);
  };
  useHotkeys([{ key: "s", title: T.save, run: save, disabled: !ready }]);
  return (
    <Flex gap={8} wrap align="center" className="curation-bar no-print">
      <Reason value={reason} say={say} />
      <Button type="primary" disabled={!ready} loading={draft.busy} onClick={save}>
        {T.save}
      </Button>
      {status === "draft" || status === "rejected" ? (
        <Button
          disabled={busy || draft.dirty || missing}
          onClick={() => take("submit", [{ kind, id, revision: draft.revision }])}
        >
          {TEXTS.submit}
        </Button>
      ) : null}
      {draft.dirty ? <Typography.Text strong>{T.unsaved}</Typography.Text> : null}
    </Flex>
  );
}
