/** Connected systems, messages and the service itself as the API tells them. */
import type { Worker } from "../releases/types";

export type System = {
  tenant: string;
  institution: string;
  system: string;
  kindTitle: string;
  title: string;
  state: "well" | "ill" | "offline" | "never" | "retired";
  stateTitle: string;
  lastSeen: string | null;
  trouble: string;
  backlog: number;
  deadLetters: number;
  lastDay: {
    arrived: number;
    done: number;
    failed: number;
    successPercent: number | null;
    p95Seconds: number | null;
  };
};

export type Alarm = {
  id: string;
  institution: string;
  system: string;
  title: string;
  severity: string;
  severityTitle: string;
  measured: string;
  raised: string;
  acknowledged?: string;
  acknowledgedBy?: string;
  note?: string;
  ended?: string;
};

export type Message = {
  id: string;
  messageId: string;
  number: number;
  tenant: string;
  standard: string;
  kind: string;
  source: string;
  institution: string;
  state: "waiting" | "done" | "dead" | "closed";
  attempts: number;
  received: string;
  finished: string | null;
  dead?: { reason: string; title: string; field: string; problem: string };
};

export type Step = { at: string; act: string; actor: string; detail: Record<string, unknown> };
export type Trace = Message & { steps: Step[]; facts: { resource: string; version: number; act: string }[] };

export type Fault = "releaseFault" | "officeFault" | "searchFault";
export type ServiceState = Partial<Record<Fault, string>> & {
  release: string;
  database: "ok" | "away";
  active: string;
  workers: Worker[];
};
