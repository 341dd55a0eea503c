/** Scores and defects by institution, department, doctor, kind or month. */
import type { ReactNode } from "react";
import { Exports } from "../../figures/Exports";
import { useAsked } from "../../shared/asking";
import { save } from "../../shared/client";
import { Choice, Filters, Span, useFilters } from "../../shared/filters";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { options } from "../../shared/words";
import { useSpan } from "./span";
import { TEXTS } from "./texts";
import type { Counts } from "./types";

const COUNTS = "GET /api/v1/qc/statistics";
const FILES = {
  xlsx: "GET /api/v1/qc/statistics.xlsx",
  csv: "GET /api/v1/qc/statistics.csv",
  pdf: "GET /api/v1/qc/statistics.pdf",
} as const;

export function Statistics(): ReactNode {
  const [asked] = useFilters();
  const span = useSpan();
  const query = { of: asked.of ?? "scores", by: asked.by ?? "department", ...span };
  const counts = useAsked<Counts, typeof COUNTS>(COUNTS, { query }, { keep: true });
  return (
    <>
      <Filters>
        <Choice name="of" label={TEXTS.title} options={options(TEXTS.of)} fallback="scores" />
        <Choice name="by" label={TEXTS.by} options={options(TEXTS.groups)} fallback="department" />
        <Span label={TEXTS.span} from={span.since} to={span.until} />
        <Files query={query} />
      </Filters>
      <Asked query={counts} isEmpty={({ rows }) => !rows.length} empty={TEXTS.noCounts}>
        {({ rows }) => <Table rows={rows} />}
      </Asked>
    </>
  );
}

function Files({ query }: { query: Record<string, string> }): ReactNode {
  const name = `${TEXTS.title}${TEXTS.tabs.statistics}-${query.since}-${query.until}`;
  return <Exports to={(format) => save(FILES[format], `${name}.${format}`, { query })} />;
}

/** The service gives the columns their titles. */
function Table({ rows }: Counts): ReactNode {
  const titles = Object.keys(rows[0] ?? {});
  const columns = titles.map((title) => ({
    title,
    render: (_: unknown, row: Record<string, string | number>) => row[title],
    align: typeof rows[0]?.[title] === "number" ? ("right" as const) : undefined,
  }));
  return <Rows rowKey={(row) => Object.values(row).join(" ")} dataSource={rows} columns={columns} />;
}
