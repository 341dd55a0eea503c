/** What kinds, statuses and predicates are called, and their marks. */
import { Tag } from "antd";
import type { ReactNode } from "react";
import { askAhead, useAsked } from "../shared/asking";
import type { Status } from "./types";

export type Vocabulary = Record<
  | "records"
  | "concepts"
  | "statuses"
  | "standings"
  | "steps"
  | "predicates"
  | "severities"
  | "evidence"
  | "sourceKinds",
  Record<string, string>
>;

const COLOURS: Record<Status, string> = {
  draft: "default",
  submitted: "blue",
  approved: "green",
  rejected: "volcano",
  published: "cyan",
  retired: "default",
};
const EMPTY: Vocabulary = {
  records: {},
  concepts: {},
  statuses: {},
  standings: {},
  steps: {},
  predicates: {},
  severities: {},
  evidence: {},
  sourceKinds: {},
};

const NAMES = "GET /api/v1/curation/vocabulary";
const LASTING_MS = Number.POSITIVE_INFINITY;

export const vocabularyAhead = (): Promise<unknown> => askAhead(NAMES, {}, LASTING_MS);

/** Names by code; empty until they are loaded. */
export function useVocabulary(): Vocabulary {
  const asked = useAsked<Vocabulary>(NAMES, {}, { staleMs: LASTING_MS });
  return asked.data ?? EMPTY;
}

/** Choices of a list, from names by code. */
export function choices(names: Record<string, string>): { value: string; label: string }[] {
  return Object.entries(names).map(([value, label]) => ({ value, label }));
}

/** Where a record stands. */
export function StatusTag({ status }: { status: Status }): ReactNode {
  return (
    <Tag color={COLOURS[status]} variant="outlined">
      {useVocabulary().statuses[status] ?? status}
    </Tag>
  );
}

/** How far something may be trusted. */
export function StandingTag({ standing }: { standing?: string }): ReactNode {
  const { standings } = useVocabulary();
  return standing ? <Tag variant="outlined">{standings[standing] ?? standing}</Tag> : null;
}
