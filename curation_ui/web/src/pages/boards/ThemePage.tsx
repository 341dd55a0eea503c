/** A theme with all its indicators, or what lies beyond warning lines. */
import { Button, Input, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { Exports } from "../../figures/Exports";
import { Change, figure } from "../../figures/numbers";
import { PeriodField, usePeriod } from "../../figures/PeriodField";
import { lastMonth } from "../../figures/periods";
import type { Catalogue, Figured, Line, Report, Warnings } from "../../figures/types";
import { askAhead, useAsked } from "../../shared/asking";
import { save } from "../../shared/client";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { Views } from "../../shared/views";
import { NoFigures, Sources } from "./Sources";
import { TEXTS } from "./texts";

const LIST = "GET /api/v1/indicators";
const REPORT = "GET /api/v1/reports/{theme}";
const BEYOND = "GET /api/v1/indicator-warnings";
const FIRST = "overview";
const WARNINGS = { id: "warnings", title: TEXTS.warnings };
const SOURCES = { id: "sources", title: TEXTS.sources };

const THEMES = { query: { theme: FIRST } };
const LASTING_MS = Number.POSITIVE_INFINITY;

const reported = (theme: string, period: string) => ({ path: { theme }, query: { period } });

export const ahead = (): Promise<unknown> =>
  Promise.all([askAhead(LIST, THEMES, LASTING_MS), askAhead(REPORT, reported(FIRST, lastMonth()))]);

type Row = { id: string; title: string; unit: string; line: Line };

export function ThemePage(): ReactNode {
  const [query] = useSearchParams();
  const period = usePeriod();
  const theme = query.get("theme") ?? FIRST;
  const known = useAsked<Catalogue, typeof LIST>(LIST, THEMES, { staleMs: LASTING_MS });
  const exported =
    theme === WARNINGS.id || theme === SOURCES.id ? null : (
      <Exports
        to={(format) => save(REPORT, `${theme}-${period}.${format}`, { path: { theme }, query: { period, format } })}
      />
    );
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<Actions>{exported}</Actions>} printable>
      <Asked query={known} rows={1}>
        {({ themes }) => <Themes themes={[...themes, WARNINGS, SOURCES]} chosen={theme} period={period} />}
      </Asked>
      <Chosen theme={theme} period={period} />
    </Frame>
  );
}

function Chosen({ theme, period }: { theme: string; period: string }): ReactNode {
  if (theme === SOURCES.id) return <Sources />;
  return theme === WARNINGS.id ? <Beyond period={period} /> : <Theme key={theme} theme={theme} period={period} />;
}

type ThemesProps = { themes: Catalogue["themes"]; chosen: string; period: string };

function Themes({ themes, chosen, period }: ThemesProps): ReactNode {
  return (
    <nav aria-label={TEXTS.themes} className={`board-themes ${TOLD}`}>
      {themes.map(({ id, title }) => (
        <Link key={id} to={`?theme=${id}&period=${period}`} aria-current={id === chosen ? "page" : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}

function Actions({ children }: { children: ReactNode }): ReactNode {
  return (
    <>
      <PeriodField />
      <Views page="boards" />
      {children}
      <Link to="/wall">
        <Button>{TEXTS.wall}</Button>
      </Link>
    </>
  );
}

function Theme({ theme, period }: { theme: string; period: string }): ReactNode {
  const [wanted, find] = useState("");
  const report = useAsked<Report, typeof REPORT>(REPORT, reported(theme, period));
  return (
    <Asked query={report} isEmpty={({ indicators }) => !indicators.length} empty={TEXTS.none}>
      {({ indicators }) =>
        rows(indicators).length ? (
          <>
            <Input.Search
              className={`board-find ${TOLD}`}
              placeholder={TEXTS.find}
              aria-label={TEXTS.find}
              allowClear
              onChange={(event) => find(event.target.value.trim())}
            />
            <Figures rows={rows(indicators).filter(({ title }) => title.includes(wanted))} period={period} />
          </>
        ) : (
          <NoFigures />
        )
      }
    </Asked>
  );
}

function Beyond({ period }: { period: string }): ReactNode {
  const beyond = useAsked<Warnings, typeof BEYOND>(BEYOND, { query: { period, by: "institution" } });
  return (
    <Asked query={beyond} isEmpty={({ indicators }) => !indicators.length} empty={TEXTS.noWarnings}>
      {({ indicators }) => <Figures rows={rows(indicators)} period={period} grouped />}
    </Asked>
  );
}

function rows(indicators: Figured[]): Row[] {
  return indicators.flatMap(({ lines, ...one }) => lines.map((line) => ({ ...one, line })));
}

function Figures({ rows: shown, period, grouped }: { rows: Row[]; period: string; grouped?: boolean }): ReactNode {
  const group = { title: TEXTS.group, render: (_: unknown, { line }: Row) => named(line) };
  return (
    <Rows<Row>
      rowKey={({ id, line }) => `${id} ${named(line)}`}
      dataSource={shown}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      columns={[
        {
          title: TEXTS.indicator,
          render: (_, { id, title }) => <Link to={`${id}?period=${encodeURIComponent(period)}`}>{title}</Link>,
        },
        ...(grouped ? [group] : []),
        { title: TEXTS.value, align: "right", render: (_, { line, unit }) => figure(line.value, unit) },
        {
          title: TEXTS.same,
          align: "right",
          render: (_, { line, unit }) => <Change compared={line.samePeriod} unit={unit} />,
        },
        {
          title: TEXTS.previous,
          align: "right",
          render: (_, { line, unit }) => <Change compared={line.previousPeriod} unit={unit} />,
        },
        { title: TEXTS.state, render: (_, { line }) => <Standing line={line} /> },
      ]}
    />
  );
}

/** What a figure is of. */
export function named(line: Line): string {
  return line.group.map(({ title, value }) => title || String(value ?? "")).join(" ");
}

/** Whether a figure lies beyond its warning line. */
export function Standing({ line }: { line: Line }): ReactNode {
  return line.warns ? <Tag color="red">{TEXTS.warns}</Tag> : null;
}
