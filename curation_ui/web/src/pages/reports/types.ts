/** Scheduled reports as the API tells them. */
export type Channel =
  | { kind: "message"; name: string }
  | { kind: "mail"; name: string; to: string[] }
  | { kind: "sms"; name: string; phones: string[] }
  | { kind: "webhook"; name: string; url: string; robot?: boolean };

export type Every = "day" | "week" | "month" | "quarter" | "year";
export type Content = "theme" | "dataset" | "warnings";

export type Plan = {
  title: string;
  every: Every;
  content: Content;
  of: string;
  by: string[];
  only: Record<string, string[]>;
  compare: boolean;
  day: number;
  hour: number;
  format: "xlsx" | "pdf" | "message";
  channels: Channel[];
  keepDays: number | null;
};

/** Whoever may not change it sees what channels are called (`mail/院办`), not whom they reach. */
export type Schedule = {
  id: string;
  tenant: string;
  institution: string;
  plan: Omit<Plan, "channels"> & { channels: (Channel | string)[] };
  titles: { every: string; content: string; format: string };
  due: string;
  author: string;
  at: string;
};

export type Schedules = { schedules: Schedule[]; keepDays: number };

export type Run = {
  id: string;
  tenant: string;
  institution: string;
  schedule: string;
  title: string;
  period: string;
  file: string | null;
  state: "waiting" | "done" | "quiet" | "failed";
  stateTitle: string;
  due: string;
  ended: string | null;
  text: string;
  error: string;
};
