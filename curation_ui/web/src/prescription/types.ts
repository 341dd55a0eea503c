/** Prescriptions as the API gives them. */
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
  /** As of the request, where the service reckoned it; else by the date of birth, as of today. */
  age?: string;
  birthDate?: string;
  weightKg?: number;
  pregnancy?: { pregnant: boolean; gestationalDays?: number };
  conditions?: Named[];
  allergies?: (Named & { reaction?: string })[];
  observations?: Result[];
  medications?: PlainOrder[];
};
