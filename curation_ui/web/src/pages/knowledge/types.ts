export type Source = { title: string; section?: string };
export type Side = { id: string; name: string };
export type Statement = {
  id: string;
  subject: Side;
  object?: Side;
  predicate: string;
  heading: string;
  text: string;
  sources?: Source[];
  evidence?: string;
  standing: string;
};
export type Concept = {
  id: string;
  kind: string;
  name: string;
  nameEn?: string;
  synonyms?: string[];
  codes?: { system: string; code: string }[];
  standing?: string;
  facts: { label: string; text: string }[];
  statements: Statement[];
  total: number;
  articles: { id: string; title: string }[];
};
export type Section = { heading: string; text: string; sources?: Source[] };
export type Article = { id: string; title: string; sections: Section[] };
export type Hit = {
  id: string;
  title?: string;
  heading?: string;
  text: string;
  highlights: { start: number; end: number }[];
  concept: Side;
  source?: { title?: string; edition?: string; year?: number; section?: string };
  evidence?: string;
  standing?: string;
};
export type Answer = {
  note?: string;
  understood: { mentions: { text: string; concepts: Side[] }[] };
  results: Hit[];
};
export type Node = { id: string; name: string; kind: string };
export type Edge = { subject: string; object: string; statement: string; predicate: string };
export type Graph = { concept: string; nodes: Node[]; edges: Edge[]; truncated: boolean };
