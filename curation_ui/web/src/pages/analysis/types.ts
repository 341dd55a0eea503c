/** Tables that may be analysed, forms and answers, as the API tells them. */
import type { Dimension, Line } from "../../figures/types";

export type Column = { id: string; title: string; type: string; values?: Record<string, string> };
export type Fact = { id: string; title: string; about: string; columns: Column[]; dimensions: Dimension[] };
export type Measure = { sum: "count" | "sum" | "mean" | "distinct"; column?: string; title?: string };
export type Each = "" | "month" | "quarter" | "year";
export type Form = {
  fact: string;
  measures: Measure[];
  by: string[];
  only: Record<string, string[]>;
  each: Each;
};
export type Dataset = { id: string; title: string; by: string; form: Form };
export type Measured = { id: string; title: string; total: number; lines: Line[] };
export type Answer = { period: string; measures: Measured[] };
