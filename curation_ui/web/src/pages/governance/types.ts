import type { Severity } from "../../shared/words";

/** The account of a rule as the API tells it. */
export type Use = {
  rule: string;
  title: string;
  family: string;
  familyTitle: string;
  severity: Severity;
  shown: number;
  accepted: number;
  overridden: number;
  unanswered: number;
  reasons: Record<string, number>;
  seconds: number | null;
  overrideShare: number | null;
};

export type Account = { rules: Use[]; reasons: Record<string, string> };

/** A card that was shown, in which request, with its last answer. */
export type Alert = {
  card: string;
  prescription: string;
  at: string;
  severity: Severity;
  institution: string;
  outcome: string;
  reason: string;
  answered: string;
};

export type Listed = { title: string; alerts: Alert[]; reasons: Record<string, string>; next: number | null };
