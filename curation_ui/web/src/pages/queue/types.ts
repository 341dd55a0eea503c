/** Prescriptions of the queue as the API gives them. */
import type { Reviewed, Told } from "../../prescription/types";

/** A prescription of the queue with all there is of it. */
export type Whole = Told & { review: Reviewed };

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
