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
export type Use = { purpose: string; tenant: string; institution: string; prompt: string; version: number };
export type Listed = { prompts: Prompt[]; inUse: Use[] };
/** Values by the names of variables. */
export type Filled = Record<string, unknown>;
export type Expectation = {
  on?: "prompt" | "output";
  contains?: string;
  absent?: string[];
  most?: number;
  least?: number;
  json?: string[];
  cites?: boolean;
};
export type Case = { name: string; variables?: Filled; expect?: Expectation[] };
export type Step = {
  version: number;
  tenant: string;
  institution: string;
  at: string;
  actor: string;
  action: string;
  note?: string;
};
export type Variable = { name: string; type?: string; title?: string; choices?: string[] };
/** What is empty is left out. */
export type Content = {
  template: string;
  system?: string;
  variables?: Variable[];
  cases?: Case[];
};
export type Outcome = { case: string; passed: boolean; problems: string[]; output?: string };
export type Run = { version: number; at: string; by: string; model: string; passed: boolean; outcomes: Outcome[] };
export type Version = Brief & { content: Content; lastRun?: Run };
export type Whole = { id: string; name: string; purpose: string; version: Version; history: Step[] };
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
