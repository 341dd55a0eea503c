/** Rows of a decision table: which rules, what has become of each, saving those that were changed, all or none. */
import { type Key, type KeyboardEvent, useCallback, useRef, useState } from "react";
import { type Draft, type Opened, TOUCHED } from "../../curation/drafting";
import type { RuleForm, Whole } from "../../curation/types";
import { refresh } from "../../shared/asking";
import { ask, Failure, type Fault } from "../../shared/client";
import { NEW } from "./rule";
import { TEXTS } from "./texts";

/** So many rules are read and tried at once. */
export const MOST = 30;
const SAVE = "PUT /api/v1/curation/rules";
const PLACE = /^records\[(\d+)\]\.(?:form\.)?(.*)$/;

/** A rule as it was read or saved last, or a new one that says something already. */
export type Row = { key: string; whole?: Whole<RuleForm>; id: string; begun: RuleForm };
export type Standing = "same" | "ready" | "faulty" | "unwritten";
/** What is typed into a row, and what it is called while it has no other name. */
export type Typed = { id: string; draft: Draft<RuleForm> };
/** How many rows a save was of, and why none was kept. */
export type Told = { saved: number; refused: number; failed: string };
export type Rows = {
  rows: Row[];
  standings: Record<string, Standing>;
  add: (wholes: Whole<RuleForm>[]) => void;
  begin: () => void;
  copy: (key: string, id: string, form: RuleForm) => void;
  drop: (key: string) => void;
  report: (key: string, standing: Standing, typed: Typed) => void;
  save: (reason: string, by: string) => Promise<Told>;
};

/** Where rules are shown as a table. */
export function address(ids: Key[]): string {
  return ids.length ? `table?${queryOf(ids)}` : "table";
}

/** What the address of a table says of its rules. */
export function queryOf(ids: Key[]): URLSearchParams {
  return new URLSearchParams(ids.map((id) => ["id", String(id)]));
}

export function useRows(start: Whole<RuleForm>[]): Rows {
  const [rows, setRows] = useState(() => start.map(read));
  const [standings, setStandings] = useState<Record<string, Standing>>({});
  const typed = useRef(new Map<string, Typed>());
  const count = useRef(0);
  const fresh = (id: string, begun: RuleForm): Row => {
    count.current += 1;
    return { key: `new-${count.current}`, id, begun };
  };
  const report = useCallback<Rows["report"]>((key, standing, given) => {
    typed.current.set(key, given);
    setStandings((before) => (before[key] === standing ? before : { ...before, [key]: standing }));
  }, []);
  const drop = (key: string): void => {
    typed.current.delete(key);
    setRows((before) => before.filter((one) => one.key !== key));
    setStandings(({ [key]: _, ...left }) => left);
  };
  const copy: Rows["copy"] = (key, id, form) => {
    const made = fresh(`${id}-copy`, { ...form, title: `${form.title}${TEXTS.table.copied}` });
    setRows((before) => before.flatMap((one) => (one.key === key ? [one, made] : [one])));
  };
  const save: Rows["save"] = async (reason, by) => {
    const changed = rows.filter(({ key }) => standings[key] !== "same");
    const told = await saved(
      changed.map(({ key }) => typed.current.get(key) as Typed),
      reason,
      by,
    );
    const made = new Map(changed.map(({ key }, at) => [key, told.records[at]]));
    setRows((before) => before.map((one) => ({ ...one, whole: made.get(one.key) ?? one.whole })));
    return told;
  };
  const begin = (): void => {
    const made = fresh("rule:", NEW);
    setRows((before) => [...before, made]);
  };
  const add: Rows["add"] = (wholes) =>
    setRows((before) => [...before, ...wholes.filter((one) => !has(before, one.id)).map(read)]);
  return { rows, standings, add, begin, copy, drop, report, save };
}

/** Whether a rule is among rows. */
export function has(rows: Row[], id: string): boolean {
  return rows.some((one) => one.whole?.id === id);
}

/** Rows that were typed, kept together; or each is told what stands against it. */
async function saved(rows: Typed[], reason: string, by: string): Promise<Told & { records: Whole<RuleForm>[] }> {
  const records = rows.map(({ id, draft: { form, revision } }) => ({ id, form, revision }));
  try {
    const made = await ask<{ records: Whole<RuleForm>[] }>(SAVE, { body: { records, reason, by } });
    for (const [at, { draft }] of rows.entries()) draft.kept(draft.form, made.records[at] as Whole<RuleForm>);
    void refresh(...TOUCHED);
    return { records: made.records, saved: records.length, refused: 0, failed: "" };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const told = await Promise.all(rows.map((row, at) => refused(row, faultsOf(error.faults, at))));
    const count = told.filter(Boolean).length;
    return { records: [], saved: 0, refused: count, failed: count ? "" : error.message };
  }
}

/** What stands against one row, by its own fields. */
function faultsOf(faults: Fault[], at: number): Fault[] {
  return faults.flatMap((one) => {
    const [, place, field = ""] = PLACE.exec(one.field) ?? [];
    return place === String(at) ? [{ ...one, field }] : [];
  });
}

/** Tells a row what stands against it; gives whether anything does. */
async function refused({ id, draft }: Typed, faults: Fault[]): Promise<boolean> {
  const flaws = faults.filter((one) => !isNewer(one));
  if (flaws.length < faults.length) {
    const unread = (failed: Failure) => flaws.push({ field: "", problem: failed.message, overtaken: true });
    await draft.overtaken(id).catch(unread);
  }
  if (flaws.length) draft.refused(flaws);
  return faults.length > 0;
}

function isNewer({ field, overtaken }: Fault): boolean {
  return overtaken && field === "revision";
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
