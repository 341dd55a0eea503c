import type { Kind, Status } from "../../curation/types";

export type Manifest = {
  release: string;
  counts: Record<string, number>;
  at: string;
  by: string;
  note: string;
  active: boolean;
  faults: Record<string, string>;
};
export type Happened = { release: string; action: string; at: string; by: string; note: string };
export type Worker = { name: string; release: string; since: string; seen: string; fault?: string };
export type Overview = {
  active: string;
  releases: Manifest[];
  events: Happened[];
  workers: Worker[];
  records: Partial<Record<Kind, Partial<Record<Status, number>>>>;
};
export type Change = {
  kind: Kind;
  id: string;
  change: "added" | "removed" | "changed";
  title: string;
  before: string;
  after: string;
};
export type Line = {
  institution: string;
  family: string;
  rule: string;
  appeared: number;
  vanished: number;
  changed: number;
  example: string;
};
export type Impact = {
  release: string;
  against: string;
  content: { counts: Partial<Record<Kind, Record<string, number>>>; changes: Change[] };
  alerts: {
    requests: number;
    failed: number;
    orders: number;
    before: number;
    after: number;
    beforeRate: number;
    afterRate: number;
    total: number;
    lines: Line[];
  };
};
export type Published = { release: string; counts: Record<string, number>; faults: Record<string, string> };
