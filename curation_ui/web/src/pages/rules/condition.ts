/** A condition while it is built: what a new part is, how parts are changed, the service that reads and tries it. */
import type { UseQueryResult } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Case } from "../../curation/types";
import { useAsked } from "../../shared/asking";
import { ask, Failure } from "../../shared/client";
import { options } from "../../shared/words";
import { TEXTS } from "./texts";
import type {
  FieldWord,
  FunctionWord,
  Parsed,
  Read,
  Reading,
  Term,
  Tree,
  Trial,
  ValueType,
  Vocabulary,
} from "./types";

const CONDITION = "POST /api/v1/curation/rules/condition";
const TRIAL = "POST /api/v1/curation/rules/trial";
const PAUSE_MS = 350;

/** What people call what the service calls male and female. */
export const SEXES = options(TEXTS.builder.sex);

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

/** A value or something read, in words. */
export function called(term: Term, words: Vocabulary): string {
  if (term.kind === "literal") return String(term.value);
  const label = wordOf(words, term.name)?.label ?? term.name;
  return term.arguments.length ? `${label}（${term.arguments.join("，")}）` : label;
}

/** Everything that a single condition compares, or the one thing that it is. */
export function termsOf(tree: Tree): Term[] {
  if (tree.kind === "compare") return [tree.left, tree.right];
  if (tree.kind === "between") return [tree.value, tree.low, tree.high];
  if (tree.kind === "among") return [tree.value, ...tree.options.map((value): Term => ({ kind: "literal", value }))];
  return tree.kind === "literal" || tree.kind === "read" ? [tree] : [];
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

/** A condition and the service's reading of it. */
export type Conditioned = {
  parsed: Parsed | undefined;
  tree: Tree | undefined;
  /** What the newest condition without faults reads: columns of its cases stay while something else is typed. */
  reads: Reading[];
  /** Typed, and not yet read: what would be clicked meanwhile is about another condition. */
  reading: boolean;
  /** Clicked, and not yet written as text. */
  unwritten: boolean;
  /** Why the service could not read it. */
  fault: string;
  type: (text: string) => void;
  build: (tree: Tree | undefined) => void;
};

type Source = { text: string } | { tree: Tree };

/** The service's reading of a condition: of the text when that was typed, of the tree when that was clicked. A text that
 * came from elsewhere, merged or taken back, is read as if it had been typed. */
export function useCondition(text: string, write: (text: string) => void): Conditioned {
  const [parsed, setParsed] = useState<Parsed>();
  const [tree, setTree] = useState<Tree>();
  const [reads, setReads] = useState<Reading[]>([]);
  const [fault, setFault] = useState("");
  const [source, setSource] = useState<Source>({ text });
  const [answered, answer] = useState<Source>();
  const own = useRef(text);
  const put = useCallback(
    (written: string): void => {
      own.current = written;
      write(written);
    },
    [write],
  );
  useEffect(() => {
    if (text === own.current) return;
    own.current = text;
    setSource({ text });
  }, [text]);
  useEffect(() => {
    setFault("");
    if ("text" in source && !source.text.trim()) {
      setParsed(undefined);
      setTree(undefined);
      setReads([]);
      answer(source);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask<Parsed, typeof CONDITION>(CONDITION, { body: source, signal: stop.signal })
        .then((found) => {
          setParsed(found);
          answer(source);
          if (found.reads) setReads(found.reads);
          if ("tree" in source) put(found.text);
          else setTree(found.tree);
        })
        .catch((error: unknown) => {
          if (error instanceof Failure) setFault(error.message);
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [source, put]);
  const type = (typed: string): void => {
    put(typed);
    setSource({ text: typed });
  };
  const build = (built: Tree | undefined): void => {
    setTree(built);
    if (built) setSource({ tree: built });
    else type("");
  };
  const open = answered !== source;
  const reading = open && "text" in source;
  return { parsed, tree, reads, reading, unwritten: open && "tree" in source, fault, type, build };
}

/** What a sound condition says of sample patients and of its cases; while it is tried anew, what was said before. */
export function useTrial(parsed: Parsed | undefined, cases: Case[]): UseQueryResult<Trial, Failure> | undefined {
  const sound = parsed !== undefined && !parsed.problems.length;
  const body = { condition: parsed?.text ?? "", cases };
  const asked = useAsked<Trial, typeof TRIAL>(TRIAL, { body }, { enabled: sound, keep: true, staleMs: 30_000 });
  return sound ? asked : undefined;
}
