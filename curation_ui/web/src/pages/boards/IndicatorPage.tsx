/** One indicator: what it means, its figure, trend, comparison, and the rows behind it. */
import { Descriptions, Flex, Select, Statistic, Typography } from "antd";
import type { ReactNode } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { Chart } from "../../figures/Chart";
import { Exports } from "../../figures/Exports";
import { Change, figure } from "../../figures/numbers";
import { PeriodField, usePeriod } from "../../figures/PeriodField";
import { lately } from "../../figures/periods";
import type { Answer, Indicator, Limits, Line } from "../../figures/types";
import { useAddress } from "../../shared/address";
import { useAsked } from "../../shared/asking";
import { save } from "../../shared/client";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { TOLD } from "../../shared/told";
import { Views } from "../../shared/views";
import { Comparison } from "./Comparison";
import { Details } from "./Details";
import { drawn, said } from "./limits";
import { Origin } from "./Origin";
import { NoFigures } from "./Sources";
import { Standing } from "./ThemePage";
import { TEXTS } from "./texts";

const FIGURES = "GET /api/v1/indicators/{name}";
const TREND_MONTHS = 13;
const USUAL = "institution";

export function IndicatorPage(): ReactNode {
  const { name = "" } = useParams();
  const period = usePeriod();
  const by = useSearchParams()[0].get("by") ?? USUAL;
  const whole = useAsked<Answer, typeof FIGURES>(FIGURES, { path: { name }, query: { period } }, { keep: true });
  return (
    <Asked query={whole}>
      {({ indicator, lines: [line] }) => (
        <Frame
          title={indicator.title}
          about={<Link to={`..?period=${period}`}>{TEXTS.back}</Link>}
          actions={
            <>
              <PeriodField />
              <Views page="boards" />
              <Exports
                to={(format) =>
                  save(FIGURES, `${name}-${period}.${format}`, { path: { name }, query: { period, by, format } })
                }
              />
            </>
          }
          printable
        >
          {line ? <Head line={line} unit={indicator.unit} /> : <NoFigures />}
          <Meaning indicator={indicator} limits={line?.limits ?? indicator.limits} />
          <Trend indicator={indicator} />
          <Compare indicator={indicator} period={period} by={by} />
          <Details indicator={indicator} period={period} />
          <Origin name={name} period={period} />
        </Frame>
      )}
    </Asked>
  );
}

function Head({ line, unit }: { line: Line; unit: string }): ReactNode {
  return (
    <Flex gap={32} wrap align="center" className="board-head">
      <Statistic title={TEXTS.value} value={figure(line.value, unit)} />
      <Statistic title={TEXTS.same} valueRender={() => <Change compared={line.samePeriod} unit={unit} />} />
      <Statistic title={TEXTS.previous} valueRender={() => <Change compared={line.previousPeriod} unit={unit} />} />
      {line.unknown ? (
        <Statistic title={<span title={TEXTS.unknownAbout}>{TEXTS.unknown}</span>} value={line.unknown} />
      ) : null}
      <Standing line={line} />
    </Flex>
  );
}

function Meaning({ indicator, limits }: { indicator: Indicator; limits: Limits }): ReactNode {
  const items = [
    { key: "formula", label: TEXTS.formula, children: indicator.formula },
    { key: "source", label: TEXTS.source, children: indicator.source },
    { key: "direction", label: TEXTS.direction, children: indicator.directionTitle },
    { key: "line", label: TEXTS.line, children: said(limits, indicator.unit) || figure(null) },
  ];
  return <Descriptions size="small" column={{ xs: 1, md: 2 }} items={items} />;
}

function Trend({ indicator }: { indicator: Indicator }): ReactNode {
  const query = { period: lately(TREND_MONTHS), each: "month" };
  const trend = useAsked<Answer, typeof FIGURES>(FIGURES, { path: { name: indicator.id }, query });
  const label = `${indicator.title}${TEXTS.trend}`;
  return (
    <section aria-label={label}>
      <Typography.Title level={2}>{TEXTS.trend}</Typography.Title>
      <Asked query={trend} rows={3} isEmpty={({ lines }) => !lines.length} empty={TEXTS.noLines}>
        {({ lines }) => <Trended label={label} lines={lines} unit={indicator.unit} />}
      </Asked>
    </section>
  );
}

function Trended({ label, lines, unit }: { label: string; lines: Line[]; unit: string }): ReactNode {
  const ordered = [...lines].sort((a, b) => a.period.localeCompare(b.period));
  const marked = ordered.flatMap(({ warns }, at) => (warns ? [at] : []));
  return (
    <Chart
      label={`${label}：${ordered.map(({ period, value }) => `${period} ${figure(value, unit)}`).join("，")}`}
      series={{
        kind: "line",
        unit,
        title: TEXTS.now,
        names: ordered.map((one) => one.period),
        values: ordered.map((one) => one.value),
        mark: marked,
        beside: [{ title: TEXTS.sameValue, values: ordered.map(({ samePeriod }) => samePeriod?.value ?? null) }],
        lines: drawn(ordered),
      }}
    />
  );
}

function Compare({ indicator, period, by }: { indicator: Indicator; period: string; by: string }): ReactNode {
  const [, change] = useAddress(false);
  return (
    <section aria-label={TEXTS.compare}>
      <Flex gap={12} align="center" wrap>
        <Typography.Title level={2}>{TEXTS.compare}</Typography.Title>
        <Select
          aria-label={TEXTS.by}
          className={`period ${TOLD}`}
          value={by}
          options={indicator.dimensions.map(({ id, title }) => ({ value: id, label: title }))}
          onChange={(chosen) => change({ by: chosen, only: undefined })}
        />
      </Flex>
      <Comparison name={indicator.id} unit={indicator.unit} period={period} by={by} />
    </section>
  );
}
