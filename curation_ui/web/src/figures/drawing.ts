/** Drawing with ECharts: what the charts of boards need of it, in a chunk of its own. */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

export type Series = {
  names: string[];
  values: (number | null)[];
  unit: string;
  kind: "line" | "bar";
  mark?: number[];
};
export type Drawing = { show: (series: Series) => void; close: () => void };

const COLOUR = "#2b8fb3";
const MARKED = "#d4542b";

/** A chart in a place, as wide as that. */
export function drawn(parent: HTMLElement): Drawing {
  const chart = init(parent);
  const watch = new ResizeObserver(() => chart.resize());
  watch.observe(parent);
  const show = (series: Series): void => chart.setOption(option(series, getComputedStyle(parent).color), true);
  const close = (): void => {
    watch.disconnect();
    chart.dispose();
  };
  return { show, close };
}

function option(
  { names, values, unit, kind, mark = [] }: Series,
  text: string,
): Parameters<ReturnType<typeof init>["setOption"]>[0] {
  const data = values.map((value, at) => ({ value, itemStyle: { color: mark.includes(at) ? MARKED : COLOUR } }));
  return {
    animation: false,
    grid: { left: 8, right: 16, top: 16, bottom: 8, containLabel: true },
    tooltip: { trigger: "axis", valueFormatter: (value: unknown) => `${value ?? "—"} ${unit}` },
    xAxis: { type: "category", data: names, axisLabel: { color: text, hideOverlap: true } },
    yAxis: {
      type: "value",
      scale: kind === "line",
      axisLabel: { color: text },
      splitLine: { lineStyle: { opacity: 0.25 } },
    },
    series: [{ type: kind, data, lineStyle: { color: COLOUR, width: 2 }, barMaxWidth: 36, connectNulls: false }],
  };
}
