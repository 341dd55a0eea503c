export type Read = { kind: "read"; name: string; arguments: (string | number)[] };
export type Literal = { kind: "literal"; value: string | number | boolean };
export type Term = Read | Literal;
export type Group = { kind: "all" | "any"; parts: Tree[] };
export type Not = { kind: "not"; part: Tree };
export type Compare = { kind: "compare"; operator: string; left: Term; right: Term };
export type Between = { kind: "between"; value: Term; low: Term; high: Term };
export type Among = { kind: "among"; value: Term; options: (string | number | boolean)[] };
export type Tree = Group | Not | Compare | Between | Among | Term;

export type ValueType = "number" | "text" | "truth";
export type FieldWord = { name: string; type: ValueType; label: string };
export type FunctionWord = FieldWord & { arguments: string[]; required: number };
export type Vocabulary = {
  fields: FieldWord[];
  functions: FunctionWord[];
  groups: Record<string, { title: string; kinds: string[] }>;
  states: Record<string, string>;
  outcomes: Record<string, string>;
  patients: string[];
};
export type Reading = { key: string; label: string; type: ValueType; field: string };
export type Parsed = {
  text: string;
  tree?: Tree;
  reads?: Reading[];
  problems: { at: number; message: string }[];
};
export type Tried = {
  name: string;
  outcome: "fired" | "passed" | "unknown";
  reads: { key: string; label: string; value: string | number | boolean | null }[];
  missing: string[];
};
export type CaseResult = { name: string; expect: string; got: string; passed: boolean };
export type Trial = { patients: Tried[]; cases: CaseResult[] };
