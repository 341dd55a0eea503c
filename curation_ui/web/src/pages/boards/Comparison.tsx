/** Groups beside each other: as bars, and as a table that leads to the rows of each. */
import { Button } from "antd";
import type { ReactNode } from "react";
import { Chart } from "../../figures/Chart";
import { Change, figure } from "../../figures/numbers";
import type { Answer, Line } from "../../figures/types";
import { useAddress } from "../../shared/address";
import { useAsked } from "../../shared/asking";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { drawn } from "./limits";
import { named, Standing } from "./ThemePage";
import { TEXTS } from "./texts";

const FIGURES = "GET /api/v1/indicators/{name}";
const MOST_BARS = 20;

type ComparisonProps = { name: string; unit: string; period: string; by: string };

export function Comparison({ name, unit, period, by }: ComparisonProps): ReactNode {
  const groups = useAsked<Answer, typeof FIGURES>(FIGURES, { path: { name }, query: { period, by } });
  return (
    <Asked query={groups} rows={4} isEmpty={({ lines }) => !lines.length} empty={TEXTS.noLines}>
      {({ lines }) => (
        <>
          <Bars lines={lines.slice(0, MOST_BARS)} unit={unit} />
          <Groups lines={lines} unit={unit} />
        </>
      )}
    </Asked>
  );
}

function Bars({ lines, unit }: { lines: Line[]; unit: string }): ReactNode {
  const mark = lines.flatMap(({ warns }, at) => (warns ? [at] : []));
  return (
    <Chart
      label={TEXTS.compare}
      series={{
        kind: "bar",
        unit,
        title: TEXTS.now,
        names: lines.map(named),
        values: lines.map((line) => line.value),
        mark,
        beside: [
          { title: TEXTS.sameValue, values: lines.map(({ samePeriod }) => samePeriod?.value ?? null) },
          { title: TEXTS.previousValue, values: lines.map(({ previousPeriod }) => previousPeriod?.value ?? null) },
        ],
        lines: drawn(lines),
      }}
    />
  );
}

function Groups({ lines, unit }: { lines: Line[]; unit: string }): ReactNode {
  const [, change] = useAddress(false);
  const drill = ({ group: [first] }: Line): void => change({ only: `${first?.dimension}:${first?.value}` });
  return (
    <Rows<Line>
      rowKey={named}
      dataSource={lines}
      columns={[
        { title: TEXTS.rank, dataIndex: "rank" },
        { title: TEXTS.group, render: (_, line) => named(line) },
        { title: TEXTS.value, align: "right", render: (_, line) => figure(line.value, unit) },
        { title: TEXTS.same, align: "right", render: (_, line) => <Change compared={line.samePeriod} unit={unit} /> },
        {
          title: TEXTS.previous,
          align: "right",
          render: (_, line) => <Change compared={line.previousPeriod} unit={unit} />,
        },
        { title: TEXTS.unknown, align: "right", dataIndex: "unknown" },
        { title: TEXTS.state, render: (_, line) => <Standing line={line} /> },
        {
          title: TEXTS.details,
          render: (_, line) => (
            <Button type="link" size="small" disabled={!line.group[0]?.value} onClick={() => drill(line)}>
              {TEXTS.rowsOf(named(line))}
            </Button>
          ),
        },
      ]}
    />
  );
}
