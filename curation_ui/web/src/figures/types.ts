/** Indicators as the API tells them. */
export type Dimension = { id: string; title: string; values?: Record<string, string> };

export type Indicator = {
  id: string;
  title: string;
  unit: string;
  formula: string;
  source: string;
  direction: "higher" | "lower" | "watch";
  directionTitle: string;
  warningLine: number | null;
  limits: Limits;
  usualDimensions: string[];
  dimensions: Dimension[];
};

/** Below the first and above the second it warns. */
export type Limits = { low: number | null; high: number | null };

export type Compared = { value: number | null; changePercent: number | null };

export type Line = {
  group: { dimension: string; value: string | number | null; title: string }[];
  period: string;
  value: number | null;
  numerator: number | null;
  denominator: number | null;
  unknown: number;
  samePeriod: Compared | null;
  previousPeriod: Compared | null;
  rank: number | null;
  warns: boolean;
  limits: Limits;
};

export type Catalogue = { themes: { id: string; title: string }[]; indicators: Indicator[] };
export type Figured = { id: string; title: string; unit: string; lines: Line[] };
export type Report = { theme: string; title: string; period: string; indicators: Figured[] };
export type Warnings = { period: string; indicators: Figured[] };
export type Answer = { indicator: Indicator; lines: Line[]; total: number };
/** Where a row leads whoever asked: the institution's number of the patient, the report of record QC, the prescription
 * or alert; else why there is nothing. */
export type Case = { patient?: string; report?: number; prescription?: string; none?: string };
export type Behind = {
  columns: Record<string, string>;
  rows: Record<string, unknown>[];
  cases: Case[];
  next: number | null;
};

export type Held = {
  id: string;
  title: string;
  about: string;
  rows: number;
  institutions: number;
  first: string | null;
  last: string | null;
};
export type Facts = { engine: { installed: boolean; install: string }; facts: Held[] };
export type Lineage = {
  parts: { fact: string; tenant: string; month: string; rows: number }[];
  loads: {
    id: number;
    at: string;
    by: string;
    fact: string;
    tenant: string;
    institution: string;
    source: string;
    received: number;
  }[];
};
