/** Rows behind a figure, when somebody asks for them: looking is recorded. */
import { Button, Flex, Segmented, Typography } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { named } from "../../figures/periods";
import type { Answer, Behind, Case, Indicator } from "../../figures/types";
import { useAsked } from "../../shared/asking";
import { Institution, type Placed } from "../../shared/institution";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";

const FIGURES = "GET /api/v1/indicators/{name}";
const ROWS = "GET /api/v1/indicators/{name}/rows";
const PAGE_ROWS = 50;
const PARTS = Object.entries(TEXTS.parts).map(([value, label]) => ({ value, label }));

type DetailsProps = { indicator: Indicator; period: string };
type Row = Record<string, unknown> & Placed & { case: Case };

export function Details({ indicator, period }: DetailsProps): ReactNode {
  const only = useSearchParams()[0].get("only");
  return only ? <Drilled key={`${only} ${period}`} indicator={indicator} period={period} only={only} /> : null;
}

function Drilled({ indicator, period, only }: DetailsProps & { only: string }): ReactNode {
  const [part, choose] = useState("numerator");
  const [offset, turn] = useState(0);
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.focus(), []);
  const query = { period, only, part, offset, limit: PAGE_ROWS };
  const rows = useAsked<Behind, typeof ROWS>(
    ROWS,
    { path: { name: indicator.id }, query },
    { keep: true, staleMs: 60_000 },
  );
  const switched = (chosen: string): void => {
    choose(chosen);
    turn(0);
  };
  const title = TEXTS.detailsOf(useGroup(indicator, period, only), named(period));
  return (
    <section ref={place} className="board-details" tabIndex={-1} aria-label={title}>
      <Typography.Title level={2}>{title}</Typography.Title>
      <Flex gap={12} align="center" wrap className="no-print">
        <Segmented aria-label={TEXTS.part} options={PARTS} value={part} onChange={switched} />
        <Typography.Text type="secondary">{TEXTS.audited}</Typography.Text>
      </Flex>
      <Asked query={rows} isEmpty={(found) => !found.rows.length} empty={TEXTS.noRows}>
        {(found) => (
          <>
            <Table behind={found} indicator={indicator} />
            <Flex gap={8}>
              <Button disabled={!offset} onClick={() => turn(0)}>
                {TEXTS.first}
              </Button>
              <Button disabled={found.next === null} onClick={() => turn(found.next ?? 0)}>
                {TEXTS.more}
              </Button>
            </Flex>
          </>
        )}
      </Asked>
    </section>
  );
}

/** What a group is called, as the comparison beside the rows calls it. */
function useGroup(indicator: Indicator, period: string, only: string): string {
  const [by = "", ...value] = only.split(":");
  const groups = useAsked<Answer, typeof FIGURES>(FIGURES, { path: { name: indicator.id }, query: { period, by } });
  const known = groups.data?.lines.flatMap(({ group: [first] }) => first ?? []) ?? [];
  return known.find((one) => String(one.value) === value.join(":"))?.title || value.join(":");
}

function Table({ behind, indicator }: { behind: Behind; indicator: Indicator }): ReactNode {
  const codes = new Map(indicator.dimensions.map(({ id, values }) => [id, values]));
  const columns = Object.entries(behind.columns).map(([id, title]) => ({
    title,
    render: (_: unknown, row: Row) => (id === "tenant" ? <Institution {...row} /> : shown(row[id], codes.get(id))),
  }));
  const opening = { title: TEXTS.case, render: (_: unknown, row: Row) => <Opening row={row} /> };
  return (
    <Rows<Row>
      rowKey={(row) => `${row.tenant} ${row.id}`}
      dataSource={behind.rows.map((row, at) => ({ ...row, case: behind.cases[at] ?? {} }))}
      columns={[...columns, opening]}
      pagination={false}
    />
  );
}

/** The pages of the case, those that there are and that whoever looks may open; else why there are none. */
function Opening({ row }: { row: Row }): ReactNode {
  const { patient, report, prescription, none } = row.case;
  const place = patient && new URLSearchParams({ patient, tenant: String(row.tenant) });
  return (
    <Flex gap={12}>
      {place ? <Link to={`/bedside?${place}`}>{TEXTS.patient}</Link> : null}
      {report ? <Link to={`/recordqc/reports/${report}`}>{TEXTS.report}</Link> : null}
      {prescription ? <Link to={`/prescriptions/${prescription}`}>{TEXTS.prescription}</Link> : null}
      {none ? <Typography.Text type="secondary">{none}</Typography.Text> : null}
    </Flex>
  );
}

/** A value, a code by its title. */
function shown(value: unknown, titles: Record<string, string> = {}): string {
  if (value === null || value === undefined) return "";
  return typeof value === "boolean" ? (value ? TEXTS.yes : TEXTS.no) : (titles[String(value)] ?? String(value));
}
