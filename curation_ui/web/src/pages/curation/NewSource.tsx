/** A new source: registered once, cited by its id; what is registered under such a title is offered. */
import { type ReactNode, useDeferredValue, useState } from "react";
import { useDraft } from "../../curation/drafting";
import type { Page, SourceForm } from "../../curation/types";
import { useAsked } from "../../shared/asking";
import { Alike, Creating } from "./Creating";
import { SourceFields } from "./forms";
import { TEXTS } from "./texts";

const RECORDS = "GET /api/v1/curation/records";
const T = TEXTS.record;
const EMPTY: SourceForm = { title: "", kind: "guideline", publisher: "", edition: "", year: 0, url: "" };
/** So many characters of a title say enough: what follows is the edition, most times. */
const TELLING = 6;
const LEAST = 2;

export function NewSource(): ReactNode {
  const [id, name] = useState("");
  const draft = useDraft<SourceForm>({ kind: "source", id, form: EMPTY, revision: 0, text: "" });
  const creating = { title: T.newSource, about: T.sourceAbout, kind: "source" as const, id, name, draft };
  return (
    <Creating {...creating} hint={T.sourceIdHint}>
      <SourceFields draft={draft} />
      <Alike found={useAlike(draft.form.title)} />
    </Creating>
  );
}

function useAlike(title: string): { place: string; title: string }[] {
  const q = useDeferredValue(
    title
      .trim()
      .replace(/[《》]/g, "")
      .slice(0, TELLING),
  );
  const query = { kind: "source", q, limit: 10 };
  const found = useAsked<Page>(RECORDS, { query }, { enabled: q.length >= LEAST, keep: true });
  const records = q.length >= LEAST ? (found.data?.records ?? []) : [];
  return records.map((one) => ({
    place: `/curation/source/${encodeURIComponent(one.id)}`,
    title: `${one.title}（${one.id}）`,
  }));
}
