/** A new article about a concept. */
import { type ReactNode, useState } from "react";
import { useSearchParams } from "react-router";
import { useDraft } from "../../curation/drafting";
import type { ArticleForm } from "../../curation/types";
import { Creating } from "./Creating";
import { ArticleFields } from "./forms";
import { TEXTS } from "./texts";

const T = TEXTS.record;
const SECTION = { heading: "", text: "", citations: [] };

export function NewArticle(): ReactNode {
  const concept = useSearchParams()[0].get("concept") ?? "";
  const [id, name] = useState(`article:${concept.replace(":", "-")}`);
  const form: ArticleForm = { concept, title: "", sections: [SECTION] };
  const draft = useDraft<ArticleForm>({ kind: "article", id, form, revision: 0, text: "" });
  const creating = { title: T.newArticle, about: concept, kind: "article" as const, id, name, hint: T.idHint, draft };
  return (
    <Creating {...creating}>
      <ArticleFields draft={draft} />
    </Creating>
  );
}
