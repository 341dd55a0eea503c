export type Pair = {
  tenant: string;
  source: string;
  code: string;
  target: string;
  targetCode: string;
  display?: string;
  targetDisplay?: string;
  equivalence: string;
  state: string;
  method: string;
  score: number;
  author?: string;
  decidedBy?: string;
};
export type Pairs = { maps: Pair[]; after?: string };
export type Advance = { tenant: string; source: string; target: string; counts: Record<string, number> };
export type Unmapped = {
  tenant: string;
  system: string;
  code: string;
  place: string;
  display: string;
  seen: number;
  last: string;
};
export type Standard = { id: string; uri: string; title: string; standard: boolean };
export type Refusals = { decided: number; refused: { code: string; problem: string }[] };
