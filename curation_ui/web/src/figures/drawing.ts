/** Drawing with ECharts: what the charts of boards need of it, in a chunk of its own. */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

type Values = (number | null)[];
/** A line across, named above it or below it. */
export type Mark = { title: string; value: number; below?: boolean };
/** Values by name: `mark` are places that stand out, `beside` what they are compared with, `lines` drawn across; `most`
 * is the greatest value there can be. */
export type Series = {
  title?: string;
  names: string[];
  values: Values;
  unit: string;
  kind: "line" | "bar";
  most?: number;
  mark?: number[];
  beside?: { title: string; values: Values }[];
  lines?: Mark[];
};
export type Drawing = { show: (series: Series) => void; close: () => void };

const COLOUR = "#2b8fb3";
const MARKED = "#d4542b";
const BESIDE = ["#9aa7b1", "#c9b37e"];

/** A chart in a place, as wide as that. */
export function drawn(parent: HTMLElement): Drawing {
  const chart = init(parent);
  const watch = new ResizeObserver(() => chart.resize());
  watch.observe(parent);
  const show = (series: Series): void => {
    chart.resize(); // what watches is not told of paper
    chart.setOption(option(series, getComputedStyle(parent).color), true);
    chart.getZr().flush(); // nor for the next frame
  };
  const close = (): void => {
    watch.disconnect();
    chart.dispose();
  };
  return { show, close };
}

type Option = Parameters<ReturnType<typeof init>["setOption"]>[0];

function option(series: Series, text: string): Option {
  const { names, unit, kind, lines } = series;
  const beside = (series.beside ?? []).filter(({ values }) => values.filter((value) => value !== null).length > 1);
  return {
    animation: false,
    grid: { left: 8, right: 16, top: beside.length ? 36 : 16, bottom: 8, containLabel: true },
    legend: { show: beside.length > 0, top: 0, textStyle: { color: text } },
    tooltip: { trigger: "axis", valueFormatter: (value: unknown) => `${value ?? "—"} ${unit}` },
    xAxis: { type: "category", data: names, axisLabel: { color: text, hideOverlap: true } },
    yAxis: {
      type: "value",
      scale: kind === "line",
      min: kind === "line" ? reach(lines, "min") : undefined,
      max: series.most ?? reach(lines, "max"),
      axisLabel: { color: text },
      splitLine: { lineStyle: { opacity: 0.25 } },
    },
    series: [main(series, text), ...beside.map((other, at) => compared(kind, other, BESIDE[at] ?? COLOUR))],
  };
}

function main({ title, values, kind, mark = [], lines = [] }: Series, text: string): object {
  const data = values.map((value, at) => ({ value, itemStyle: { color: mark.includes(at) ? MARKED : COLOUR } }));
  return {
    name: title,
    type: kind,
    data,
    itemStyle: { color: COLOUR },
    lineStyle: { color: COLOUR, width: 2 },
    barMaxWidth: 36,
    connectNulls: false,
    markLine: {
      silent: true,
      symbol: "none",
      lineStyle: { color: MARKED, type: "dashed" },
      label: { color: text, formatter: "{b} {c}" },
      data: lines.map(({ title: name, value, below }) => ({
        name,
        yAxis: value,
        label: { position: below ? "insideEndBottom" : "insideEndTop" },
      })),
    },
  };
}

function compared(kind: Series["kind"], { title, values }: { title: string; values: Values }, color: string): object {
  const lineStyle = { color, width: 1.5, type: "dashed" };
  return { name: title, type: kind, data: values, itemStyle: { color }, lineStyle, barMaxWidth: 36, symbol: "none" };
}

/** An end of the axis that reaches as far as a line beyond the values; null leaves it to the chart. */
function reach(lines: Series["lines"], end: keyof Ends): (ends: Ends) => number | null {
  const drawn = (lines ?? []).map(({ value }) => value);
  return (ends) => {
    const found = Math[end](ends[end], ...drawn);
    return found === ends[end] ? null : found;
  };
}

type Ends = { min: number; max: number };
