/** A condition built by clicking: groups of conditions, each about one thing. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Input, InputNumber, Segmented, Select } from "antd";
import type { ReactNode } from "react";
import { ConceptSearch } from "../../curation/ConceptSearch";
import { about, aboutOther, begun, called, compared, operators, SEXES, termsOf, wordOf } from "./condition";
import { TEXTS } from "./texts";
import type { Among, FunctionWord, Group, Read, Term, Tree, Vocabulary } from "./types";

const T = TEXTS.builder;
const SIGNS: Record<string, string> = {
  ">=": "≥",
  ">": ">",
  "<=": "≤",
  "<": "<",
  "=": "=",
  "!=": "≠",
  between: T.between,
  among: T.among,
};

type NodeProps = { tree: Tree; words: Vocabulary; change: (tree: Tree | undefined) => void };

/** Any condition; `change` with nothing takes it away. */
export function Condition({ tree, words, change }: NodeProps): ReactNode {
  if (tree.kind === "all" || tree.kind === "any") return <Parts group={tree} words={words} change={change} />;
  if (tree.kind === "not") {
    return (
      <section className="rule-group" aria-label={T.not}>
        <Flex justify="space-between">
          <strong>{T.not}</strong>
          <Remove remove={() => change(undefined)} />
        </Flex>
        <Condition
          tree={tree.part}
          words={words}
          change={(part) => change(part ? { kind: "not", part } : undefined)}
        />
      </section>
    );
  }
  return <Single tree={tree} words={words} change={change} />;
}

type PartsProps = { group: Group; words: Vocabulary; change: NodeProps["change"] };

function Parts({ group, words, change }: PartsProps): ReactNode {
  const write = (at: number, part: Tree | undefined): void => {
    const parts = group.parts.flatMap((one, place) => (place === at ? (part ? [part] : []) : [one]));
    change(parts.length ? { ...group, parts } : undefined);
  };
  return (
    <section className="rule-group" aria-label={T[group.kind]}>
      <Flex justify="space-between" gap={8} wrap>
        <Segmented
          aria-label={TEXTS.condition}
          options={[
            { value: "all", label: T.all },
            { value: "any", label: T.any },
          ]}
          value={group.kind}
          onChange={(kind) => change({ ...group, kind: kind as Group["kind"] })}
        />
        <Remove remove={() => change(undefined)} />
      </Flex>
      {group.parts.map((part, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place
        <Condition key={at} tree={part} words={words} change={(next) => write(at, next)} />
      ))}
      <Adding words={words} add={(part) => change({ ...group, parts: [...group.parts, part] })} nested />
    </section>
  );
}

type AddingProps = { words: Vocabulary; add: (tree: Tree) => void; nested?: boolean };

/** What a further condition is about. */
export function Adding({ words, add, nested }: AddingProps): ReactNode {
  const first = words.functions[0];
  return (
    <Flex gap={8} wrap className="no-print">
      <Select
        value={null}
        placeholder={T.add}
        aria-label={T.add}
        suffixIcon={<PlusOutlined />}
        options={subjects(words)}
        style={{ width: 190 }}
        showSearch={{ optionFilterProp: "label" }}
        onChange={(name: string | null) => {
          const word = name ? wordOf(words, name) : undefined;
          if (word) add(begun(word));
        }}
      />
      {nested && first ? (
        <>
          <Button onClick={() => add({ kind: "any", parts: [begun(first)] })}>{T.group}</Button>
          <Button onClick={() => add({ kind: "not", part: begun(first) })}>{T.not}</Button>
        </>
      ) : null}
    </Flex>
  );
}

function subjects(words: Vocabulary): { value: string; label: string }[] {
  return [...words.functions, ...words.fields].map((one) => ({ value: one.name, label: one.label }));
}

function Single({ tree, words, change }: NodeProps): ReactNode {
  const read = about(tree);
  const word = read && wordOf(words, read.name);
  if (!read || !word) return <AsText tree={tree} words={words} change={change} />;
  const sign = tree.kind === "compare" ? tree.operator : tree.kind;
  return (
    <Flex gap={6} wrap align="center" className="rule-single">
      <Select
        aria-label={T.what}
        value={read.name}
        options={subjects(words)}
        style={{ width: 150 }}
        onChange={(name: string) => {
          const next = wordOf(words, name);
          if (next) change(begun(next));
        }}
      />
      {"arguments" in word ? (
        <Arguments read={read} word={word} words={words} change={(next) => change(aboutOther(tree, next))} />
      ) : null}
      {word.type === "truth" ? null : (
        <Select
          aria-label={T.compare}
          value={sign}
          options={operators(word.type).map((value) => ({ value, label: SIGNS[value] }))}
          onChange={(operator: string) => change(compared(tree, operator))}
          style={{ width: 84 }}
        />
      )}
      <Values tree={tree} words={words} field={read.name} change={change} />
      <Remove remove={() => change(undefined)} />
    </Flex>
  );
}

