/** Score and volume of each day. */
import { Typography } from "antd";
import type { ReactNode } from "react";
import { Chart } from "../../figures/Chart";
import type { Series } from "../../figures/drawing";
import { figure } from "../../figures/numbers";
import { useAsked } from "../../shared/asking";
import { Asked } from "../../shared/states";
import { TEXTS } from "./texts";
import type { Scores, Volume } from "./types";

const SCORES = "GET /api/v1/quality/scores";
const VOLUME = "GET /api/v1/quality/volume";
const FULL = 100;

export function Trend({ query }: { query: Record<string, string> }): ReactNode {
  const daily = { query: { ...query, by: "day" } };
  const scores = useAsked<Scores, typeof SCORES>(SCORES, daily, { keep: true });
  const volume = useAsked<Volume, typeof VOLUME>(VOLUME, daily, { keep: true });
  return (
    <>
      <Asked query={scores} rows={3}>
        {(found) => (
          <Daily
            title={TEXTS.trend}
            kind="line"
            most={FULL}
            days={found.scores.map(({ day, score }) => ({ day, value: score }))}
          />
        )}
      </Asked>
      <Asked query={volume} rows={3}>
        {(found) => (
          <Daily
            title={TEXTS.volume}
            kind="bar"
            days={found.volume.map(({ day, resources }) => ({ day, value: resources }))}
          />
        )}
      </Asked>
    </>
  );
}

type DailyProps = Pick<Series, "kind" | "most"> & { title: string; days: { day?: string; value: number | null }[] };

function Daily({ title, days, ...drawn }: DailyProps): ReactNode {
  const names = days.map(({ day = "" }) => day);
  const label = `${title}：${days.map(({ day, value }) => `${day} ${figure(value)}`).join("，")}`;
  return (
    <section aria-label={title}>
      <Typography.Title level={2}>{title}</Typography.Title>
      <Chart label={label} series={{ ...drawn, unit: "", title, names, values: days.map(({ value }) => value) }} />
    </section>
  );
}
