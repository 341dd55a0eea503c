/** Rows that are typed or pasted. */
import type { Column } from "../../curation/types";

export type Row = Record<string, string>;

/** Rows of what was copied from a spreadsheet, from a cell on; a first line of headers says which column is which. */
export function pasted(text: string, columns: Column[], from: string): Row[] {
  const lines = cells(text.replace(/\r\n?/g, "\n").replace(/\n$/, ""));
  const first = lines[0] ?? [];
  const headed = first.map((cell) => columns.find((one) => one.label === cell.trim() || one.field === cell.trim()));
  if (first.length > 1 && headed.every(Boolean)) return lines.slice(1).map((line) => row(line, headed));
  const start = Math.max(
    0,
    columns.findIndex((one) => one.field === from),
  );
  return lines.map((line) => row(line, columns.slice(start)));
}

function row(line: string[], columns: (Column | undefined)[]): Row {
  const named = line.map((cell, at): [string, string] => [columns[at]?.field ?? "", cell.trim()]);
  return Object.fromEntries(named.filter(([field]) => field));
}

/** Cells of tab-separated text; a cell in quotes may hold line ends and doubled quotes. */
function cells(text: string): string[][] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"(?=[\t\n]|$)|([^\t\n]*))([\t\n]|$)/g)) {
    lines.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\n") lines.push([]);
    if (end === "") break;
  }
  return lines;
}

/** `rows` with others written over them from a place on. */
export function placed(rows: Row[], given: Row[], at: number): Row[] {
  const next = [...rows];
  given.forEach((one, offset) => {
    next[at + offset] = { ...next[at + offset], ...one };
  });
  return next;
}

/** Rows in which something was typed. */
export function filled(rows: Row[]): Row[] {
  return rows.filter((row) => Object.values(row).some((cell) => cell.trim()));
}

/** A row as the service is told: what is empty is left out. */
export function sent(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, cell]) => cell.trim()));
}
