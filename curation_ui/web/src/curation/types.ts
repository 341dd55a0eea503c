/** What the curators' API answers. */
export type Kind = "concept" | "statement" | "article" | "rule" | "source";
export type Status = "draft" | "submitted" | "approved" | "rejected" | "published" | "retired";
export type Named = { id: string; name: string };

/** A record in a list. */
export type Found = {
  kind: Kind;
  id: string;
  title: string;
  status: Status;
  revision: number;
  at: string;
  by: string;
  change: string;
  reason: string;
  standing?: string;
  origin?: string;
  predicate?: string;
  subject?: Named;
  object?: Named;
};
export type Page = { records: Found[]; next: string };

/** How a cell is filled in; `names`: kinds of concept whose names it takes. */
export type Column = {
  field: string;
  label: string;
  kind: string;
  required: boolean;
  choices: string[];
  names?: string[];
};
export type Table = { name: string; title: string; rank: number; columns: Column[] };
export type Citation = { source: string; section: string };

/** A record with its form. */
export type Whole<F = Record<string, unknown>> = {
  kind: Kind;
  id: string;
  title: string;
  revision: number;
  status: Status;
  standing?: string;
  origin?: string;
  authors: string[];
  form: F;
  columns: Column[];
  text: string;
  subject?: Named;
  object?: Named;
  predicate?: string;
  concept?: Named;
};
export type Revision = {
  revision: number;
  at: string;
  by: string;
  reason: string;
  change: string;
  status: Status;
  text: string;
};
export type Flaw = { field: string; problem: string };
export type Stepped = { kind: Kind; id: string; revision: number; problem?: string; conflict?: boolean };

export type ConceptForm = {
  name: string;
  nameEn: string;
  synonyms: string[];
  codes: { system: string; code: string }[];
  cells: Record<string, string>;
};
export type StatementForm = {
  cells: Record<string, string>;
  citations: Citation[];
  evidence: string;
  validFrom: string;
  validTo: string;
};
export type ArticleForm = {
  concept: string;
  title: string;
  sections: { heading: string; text: string; citations: Citation[] }[];
};
export type SourceForm = {
  title: string;
  kind: string;
  publisher: string;
  edition: string;
  year: number;
  url: string;
};
export type Case = { name: string; facts: Record<string, unknown>; expect: string };
export type RuleForm = {
  title: string;
  condition: string;
  severity: string;
  message: string;
  advice: string;
  departments: string[];
  stages: string[];
  citations: Citation[];
  evidence: string;
  cases: Case[];
  validFrom: string;
  validTo: string;
};

/** Something that takes longer than a request. */
export type Job<R = unknown> = {
  id: string;
  kind: string;
  title: string;
  by: string;
  state: "running" | "done" | "failed";
  stage: string;
  done: number;
  total: number;
  started: string;
  finished?: string;
  fault?: string;
  result?: R;
};
