/** New rows of a table: one as a form, many as a grid, checked while they are typed. */
import { Alert, App, Button, Flex, Segmented, Tag } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { Person, usePerson } from "../../curation/person";
import { Reason } from "../../curation/Reason";
import type { Kind, Table } from "../../curation/types";
import { refresh, useAsked, useTelling } from "../../shared/asking";
import { ask, Failure } from "../../shared/client";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { Grid } from "./Grid";
import { RowForm } from "./RowForm";
import { filled, type Row, sent } from "./sheet";
import { TEXTS } from "./texts";

const ROWS = "POST /api/v1/curation/tables/{name}/rows";
const PAUSE_MS = 500;
const FEW = 6;

export type CellFault = { column: string; problem: string };
export type Outcome = {
  proposals: { kind: Kind; id: string; effect: string; title: string }[];
  faults: CellFault[];
};
type Answer = { rows: Outcome[]; written: number };

export function TablePage(): ReactNode {
  const { name = "" } = useParams();
  const tables = useAsked<{ tables: Table[] }>(
    "GET /api/v1/curation/tables",
    {},
    { staleMs: Number.POSITIVE_INFINITY },
  );
  return (
    <Asked query={tables} isEmpty={(found) => !found.tables.some((one) => one.name === name)}>
      {(found) => found.tables.filter((one) => one.name === name).map((one) => <Sheet key={one.name} table={one} />)}
    </Asked>
  );
}

function Sheet({ table }: { table: Table }): ReactNode {
  const [rows, setRows] = useState<Row[]>([{}]);
  const [shape, setShape] = useState<"form" | "grid">("form");
  const { outcomes, refused } = useOutcomes(table.name, rows);
  const write = (next: Row[]): void => {
    setRows(next.length ? next : [{}]);
    if (next.length > 1) setShape("grid");
  };
  const shapes = [
    { value: "form" as const, label: TEXTS.table.form, disabled: rows.length > 1 },
    { value: "grid" as const, label: TEXTS.table.grid },
  ];
  const actions = (
    <>
      <Person />
      <Segmented aria-label={TEXTS.table.grid} options={shapes} value={shape} onChange={setShape} />
    </>
  );
  const body = { table, rows, outcomes, write };
  return (
    <Frame title={table.title} about={TEXTS.table.about} actions={actions} printable>
      {shape === "form" ? <RowForm {...body} /> : <Grid {...body} />}
      <Saving table={table} rows={rows} outcomes={outcomes} refused={refused} clear={() => setRows([{}])} />
    </Frame>
  );
}

type Outcomes = { outcomes: (Outcome | undefined)[]; refused?: Failure };
const UNASKED: Outcomes = { outcomes: [] };

/** What would become of each row, asked when typing pauses, or why the service does not say; rows that are empty have
 * none. */
function useOutcomes(name: string, rows: Row[]): Outcomes {
  const [asked, keep] = useState(UNASKED);
  useEffect(() => {
    const given = filled(rows);
    if (!given.length) {
      keep(UNASKED);
      return;
    }
    const stop = new AbortController();
    const body = { rows: given.map(sent) };
    const timer = setTimeout(() => {
      ask<Answer, typeof ROWS>(ROWS, { path: { name }, body, signal: stop.signal })
        .then((found) => keep({ outcomes: rows.map((row) => found.rows[given.indexOf(row)]) }))
        .catch((refused) => refused instanceof Failure && keep({ outcomes: [], refused }));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [name, rows]);
  return asked;
}

type SavingProps = Outcomes & { table: Table; rows: Row[]; clear: () => void };

function Saving({ table, rows, outcomes, refused, clear }: SavingProps): ReactNode {
  const { message } = App.useApp();
  const { by, missing } = usePerson();
  const navigate = useNavigate();
  const [reason, say] = useState("");
  const save = useTelling<Answer, typeof ROWS>(ROWS, ["GET /api/v1/curation/records"]);
  const given = filled(rows);
  const faults = outcomes.reduce((sum, one) => sum + (one?.faults.length ?? 0), 0);
  const ready = given.length > 0 && outcomes.filter(Boolean).length === given.length && !faults;
  const saved = ({ written }: Answer): void => {
    message.success(written ? `${TEXTS.table.saved} ${written}` : TEXTS.table.unchanged);
    clear();
    void refresh("GET /api/v1/curation/tallies");
    void navigate("/curation?status=draft");
  };
  const body = { rows: given.map(sent), write: true, reason, by };
  return (
    <Flex vertical gap={8} className="curation-saving no-print">
      <Summary given={given.length} faults={faults} outcomes={outcomes} refused={refused} />
      <Flex gap={8} wrap>
        <Reason value={reason} say={say} />
        <Button
          type="primary"
          disabled={!ready || !reason.trim() || missing}
          loading={save.isPending}
          onClick={() => save.mutate({ path: { name: table.name }, body }, { onSuccess: saved })}
        >
          {TEXTS.table.save}
        </Button>
        <Button onClick={clear}>{TEXTS.table.clear}</Button>
      </Flex>
    </Flex>
  );
}

type SummaryProps = Outcomes & { given: number; faults: number };

/** 第 2 行 严重程度：… */
function faultOf({ column, problem }: CellFault, at: number): string {
  return `${TEXTS.table.rowAt} ${at + 1} ${TEXTS.table.row} ${column}：${problem}`;
}

/** What saving would do. */
function Summary({ given, faults, outcomes, refused }: SummaryProps): ReactNode {
  if (!given) return <Alert type="info" title={TEXTS.table.empty} />;
  if (refused) return <Alert type="error" role="alert" title={TEXTS.table.refused} description={refused.message} />;
  if (faults) {
    const told = outcomes.flatMap((one, at) => (one?.faults ?? []).map((fault) => faultOf(fault, at)));
    return (
      <Alert
        type="warning"
        role="status"
        title={`${faults} ${TEXTS.table.faults}`}
        description={told.slice(0, FEW).map((one) => <div key={one}>{one}</div>)}
      />
    );
  }
  const proposals = outcomes.flatMap((one) => one?.proposals ?? []);
  return (
    <Flex gap={6} wrap role="status">
      {proposals.slice(0, 12).map((one) => (
        <Tag key={`${one.kind} ${one.id}`} color={one.effect === "same" ? "default" : "green"} variant="outlined">
          {TEXTS.table.effects[one.effect]} {one.title}
        </Tag>
      ))}
      {proposals.length > 12 ? <Tag>… {proposals.length}</Tag> : null}
    </Flex>
  );
}
