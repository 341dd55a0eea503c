/** Prescriptions as the API gives them. */
import type { Finding } from "../shared/finding";
import type { Severity } from "../shared/words";

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
  /** As of the request. */
  age?: string;
  pregnancy?: { pregnant: boolean; gestationalDays?: number };
  conditions?: Named[];
  allergies?: (Named & { reaction?: string })[];
  observations?: Result[];
  medications?: PlainOrder[];
};

/** What was decided of it in the queue, and every move there. */
export type Reviewed = Case & { history: Move[]; replaces?: string };

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
  review?: Reviewed;
  /** … but prescriptions in which the same came up again. */
  reviewedAs?: string[];
};
