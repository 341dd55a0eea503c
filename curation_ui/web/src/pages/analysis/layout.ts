/** What an analysis is laid out of: fields of a table, put into rows, columns, values and filters. */
import { TEXTS } from "./texts";
import type { Fact, Form, Measure, Sum } from "./types";

export const ZONES = ["rows", "columns", "values", "filters"] as const;
export type Zone = (typeof ZONES)[number];

/** What somebody may put somewhere: it groups and filters, is added up, or both. */
export type Field = { id: string; title: string; groups: boolean; sums: Sum[]; values?: Record<string, string> };

export const PERIOD = "period";
const COUNT = "count";
const NUMBERS = ["number", "count"];
const MOST_GROUPS = 4;
const OWN: Field[] = [
  { id: COUNT, title: TEXTS.sums.count, groups: false, sums: ["count"] },
  { id: PERIOD, title: TEXTS.period, groups: true, sums: [] },
];

/** Where somebody begins with a table. */
export function blank(fact: string): Form {
  const measures: Measure[] = [{ sum: "count", title: TEXTS.sums.count }];
  return { fact, measures, by: [], across: [], only: {}, each: "" };
}

/** The fields of a table, those that group first. */
export function fieldsOf({ columns, dimensions }: Fact): Field[] {
  const sums = new Map<string, Sum[]>(
    columns.map(({ id, type }) => [id, NUMBERS.includes(type) ? ["sum", "mean", "distinct"] : ["distinct"]]),
  );
  const grouping = dimensions.map((one) => ({ ...one, groups: true, sums: sums.get(one.id) ?? [] }));
  const known = new Set(dimensions.map(({ id }) => id));
  const rest = columns.filter(({ id }) => !known.has(id));
  return [
    ...OWN,
    ...grouping,
    ...rest.map(({ id, title }) => ({ id, title, groups: false, sums: sums.get(id) ?? [] })),
  ];
}

/** Names of what makes rows, and of what makes columns; a cut up period comes first among rows. */
export function laid({ by, across, each }: Form): { rows: string[]; columns: string[] } {
  const all = each ? [PERIOD, ...by] : by;
  return { rows: all.filter((id) => !across.includes(id)), columns: across };
}

/** Whether a field can go there now. */
export function fits(field: Field, zone: Zone, form: Form): boolean {
  if (zone === "values") return unused(field, form) !== undefined;
  if (zone === "filters") return field.groups && field.id !== PERIOD;
  return field.groups && (field.id === PERIOD || form.by.includes(field.id) || form.by.length < MOST_GROUPS);
}

/** The form with a field put somewhere; what was in rows moves to columns, and the other way round. */
export function put(form: Form, field: Field, zone: Zone): Form {
  if (!fits(field, zone, form)) return form;
  const { id } = field;
  if (zone === "values")
    return { ...form, measures: [...form.measures, measured(field, unused(field, form) as Sum)] };
  if (zone === "filters") return { ...form, only: { ...form.only, [id]: form.only[id] ?? [] } };
  const each = id === PERIOD ? form.each || "month" : form.each;
  const rest = ungrouped(form, id);
  const by = id === PERIOD ? rest.by : [...rest.by, id];
  return { ...rest, by, each, across: zone === "columns" ? [...rest.across, id] : rest.across };
}

/** The form without a dimension in its rows and columns. */
export function ungrouped(form: Form, id: string): Form {
  const others = (ids: string[]): string[] => ids.filter((one) => one !== id);
  return { ...form, by: others(form.by), across: others(form.across), each: id === PERIOD ? "" : form.each };
}

/** The form without a filter. */
export function unfiltered(form: Form, id: string): Form {
  const { [id]: _, ...only } = form.only;
  return { ...form, only };
}

/** The form with another measure at a place, or with none there. */
export function remeasured(form: Form, at: number, measure?: Measure): Form {
  const there = measure ? [measure] : [];
  return { ...form, measures: form.measures.flatMap((one, place) => (place === at ? there : [one])) };
}

/** A field added up in some way; it bears both names. */
export function measured({ id, title }: Field, sum: Sum): Measure {
  return id === COUNT ? { sum, title } : { sum, column: id, title: `${title}（${TEXTS.sums[sum]}）` };
}

/** Which field a measure adds up. */
export function fieldOf({ column = COUNT }: Measure): string {
  return column;
}

/** What the service is asked: filters for which nothing was chosen yet do not count. */
export function asked(form: Form): Form {
  return { ...form, only: Object.fromEntries(Object.entries(form.only).filter(([, values]) => values.length)) };
}

/** The form that stands in an address; that of the first table where it is none. */
export function read(text: string | null, facts: Fact[]): Form {
  const first = blank(facts[0]?.id ?? "");
  try {
    const given = JSON.parse(text ?? "") as Form;
    return facts.some(({ id }) => id === given.fact) ? { ...first, ...given } : first;
  } catch {
    return first;
  }
}

/** A way to add a field up that the form does not have yet. */
function unused(field: Field, { measures }: Form): Sum | undefined {
  const taken = measures.filter((one) => fieldOf(one) === field.id).map(({ sum }) => sum);
  return field.sums.find((sum) => !taken.includes(sum));
}
