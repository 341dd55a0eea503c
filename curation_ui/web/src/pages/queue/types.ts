/** Prescriptions of the queue as the API gives them. */
import type { Finding } from "../../shared/finding";
import type { Severity } from "../../shared/words";

export type Case = {
  id: string;
  status: string;
  label: string;
  dispensable: boolean;
  version: number;
  severity?: Severity;
  urgent?: boolean;
  institution?: string;
  department?: string;
  prescriber?: string;
  assignee?: string;
  submitted: string;
  due?: string;
  decided?: string;
  signedTwice?: boolean;
  neverList?: boolean;
};

export type Move = {
  version: number;
  at: string;
  by: string;
  role: string;
  action: string;
  label: string;
  reason?: string;
};

type Named = { text?: string };
export type PlainOrder = Named & {
  id: string;
  dose?: number;
  unit?: string;
  route?: string;
  frequency?: string;
  days?: number;
  urgent?: boolean;
  note?: string;
};
export type Result = Named & { value?: number | string; unit?: string; time?: string; institution?: string };

export type Patient = {
  id: string;
  sex?: string;
  birthDate?: string;
  weightKg?: number;
  pregnancy?: { pregnant: boolean; gestationalDays?: number };
  conditions?: Named[];
  allergies?: (Named & { reaction?: string })[];
  observations?: Result[];
  medications?: PlainOrder[];
};

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
