/** Two people edited the same form: what only one of them changed is kept, what both changed is told. */

type Plain = Record<string, unknown>;
export type Merged<F> = { form: F; conflicts: string[] };

/** `mine` upon `theirs`, both made from `base`. Where both changed the same, mine stands and is named. */
export function merged<F extends Plain>(base: F, mine: F, theirs: F): Merged<F> {
  const conflicts: string[] = [];
  return { form: joined(base, mine, theirs, "", conflicts) as F, conflicts };
}

function joined(base: Plain, mine: Plain, theirs: Plain, path: string, conflicts: string[]): Plain {
  const names = new Set([...Object.keys(base), ...Object.keys(mine), ...Object.keys(theirs)]);
  const made: Plain = {};
  for (const name of names) {
    const value = one(base[name], mine[name], theirs[name], `${path}${name}`, conflicts);
    if (value !== undefined) made[name] = value;
  }
  return made;
}

function one(base: unknown, mine: unknown, theirs: unknown, path: string, conflicts: string[]): unknown {
  if (same(mine, theirs) || same(base, theirs)) return mine;
  if (same(base, mine)) return theirs;
  if (isPlain(base) && isPlain(mine) && isPlain(theirs)) return joined(base, mine, theirs, `${path}.`, conflicts);
  conflicts.push(path);
  return mine;
}

/** Whether two forms say the same. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? "") === JSON.stringify(b ?? "");
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
