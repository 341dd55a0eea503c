/** Tables that may be analysed, forms and answers, as the API tells them. */
import type { Dimension } from "../../figures/types";

export type Column = { id: string; title: string; type: string; values?: Record<string, string> };
export type Fact = { id: string; title: string; about: string; columns: Column[]; dimensions: Dimension[] };
export type Sum = "count" | "sum" | "mean" | "distinct";
export type Measure = { sum: Sum; column?: string; title?: string };
export type Each = "" | "month" | "quarter" | "year";
export type Form = {
  fact: string;
  measures: Measure[];
  by: string[];
  across: string[];
  only: Record<string, string[]>;
  each: Each;
};
export type Dataset = { id: string; title: string; by: string; form: Form };
export type Row = { titles: string[]; values: (number | null)[] };
export type Crosstab = { period: string; heads: string[]; columns: string[][]; rows: Row[]; total: number };
