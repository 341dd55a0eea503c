/** Rounds, items and results as the API gives them. */
export type Round = {
  id: string;
  name: string;
  kind: string;
  status: "open" | "judged" | "closed";
  version: number;
  since: string;
  until: string;
  createdBy: string;
  population: number;
  sampled?: number;
  judged?: number;
};

export type Problem = { code: string; title: string; drug?: string; text?: string };
export type Line = { text: string; name: string; directions?: string };

export type Item = {
  round: string;
  number: number;
  version: number;
  status: string;
  institution?: string;
  department?: string;
  prescriber?: string;
  issued: string;
  assignee?: string;
  result?: "合理" | "不合理";
  reason?: string;
  prescription: { number?: string; age?: string; sex?: string; visit?: string; diagnoses?: string[]; lines?: Line[] };
  problems: Problem[];
  suggested: Problem[];
};

export type Worksheet = Round & { items: Item[] };
export type Codes = { codes: { code: string; group: string; title: string }[]; kinds: string[] };

export type Tally = {
  institution?: string;
  department?: string;
  prescriber?: string;
  sampled: number;
  judged: number;
  unreasonable: number;
  share: number | null;
};

export type Results = {
  round: Round;
  whole: Tally;
  enough: boolean | null;
  codes: { code: string; group: string; title: string; prescriptions: number; share: number | null }[];
  departments: Tally[];
  prescribers: Tally[];
  drugs: { drug: string; prescriptions: number; with_problem: number; share: number | null }[];
  indicators: { letter: string; title: string; value: number | null; unit: string; note: string }[];
};

/** What became of a worksheet that came back: faults by their cells. */
export type Taken = { stored: number; unchanged: number; errors: { cell: string; message: string }[] };
