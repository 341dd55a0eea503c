/** A new concept: its kind, its names and codes; what is known under such a name is offered. */
import { Select } from "antd";
import { type ReactNode, useState } from "react";
import { useSuggested } from "../../curation/ConceptSearch";
import { useDraft } from "../../curation/drafting";
import { Field } from "../../curation/Field";
import type { ConceptForm } from "../../curation/types";
import { choices, useVocabulary } from "../../curation/vocabulary";
import { Alike, Creating } from "./Creating";
import { ConceptFields } from "./forms";
import { TEXTS } from "./texts";

const T = TEXTS.record;
const USUAL = "disease";
const EMPTY: ConceptForm = { name: "", nameEn: "", synonyms: [], codes: [], cells: {} };

export function NewConcept(): ReactNode {
  const { concepts } = useVocabulary();
  const [kind, choose] = useState(USUAL);
  const [typed, name] = useState<string>();
  const [english, follow] = useState("");
  const id = typed ?? `${kind}:${slug(english)}`;
  const draft = useDraft<ConceptForm>({ kind: "concept", id, form: EMPTY, revision: 0, text: "" });
  if (english !== draft.form.nameEn) follow(draft.form.nameEn);
  const alike = useSuggested(draft.form.name, [kind]).map((one) => ({
    place: `/curation/concept/${encodeURIComponent(one.id)}`,
    title: one.matched && one.matched !== one.name ? `${one.name}（${one.matched}）` : one.name,
  }));
  const turn = (to: string): void => {
    choose(to);
    name(undefined);
  };
  const creating = { title: T.newConcept, about: T.conceptAbout, kind: "concept" as const, id, name, draft };
  return (
    <Creating {...creating} hint={T.conceptIdHint}>
      <Field label={T.conceptKind} required>
        <Select options={choices(concepts)} value={kind} onChange={turn} />
      </Field>
      <ConceptFields columns={[]} draft={draft} />
      <Alike found={alike} />
    </Creating>
  );
}

/** An id of what something is called in English. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
