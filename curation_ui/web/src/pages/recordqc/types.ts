/** Record QC as the API tells it. */
export type Place = { document?: string; called?: string; section?: string; quote?: string };

export type Defect = {
  id: number;
  tenant: string;
  record: string;
  report: number;
  check: string;
  title?: string;
  group?: string;
  severity: string;
  source?: string;
  mend?: string;
  says?: string;
  place?: Place;
  others?: Place[];
  department?: string;
  doctor?: string;
  handler?: string;
  revision: number;
  state: State;
  stateTitle: string;
  found: string;
};

export type State = "found" | "appealed" | "corrected" | "upheld" | "withdrawn" | "mended";
export type Action = "appeal" | "correct" | "uphold" | "withdraw" | "accept" | "refuse";

export type Report = {
  id: number;
  tenant: string;
  record: string;
  kind: string;
  stageTitle: string;
  at: string;
  department: string;
  doctor: string;
  day: string;
  scheme: string;
  firstScore: number;
  score: number;
  grade: string;
  current: boolean;
};

export type Scoring = {
  points: number;
  of: number;
  grade: string;
  vetoes: string[];
  items: { group: string; points: number; charged: number; lost: number }[];
};

export type Whole = Report & { defects: Defect[]; gaps: { check: string; needed: string }[]; scoring?: Scoring };
export type Happened = { action: string; actionTitle: string; at: string; actor?: string; reason?: string };
export type WithHistory = Defect & { history: Happened[] };
export type Page<Key extends string, Row> = Record<Key, Row[]> & { before?: number };
export type Counts = { rows: Record<string, string | number>[] };

export type National = {
  name: string;
  number: number;
  title: string;
  numeratorTitle: string;
  denominatorTitle: string;
  unit: string;
  direction: "up" | "down";
  source: string;
  numerator: number | null;
  denominator: number | null;
  unknown: number;
  value: number | null;
  note: string;
};

export type Part = "yes" | "no" | "unknown";
export type Behind = { report: number; record: string; day: string; department: string; part: Part };
