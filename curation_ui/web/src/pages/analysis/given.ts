/** What the fields hold, and the closed form that the service takes. */
import type { Fact, Form, Measure } from "./types";

export type Filter = { dimension: string; values: string[] };
export type Given = Omit<Form, "only"> & { only: Filter[] };

/** Where somebody begins with a table. */
export function blank(fact: string): Given {
  return { fact, measures: [{ sum: "count" }], by: [], only: [], each: "" };
}

/** The form of what the fields hold; measures bear the title of their column. */
export function formed(given: Given, fact: Fact, sums: Record<Measure["sum"], string>): Form {
  const measures = given.measures.map(({ sum, column }) => {
    const title = fact.columns.find(({ id }) => id === column)?.title;
    return sum === "count" ? { sum, title: sums.count } : { sum, column, title: `${title}${sums[sum]}` };
  });
  const only = Object.fromEntries(given.only.map(({ dimension, values }) => [dimension, values]));
  return { fact: given.fact, measures, by: given.by, only, each: given.each };
}

/** What the fields hold for a form that was kept. */
export function unformed(form: Form): Given {
  const only = Object.entries(form.only).map(([dimension, values]) => ({ dimension, values }));
  return { ...form, only };
}
