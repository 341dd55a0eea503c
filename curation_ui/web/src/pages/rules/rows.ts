/** Rows of a decision table: which rules, what has become of each, saving those that were changed. */
import { type Key, type KeyboardEvent, useCallback, useRef, useState } from "react";
import type { Opened } from "../../curation/drafting";
import type { RuleForm, Whole } from "../../curation/types";
import { NEW } from "./rule";
import { TEXTS } from "./texts";

/** So many rules are read and tried at once. */
export const MOST = 30;

/** A rule as it was read, or a new one that says something already. */
export type Row = { key: string; whole?: Whole<RuleForm>; id: string; begun: RuleForm };
export type Standing = "same" | "ready" | "faulty";
export type Saving = (reason: string) => Promise<boolean>;
export type Rows = {
  rows: Row[];
  standings: Record<string, Standing>;
  add: (whole: Whole<RuleForm>) => void;
  begin: () => void;
  copy: (key: string, id: string, form: RuleForm) => void;
  drop: (key: string) => void;
  report: (key: string, standing: Standing, save: Saving) => void;
  save: (reason: string) => Promise<{ saved: number; failed: number }>;
};

/** Where rules are shown as a table. */
export function address(ids: Key[]): string {
  const query = new URLSearchParams(ids.map((id) => ["id", String(id)]));
  return ids.length ? `table?${query}` : "table";
}

export function useRows(start: Whole<RuleForm>[]): Rows {
  const [rows, setRows] = useState(() => start.map(read));
  const [standings, setStandings] = useState<Record<string, Standing>>({});
  const saves = useRef(new Map<string, Saving>());
  const count = useRef(0);
  const fresh = (id: string, begun: RuleForm): Row => {
    count.current += 1;
    return { key: `new-${count.current}`, id, begun };
  };
  const report = useCallback<Rows["report"]>((key, standing, save) => {
    saves.current.set(key, save);
    setStandings((before) => (before[key] === standing ? before : { ...before, [key]: standing }));
  }, []);
  const drop = (key: string): void => {
    saves.current.delete(key);
    setRows((before) => before.filter((one) => one.key !== key));
    setStandings(({ [key]: _, ...left }) => left);
  };
  const copy: Rows["copy"] = (key, id, form) => {
    const made = fresh(`${id}-copy`, { ...form, title: `${form.title}${TEXTS.table.copied}` });
    setRows((before) => before.flatMap((one) => (one.key === key ? [one, made] : [one])));
  };
  const save: Rows["save"] = async (reason) => {
    const told = { saved: 0, failed: 0 };
    for (const { key } of rows.filter((one) => standings[one.key] === "ready")) {
      told[(await saves.current.get(key)?.(reason)) ? "saved" : "failed"] += 1;
    }
    return told;
  };
  const begin = (): void => {
    const made = fresh("rule:", NEW);
    setRows((before) => [...before, made]);
  };
  const add = (whole: Whole<RuleForm>): void =>
    setRows((before) => (before.some((one) => one.key === whole.id) ? before : [...before, read(whole)]));
  return { rows, standings, add, begin, copy, drop, report, save };
}

function read(whole: Whole<RuleForm>): Row {
  return { key: whole.id, whole, id: whole.id, begun: whole.form };
}

/** What a row's form is compared with: the rule as it was read, or one that says nothing. */
export function opened({ whole, begun }: Row, id: string): Opened<RuleForm> {
  const { revision, text, form } = whole ?? { revision: 0, text: "", form: NEW };
  return { kind: "rule", id, form, revision, text, begun };
}

/** Enter goes to the same cell of the next row; with Shift, or while a word is being put together, it does not. */
export function goDown(event: KeyboardEvent<HTMLElement>): void {
  const at = event.target as HTMLElement;
  const typed = at.matches("td textarea, td input:not([role=combobox])") && event.currentTarget.contains(at);
  if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || !typed) return;
  event.preventDefault();
  const cell = at.closest("td");
  const below = cell?.parentElement?.nextElementSibling?.children[cell.cellIndex];
  below?.querySelector<HTMLElement>("textarea, input")?.focus();
}
