export type Brief = {
  prompt: string;
  number: number;
  state: string;
  author: string;
  made: string;
  base?: number;
  note?: string;
  submittedBy?: string;
  decidedBy?: string;
};
export type Prompt = { id: string; tenant: string; name: string; purpose: string; versions: Brief[] };
export type Use = { purpose: string; tenant: string; prompt: string; version: number };
export type Listed = { prompts: Prompt[]; inUse: Use[] };
export type Variable = { name: string; type?: string; title?: string; choices?: string[] };
/** What is empty is left out. */
export type Content = {
  template: string;
  system?: string;
  variables?: Variable[];
  cases?: { name: string; variables: Record<string, unknown>; expect: unknown[] }[];
};
export type Outcome = { case: string; passed: boolean; problems: string[]; output?: string };
export type Run = { version: number; at: string; by: string; model: string; passed: boolean; outcomes: Outcome[] };
export type Version = Brief & { content: Content; lastRun?: Run };
export type Whole = { id: string; name: string; purpose: string; version: Version };
export type Figures = {
  versions: {
    version: number;
    uses: number;
    failures: number;
    dropped: number;
    ratings: number;
    score: number | null;
  }[];
};
