/** Prescriptions of the queue as the API gives them. */
import type { Case, Move, Patient, PlainOrder } from "../../prescription/types";
import type { Finding } from "../../shared/finding";

/** What was sent: a plain review, or the context of a CDS Hooks call. */
export type Sent = { patient?: Patient; orders?: PlainOrder[]; draftOrders?: { entry?: { resource?: unknown }[] } };

export type Whole = Case & { history: Move[]; request?: Sent; answer?: { findings: Finding[] } };

/** One rule: prescriptions it flagged and stopped, and what pharmacists said of it. */
export type RuleFigures = {
  rule: string;
  title: string;
  family: string;
  flagged: number;
  stopped: number;
  right: number;
  false: number;
  falseShare: number | null;
};

export type Figures = {
  submitted: number;
  flagged: number;
  stopped: number;
  changed: number;
  intervened: number;
  successes: number;
  waiting_p50: number | null;
  waiting_p90: number | null;
  waiting_longest: number | null;
  rules: RuleFigures[];
};
