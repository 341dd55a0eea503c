import type { Case, Move, Patient, PlainOrder } from "../../prescription/types";
import type { Finding } from "../../shared/finding";

export type Answer = { outcome: string; reason: string; comment: string; at: string };

/** A finding as it was shown, with what became of it. */
export type Judged = Finding & { answers: Answer[]; stopped?: boolean; verdict?: string };

/** A request at order entry as a case. */
export type Told = {
  id: string;
  at: string;
  service: string;
  release: string;
  institution: string;
  department?: string;
  prescriber?: string;
  patient?: Patient;
  orders?: PlainOrder[];
  findings: Judged[];
  /** Whether the league's records were read beside what was sent. */
  regional?: boolean;
  /** Where the patient's record is, for those who may open it. */
  record?: { tenant: string; patient: string };
  /** Where it stands in the queue; none of what never went there … */
  review?: Case & { history: Move[]; replaces?: string };
  /** … but prescriptions in which the same came up again. */
  reviewedAs?: string[];
};
