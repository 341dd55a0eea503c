/** The answer as a table of rows and columns, and as a chart where it has one column of figures. */
import { Alert, type TableColumnsType, Typography } from "antd";
import type { ReactNode } from "react";
import { Chart } from "../../figures/Chart";
import { figure } from "../../figures/numbers";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";
import type { Crosstab, Row } from "./types";

const MOST_BARS = 60;

export function Result({ answer }: { answer: Crosstab }): ReactNode {
  const { heads, columns, rows, total } = answer;
  return (
    <section aria-label={TEXTS.result}>
      <Typography.Title level={2}>{TEXTS.result}</Typography.Title>
      {rows.length < total ? <Alert type="info" title={TEXTS.cut(rows.length, total)} /> : null}
      <Drawn answer={answer} />
      <Rows<Row>
        bordered
        rowKey={({ titles }) => titles.join("\t")}
        dataSource={rows}
        columns={[
          ...(heads.length ? heads.map(headed) : [{ title: "", render: () => TEXTS.all }]),
          ...nested(columns.map((titles, at) => ({ titles, at }))),
        ]}
      />
    </section>
  );
}

/** One column of figures over several rows. */
function Drawn({ answer: { heads, columns, rows } }: { answer: Crosstab }): ReactNode {
  const [column] = columns;
  if (columns.length !== 1 || !column || rows.length < 2 || rows.length > MOST_BARS) return null;
  const kind = heads.join() === TEXTS.period ? "line" : "bar";
  const names = rows.map(({ titles }) => titles.join(" "));
  const values = rows.map(({ values: [value] }) => value ?? null);
  return <Chart label={column.join(" ")} series={{ kind, unit: "", names, values }} />;
}

function headed(title: string, at: number): TableColumnsType<Row>[number] {
  const of = ({ titles }: Row): string => titles[at] ?? "";
  return { title, render: (_, row) => of(row), sorter: (a, b) => of(a).localeCompare(of(b), "zh-CN") };
}

type Column = { titles: string[]; at: number };

/** Columns under the heads that they share. */
function nested(columns: Column[]): TableColumnsType<Row> {
  const groups: { title: string; below: Column[] }[] = [];
  for (const { titles, at } of columns) {
    const [title = "", ...rest] = titles;
    const below = { titles: rest, at };
    const last = groups.at(-1);
    if (rest.length && last?.title === title) last.below.push(below);
    else groups.push({ title, below: [below] });
  }
  return groups.map(({ title, below }) =>
    below[0]?.titles.length ? { title, children: nested(below) } : valued(title, below[0]?.at ?? 0),
  );
}

function valued(title: string, at: number): TableColumnsType<Row>[number] {
  return {
    title,
    align: "right",
    render: (_, { values }) => figure(values[at]),
    sorter: (a, b) => (a.values[at] ?? 0) - (b.values[at] ?? 0),
  };
}