/** What is about nothing that is read is shown, and changed as text. */
function AsText({ tree, words, change }: NodeProps): ReactNode {
  const [first = "", ...others] = termsOf(tree).map((one) => called(one, words));
  const sign = tree.kind === "compare" ? tree.operator : tree.kind;
  return (
    <Flex gap={6} wrap align="center" className="rule-single">
      <code>{others.length ? `${first} ${SIGNS[sign]} ${others.join("、")}` : first}</code>
      <Remove remove={() => change(undefined)} />
    </Flex>
  );
}

type ArgumentsProps = { read: Read; word: FunctionWord; words: Vocabulary; change: (read: Read) => void };

function Arguments({ read, word, words, change }: ArgumentsProps): ReactNode {
  const write = (at: number, value: string | number | undefined): void => {
    const given = word.arguments.map((_, place) => (place === at ? value : read.arguments[place]));
    const kept = given.filter((one, place) => place < word.required || (one !== undefined && one !== ""));
    change({ ...read, arguments: kept.map((one) => one ?? "") });
  };
  return word.arguments.map((group, at) => (
    <Argument
      key={group}
      group={group}
      words={words}
      value={read.arguments[at]}
      change={(value) => write(at, value)}
    />
  ));
}

type ArgumentProps = {
  group: string;
  words: Vocabulary;
  value: string | number | undefined;
  change: (value: string | number | undefined) => void;
};

function Argument({ group, words, value, change }: ArgumentProps): ReactNode {
  const { title, kinds } = words.groups[group] ?? { title: group, kinds: [] };
  if (group === "days") {
    const days = typeof value === "number" ? value : null;
    return (
      <InputNumber
        aria-label={title}
        placeholder={title}
        min={1}
        value={days}
        onChange={(next) => change(next ?? undefined)}
        style={{ width: 84 }}
      />
    );
  }
  if (group === "state") {
    const options = Object.entries(words.states).map(([name, label]) => ({ value: name, label }));
    return (
      <Select
        aria-label={title}
        value={value || undefined}
        options={options}
        onChange={change}
        style={{ minWidth: 200 }}
      />
    );
  }
  return (
    <div style={{ width: group === "unit" ? 100 : 190 }}>
      <ConceptSearch
        label={title}
        placeholder={title}
        value={String(value ?? "")}
        onChange={change}
        kinds={kinds.length ? kinds : ["none"]}
      />
    </div>
  );
}

function Values({ tree, words, field, change }: NodeProps & { field: string }): ReactNode {
  const of = { words, field };
  if (tree.kind === "compare") {
    return <Value term={tree.right} {...of} label={T.value} change={(right) => change({ ...tree, right })} />;
  }
  if (tree.kind === "between") {
    return (
      <>
        <Value term={tree.low} {...of} label={T.low} change={(low) => change({ ...tree, low })} />
        —
        <Value term={tree.high} {...of} label={T.high} change={(high) => change({ ...tree, high })} />
      </>
    );
  }
  return tree.kind === "among" ? <Options tree={tree} change={change} /> : null;
}

function Options({ tree, change }: { tree: Among; change: (tree: Tree) => void }): ReactNode {
  return (
    <Select
      mode="tags"
      open={false}
      suffixIcon={null}
      aria-label={T.options}
      placeholder={T.optionsHint}
      value={tree.options.map(String)}
      onChange={(options: string[]) => change({ ...tree, options })}
      style={{ minWidth: 180 }}
    />
  );
}

type ValueProps = { term: Term; words: Vocabulary; field: string; label: string; change: (term: Term) => void };

function Value({ term, words, field, label, change }: ValueProps): ReactNode {
  if (term.kind !== "literal") return <code>{called(term, words)}</code>;
  if (typeof term.value === "number") {
    return (
      <InputNumber
        aria-label={label}
        value={term.value}
        onChange={(value) => change({ kind: "literal", value: value ?? 0 })}
        style={{ width: 96 }}
      />
    );
  }
  const write = (value: string): void => change({ kind: "literal", value });
  const text = String(term.value);
  if (field === "sex") {
    return <Select aria-label={label} placeholder={label} options={SEXES} value={text || null} onChange={write} />;
  }
  return (
    <Input
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => write(event.target.value)}
      style={{ width: 120 }}
    />
  );
}

function Remove({ remove }: { remove: () => void }): ReactNode {
  return <Button type="text" icon={<DeleteOutlined />} aria-label={T.remove} onClick={remove} className="no-print" />;
}
