/** What the audit tells. */
import type { Placed } from "../../shared/institution";

export type Event = Placed & {
  number: number;
  at: string;
  actor?: string;
  act?: string;
  actTitle?: string;
  subject?: string;
  source?: string;
  why?: string;
  whyTitle?: string;
  detail?: Record<string, unknown>;
  details?: { title: string; text: string }[];
};
export type Listed = { events: Event[]; next: number | null };

type Act = { code: string; title: string };
/** Acts that one looks for; the code of a group finds all of it. */
export type Acts = { groups: (Act & { acts: Act[] })[] };
