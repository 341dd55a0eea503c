/** A wall screen: the themes one after the other, with what lies beyond warning lines; asks anew by itself. */
import { Button, Flex, Tag, Typography } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "react-router";
import { Chart } from "../../figures/Chart";
import { Change, figure } from "../../figures/numbers";
import { PeriodField, usePeriod } from "../../figures/PeriodField";
import type { Catalogue, Figured, Line, Report, Warnings } from "../../figures/types";
import { useAsked } from "../../shared/asking";
import { useHotkeys } from "../../shared/hotkeys";
import { Asked } from "../../shared/states";
import { moment } from "../../shared/words";
import { TEXTS } from "./texts";
import "./wall.css";

const LIST = "GET /api/v1/indicators";
const REPORT = "GET /api/v1/reports/{theme}";
const BEYOND = "GET /api/v1/indicator-warnings";
const REFRESH_MS = 30_000;
const TURN_MS = 20_000;
const TILES = 12;
const LISTED = 12;
const NAMED = 2;

type Theme = { id: string; title: string };

export default function Wall(): ReactNode {
  const known = useAsked<Catalogue, typeof LIST>(
    LIST,
    { query: { theme: "overview" } },
    { staleMs: Number.POSITIVE_INFINITY },
  );
  return (
    <main className="wall">
      <Asked query={known}>{({ themes }) => <Screen themes={themes} />}</Asked>
    </main>
  );
}

function Screen({ themes }: { themes: Theme[] }): ReactNode {
  const { theme, step, turning, pause } = useTurning(themes);
  const period = usePeriod();
  const report = useAsked<Report, typeof REPORT>(
    REPORT,
    { path: { theme: theme.id }, query: { period } },
    { every: REFRESH_MS, keep: true },
  );
  return (
    <>
      <header className="wall-head">
        <div>
          <Typography.Title level={1}>{`${TEXTS.title} · ${report.data?.title ?? theme.title}`}</Typography.Title>
          <Typography.Text type="secondary">
            {TEXTS.updated} {moment(new Date(report.dataUpdatedAt || Date.now()).toISOString())}
          </Typography.Text>
          {report.isRefetchError ? <Tag color="red">{TEXTS.stale}</Tag> : null}
        </div>
        <Flex gap={8} wrap align="center">
          <PeriodField />
          <Button onClick={() => step(-1)}>{TEXTS.previous}</Button>
          <Button onClick={() => step(1)}>{TEXTS.next}</Button>
          <Button onClick={pause}>{turning ? TEXTS.pause : TEXTS.play}</Button>
          <Link to="/boards">
            <Button>{TEXTS.leave}</Button>
          </Link>
        </Flex>
      </header>
      <div className="wall-body">
        <Asked query={report} isEmpty={(found) => !found.indicators.length} empty={TEXTS.none}>
          {({ theme: shown, indicators }) => <Tiles key={shown} indicators={indicators} turning={turning} />}
        </Asked>
        <aside>
          <Counties theme={theme.id} period={period} />
          <Beyond period={period} />
        </aside>
      </div>
    </>
  );
}

/** The theme that is shown, the next one after a while. */
function useTurning(themes: Theme[]): {
  theme: Theme;
  step: (by: number) => void;
  turning: boolean;
  pause: () => void;
} {
  const [at, go] = useState(0);
  const [turning, turn] = useState(true);
  const step = (by: number): void => go((before) => (before + by + themes.length) % themes.length);
  const pause = (): void => turn((before) => !before);
  useEffect(() => {
    if (!turning) return;
    const timer = setInterval(() => go((before) => (before + 1) % themes.length), TURN_MS);
    return () => clearInterval(timer);
  }, [turning, themes.length]);
  useHotkeys([
    { key: "ArrowRight", title: TEXTS.keys.next, run: () => step(1) },
    { key: "ArrowLeft", title: TEXTS.keys.previous, run: () => step(-1) },
    { key: "p", title: TEXTS.keys.pause, run: pause },
  ]);
  return { theme: themes[at] as Theme, step, turning, pause };
}

/** As many as fit, the others after a part of the theme's time; all of them while nothing turns. */
function Tiles({ indicators, turning }: { indicators: Figured[]; turning: boolean }): ReactNode {
  const all = indicators.filter(({ lines: [line] }) => line && line.value !== null);
  const pages = Math.ceil(all.length / TILES);
  const [page, turn] = useState(0);
  useEffect(() => {
    if (pages < 2) return;
    const timer = setInterval(() => turn((before) => before + 1), TURN_MS / pages);
    return () => clearInterval(timer);
  }, [pages]);
  const first = pages ? (page % pages) * TILES : 0;
  const known = turning ? all.slice(first, first + TILES) : all;
  return (
    <ul className="wall-tiles">
      {known.map(({ id, title, unit, lines }) => (
        <Tile key={id} title={title} unit={unit} line={lines[0] as Line} />
      ))}
    </ul>
  );
}

function Tile({ title, unit, line }: { title: string; unit: string; line: Line }): ReactNode {
  return (
    <li className={line.warns ? "wall-warns" : undefined}>
      <span>{title}</span>
      <strong>{figure(line.value, unit)}</strong>
      <span>
        {TEXTS.same} <Change compared={line.samePeriod} unit={unit} />
      </span>
    </li>
  );
}

/** The first indicator of the theme, by county. */
function Counties({ theme, period }: { theme: string; period: string }): ReactNode {
  const options = { path: { theme }, query: { period, by: "county", compare: false } };
  const report = useAsked<Report, typeof REPORT>(REPORT, options, { every: REFRESH_MS, keep: true });
  const first = report.data?.indicators.find(({ lines }) => lines.some(({ value }) => value !== null));
  if (!first) return null;
  const names = first.lines.map(({ group: [county] }) => county?.title ?? "");
  const values = first.lines.map(({ value }) => value);
  const label = `${first.title} ${TEXTS.counties}`;
  return (
    <section>
      <Typography.Title level={2}>{label}</Typography.Title>
      <Chart label={label} series={{ kind: "bar", unit: first.unit, names, values }} />
    </section>
  );
}

function Beyond({ period }: { period: string }): ReactNode {
  const options = { query: { period, by: "institution", compare: false } };
  const beyond = useAsked<Warnings, typeof BEYOND>(BEYOND, options, { every: REFRESH_MS, keep: true });
  return (
    <section>
      <Typography.Title level={2}>{TEXTS.warnings}</Typography.Title>
      <Asked query={beyond} rows={3} isEmpty={({ indicators }) => !indicators.length} empty={TEXTS.noWarnings}>
        {({ indicators }) => (
          <ul className="wall-list">
            {indicators.slice(0, LISTED).map((one) => (
              <Warned key={one.id} {...one} />
            ))}
            {indicators.length > LISTED ? (
              <li>
                <Link to={`/boards?theme=warnings&period=${encodeURIComponent(period)}`}>
                  {TEXTS.further(indicators.length - LISTED)}
                </Link>
              </li>
            ) : null}
          </ul>
        )}
      </Asked>
    </section>
  );
}

/** An indicator with the first institutions beyond its line, and how many there are more. */
function Warned({ title, unit, lines }: Figured): ReactNode {
  const others = lines.length - NAMED;
  return (
    <li>
      <span>{title}</span>
      {lines.slice(0, NAMED).map((line) => (
        <Tag key={line.group[0]?.title} color="red">
          {line.group[0]?.title} {figure(line.value, unit)}
        </Tag>
      ))}
      {others > 0 ? <span>{TEXTS.others(others)}</span> : null}
    </li>
  );
}
