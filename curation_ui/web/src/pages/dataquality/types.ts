/** Data quality as the API tells it. */
export type Titles = Record<"dimensions" | "kinds" | "severities" | "states", Record<string, string>>;
export type Span = { since: string; until: string };

export type Standing = {
  rank: number;
  tenant: string;
  institution: string;
  score: number;
  dimensions: Record<string, number>;
  resources: number;
  checked: number;
  failed: number;
};

export type Ranking = Span & { institutions: Standing[] };

export type Part = "dimension" | "kind" | "rule";
/** A score by what it was asked by; of a rule with its title. */
export type Score = { [name in Part | "day" | "title"]?: string } & {
  checked: number;
  failed: number;
  score: number | null;
};
export type Scores = Span & { scores: Score[] };
export type Volume = { volume: { day: string; resources: number }[] };

export type Rule = { id: string; title: string };
export type Institution = { tenant: string; name: string };

export type Fault = {
  id: number;
  tenant: string;
  institution: string;
  rule: string;
  title?: string;
  advice?: string;
  dimension: string;
  severity: "reject" | "warn";
  kind: string;
  resource: string;
  path?: string;
  message?: number;
  times: number;
  found: string;
  seen: string;
  state: "open" | "notified" | "explained" | "confirmed" | "corrected";
  stateTitle: string;
  due?: string;
};

export type Found = { faults: Fault[]; before?: number };
export type Happened = { at: string; actionTitle: string; actor: string; message?: number; reason: string };
export type Whole = Fault & { source: string; history: Happened[]; patient?: string };
