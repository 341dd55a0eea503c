/** The answer: a row for each group and part of time, a column for each measure. */
import { Typography } from "antd";
import type { ReactNode } from "react";
import { figure } from "../../figures/numbers";
import type { Line } from "../../figures/types";
import { Nothing } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";
import type { Answer } from "./types";

type Row = { key: string; period: string; group: string; values: Record<string, number | null> };

export function Result({ answer }: { answer: Answer }): ReactNode {
  const rows = joined(answer);
  if (!rows.length) return <Nothing text={TEXTS.none} />;
  return (
    <section aria-label={TEXTS.result}>
      <Typography.Title level={2}>{TEXTS.result}</Typography.Title>
      <Rows<Row>
        rowKey="key"
        dataSource={rows}
        columns={[
          { title: TEXTS.period, dataIndex: "period", sorter: (a, b) => a.period.localeCompare(b.period) },
          { title: TEXTS.group, dataIndex: "group" },
          ...answer.measures.map(({ id, title }) => ({
            title,
            align: "right" as const,
            render: (_: unknown, row: Row) => figure(row.values[id]),
            sorter: (a: Row, b: Row) => (a.values[id] ?? 0) - (b.values[id] ?? 0),
          })),
        ]}
      />
    </section>
  );
}

function joined({ measures }: Answer): Row[] {
  const rows = new Map<string, Row>();
  for (const { id, lines } of measures) {
    for (const line of lines) {
      const key = keyed(line);
      const row = rows.get(key) ?? { key, period: line.period, group: named(line), values: {} };
      row.values[id] = line.value;
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

function keyed({ period, group }: Line): string {
  return JSON.stringify([period, group.map(({ value }) => value)]);
}

function named({ group }: Line): string {
  return group.map(({ title, value }) => title || String(value ?? "")).join(" ") || TEXTS.all;
}
