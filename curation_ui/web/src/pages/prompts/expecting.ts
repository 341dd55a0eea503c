/** What must hold in a test case, one thing at a time. */
import { TEXTS } from "./texts";
import type { Case, Expectation, Variable } from "./types";

export type Kind = keyof typeof TEXTS.kinds;

export const KINDS = Object.keys(TEXTS.kinds) as Kind[];
const BEGUN: Record<Kind, Expectation> = {
  contains: { contains: "" },
  absent: { absent: [] },
  most: { most: 1000 },
  least: { least: 1 },
  json: { json: [] },
  cites: { cites: true },
};

/** An expectation of a kind that nothing was written into yet. */
export function begun(kind: Kind, on: Expectation["on"]): Expectation {
  return { on, ...BEGUN[kind] };
}

/** What kind an expectation of one part is. */
export function kindOf(one: Expectation): Kind {
  return KINDS.find((kind) => one[kind] !== undefined) ?? "contains";
}

/** An expectation of several parts as several: all of them must hold, as before. */
export function parts({ on, ...held }: Expectation): Expectation[] {
  return KINDS.filter((kind) => held[kind] !== undefined).map((kind) => ({ on, [kind]: held[kind] }));
}

/** Whether a case can be kept: it has a name and says what must hold. */
export function isWhole({ name, expect = [] }: Case): boolean {
  return (
    Boolean(name.trim()) && expect.length > 0 && expect.every((one) => one.contains !== "" && !isBare(one.absent))
  );
}

function isBare(words: string[] | undefined): boolean {
  return words?.length === 0;
}

/** A case without values of variables that there are no more. */
export function fitting(one: Case, variables: Variable[]): Case {
  const known = new Set(variables.map(({ name }) => name));
  const values = Object.entries(one.variables ?? {}).filter(([name]) => known.has(name));
  return { ...one, variables: Object.fromEntries(values) };
}
