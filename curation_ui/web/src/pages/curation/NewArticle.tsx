/** A new article about a concept. */
import { Button, Flex, Form, Input } from "antd";
import { type ReactNode, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { useDraft } from "../../curation/drafting";
import { Field } from "../../curation/Field";
import { Person, usePerson } from "../../curation/person";
import type { ArticleForm } from "../../curation/types";
import { Frame } from "../../shared/frame";
import { ArticleFields } from "./forms";
import { TEXTS } from "./texts";

const T = TEXTS.record;
const SECTION = { heading: "", text: "", citations: [] };

export function NewArticle(): ReactNode {
  const concept = useSearchParams()[0].get("concept") ?? "";
  const [id, name] = useState(`article:${concept.replace(":", "-")}`);
  const [reason, say] = useState("");
  const form: ArticleForm = { concept, title: "", sections: [SECTION] };
  const draft = useDraft<ArticleForm>({ kind: "article", id, form, revision: 0, text: "" });
  const { missing } = usePerson();
  const navigate = useNavigate();
  const ready = draft.dirty && !draft.flaws.length && reason.trim() !== "" && !missing;
  const save = async (): Promise<void> => {
    const made = await draft.save(id, reason);
    if (made) void navigate(`/curation/article/${encodeURIComponent(made.id)}`);
  };
  return (
    <Frame title={T.newArticle} about={concept} actions={<Person />}>
      <Form layout="vertical" component="div">
        <Field label={T.id} flaws={draft.flaws} name="id" hint={T.idHint} required>
          <Input value={id} onChange={(event) => name(event.target.value)} />
        </Field>
        <ArticleFields draft={draft} />
        <Flex gap={8} wrap className="curation-bar">
          <Input
            value={reason}
            onChange={(event) => say(event.target.value)}
            placeholder={T.reasonHint}
            aria-label={T.reason}
            style={{ maxWidth: 300 }}
          />
          <Button type="primary" disabled={!ready} loading={draft.busy} onClick={() => void save()}>
            {T.save}
          </Button>
        </Flex>
      </Form>
    </Frame>
  );
}
