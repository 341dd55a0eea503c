/** A condition while it is built: what a new part is, how parts are changed, the service that reads and tries it. */
import { useEffect, useState } from "react";
import type { Case } from "../../curation/types";
import { useAsked } from "../../shared/asking";
import { ask } from "../../shared/client";
import type { FieldWord, FunctionWord, Parsed, Read, Tree, Trial, ValueType, Vocabulary } from "./types";

const CONDITION = "POST /api/v1/curation/rules/condition";
const TRIAL = "POST /api/v1/curation/rules/trial";
const PAUSE_MS = 350;

/** Everything a condition may be made of. */
export function useWords(): Vocabulary | undefined {
  const forever = { staleMs: Number.POSITIVE_INFINITY };
  return useAsked<Vocabulary>("GET /api/v1/curation/rules/vocabulary", {}, forever).data;
}

/** What a field or function is. */
export function wordOf(words: Vocabulary, name: string): FieldWord | FunctionWord | undefined {
  return words.functions.find((one) => one.name === name) ?? words.fields.find((one) => one.name === name);
}

/** A new condition about something: what is true or false stands alone, numbers and texts are compared. */
export function begun(word: FieldWord | FunctionWord): Tree {
  const places = "arguments" in word ? word.arguments.slice(0, word.required) : [];
  const read: Read = { kind: "read", name: word.name, arguments: places.map((one) => (one === "days" ? 7 : "")) };
  if (word.type === "truth") return read;
  const value = word.type === "number" ? 0 : "";
  return {
    kind: "compare",
    operator: word.type === "number" ? ">=" : "=",
    left: read,
    right: { kind: "literal", value },
  };
}

/** The operators that values of a type may be compared with. */
export function operators(type: ValueType): string[] {
  return type === "number" ? [">=", ">", "<=", "<", "=", "!=", "between"] : ["=", "!=", "among"];
}

/** A comparison with another operator, what it is about and its first value kept. */
export function compared(tree: Tree, operator: string): Tree {
  const value = about(tree);
  const first = firstValue(tree);
  if (!value) return tree;
  const literal = (of: string | number | boolean): { kind: "literal"; value: string | number | boolean } => ({
    kind: "literal",
    value: of,
  });
  if (operator === "between") return { kind: "between", value, low: literal(first), high: literal(first) };
  if (operator === "among") return { kind: "among", value, options: first === "" ? [] : [first] };
  return { kind: "compare", operator, left: value, right: literal(first) };
}

/** What a condition is about, when it is about one thing. */
export function about(tree: Tree): Read | undefined {
  const term =
    tree.kind === "compare" ? tree.left : tree.kind === "between" || tree.kind === "among" ? tree.value : tree;
  return term.kind === "read" ? term : undefined;
}

function firstValue(tree: Tree): string | number | boolean {
  const term = tree.kind === "compare" ? tree.right : tree.kind === "between" ? tree.low : undefined;
  if (term?.kind === "literal") return term.value;
  return tree.kind === "among" ? (tree.options[0] ?? "") : "";
}

/** A condition about the same with another reading in its place. */
export function aboutOther(tree: Tree, read: Read): Tree {
  if (tree.kind === "compare") return { ...tree, left: read };
  return tree.kind === "between" || tree.kind === "among" ? { ...tree, value: read } : read;
}

/** The service's reading of a condition: of the text when that was typed, of the tree when that was clicked. */
export function useCondition(text: string, write: (text: string) => void) {
  const [parsed, setParsed] = useState<Parsed>();
  const [tree, setTree] = useState<Tree>();
  const [source, setSource] = useState<{ text: string } | { tree: Tree }>({ text });
  useEffect(() => {
    if ("text" in source && !source.text.trim()) {
      setParsed(undefined);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask<Parsed, typeof CONDITION>(CONDITION, { body: source, signal: stop.signal })
        .then((found) => {
          setParsed(found);
          if ("tree" in source) write(found.text);
          else if (found.tree) setTree(found.tree);
        })
        .catch(() => undefined);
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [source, write]);
  const type = (typed: string): void => {
    write(typed);
    setSource({ text: typed });
    if (!typed.trim()) setTree(undefined);
  };
  const build = (built: Tree | undefined): void => {
    setTree(built);
    if (built) setSource({ tree: built });
    else type("");
  };
  return { parsed, tree, type, build };
}

/** What a sound condition says of sample patients and of its cases. */
export function useTrial(parsed: Parsed | undefined, cases: Case[]): Trial | undefined {
  const sound = parsed && !parsed.problems.length;
  const body = { condition: parsed?.text ?? "", cases };
  const asked = useAsked<Trial, typeof TRIAL>(
    TRIAL,
    { body },
    { enabled: Boolean(sound), keep: true, staleMs: 30_000 },
  );
  return sound ? asked.data : undefined;
}
