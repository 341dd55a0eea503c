/** Several rules as a decision table: each a row, edited in its cells, tried on sample patients as it stands. */
import { PlusOutlined } from "@ant-design/icons";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Flex, Form, Select, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useSearchParams } from "react-router";
import { Person, usePerson } from "../../curation/person";
import { Reason } from "../../curation/Reason";
import type { Page, RuleForm, Whole } from "../../curation/types";
import { useAsked } from "../../shared/asking";
import { ask, type Failure } from "../../shared/client";
import { Frame } from "../../shared/frame";
import { useLeaving } from "../../shared/leaving";
import { useMay } from "../../shared/session";
import { Asked, Nothing } from "../../shared/states";
import { useWords } from "./condition";
import { Lines } from "./Lines";
import { MOST, type Rows, useRows } from "./rows";
import { READ } from "./rule";
import { TEXTS } from "./texts";

const T = TEXTS.table;
const TRIED_FIRST = 2;

export function TablePage(): ReactNode {
  const [asked] = useSearchParams();
  const [ids] = useState(() => [...new Set(asked.getAll("id"))].slice(0, MOST));
  return (
    <Frame title={T.title} about={T.about} actions={<Person />}>
      <Asked query={useRules(ids)}>{(found) => <Sheet start={found} />}</Asked>
    </Frame>
  );
}

/** Rules as they are when the table is opened; later ones do not take the place of what is typed. */
function useRules(ids: string[]): UseQueryResult<Whole<RuleForm>[], Failure> {
  return useQuery<Whole<RuleForm>[], Failure>({
    queryKey: ["decision-table", ids],
    queryFn: () => Promise.all(ids.map(whole)),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

function whole(id: string): Promise<Whole<RuleForm>> {
  return ask<Whole<RuleForm>, typeof READ>(READ, { path: { kind: "rule", record_id: id } });
}

function Sheet({ start }: { start: Whole<RuleForm>[] }): ReactNode {
  const may = useMay("knowledge.edit");
  const table = useRows(start);
  const words = useWords();
  const [chosen, choose] = useState<string[]>();
  const patients = chosen ?? words?.patients.slice(0, TRIED_FIRST) ?? [];
  useLeaving(Object.values(table.standings).some((one) => one !== "same"));
  return (
    <Form layout="vertical" component="div" disabled={!may}>
      <Flex gap={8} wrap align="start" className="curation-filters no-print">
        <Select
          mode="multiple"
          disabled={false}
          aria-label={T.runOn}
          prefix={T.runOn}
          options={(words?.patients ?? []).map((value) => ({ value, label: value }))}
          value={patients}
          onChange={choose}
          className="rule-choice"
        />
        <Finding table={table} />
        {may ? (
          <Button icon={<PlusOutlined />} disabled={table.rows.length >= MOST} onClick={table.begin}>
            {T.row}
          </Button>
        ) : null}
      </Flex>
      {table.rows.length ? <Lines table={table} patients={patients} /> : <Nothing text={T.empty} />}
      {may ? <Bar table={table} /> : null}
    </Form>
  );
}

/** Further rules, found by name. */
function Finding({ table }: { table: Rows }): ReactNode {
  const { message } = App.useApp();
  const [q, look] = useState("");
  const found = useAsked<Page>(
    "GET /api/v1/curation/records",
    { query: { kind: "rule", q, limit: 20 } },
    { keep: true },
  );
  const there = new Set(table.rows.map((one) => one.key));
  const options = (found.data?.records ?? []).filter((one) => !there.has(one.id));
  return (
    <Select
      showSearch={{ filterOption: false, onSearch: look }}
      disabled={table.rows.length >= MOST}
      aria-label={T.find}
      placeholder={T.find}
      loading={found.isFetching}
      notFoundContent={found.error?.message ?? TEXTS.none}
      options={options.map((one) => ({ value: one.id, label: one.title }))}
      value={null}
      onSelect={(id) => {
        void whole(String(id)).then(table.add, (failed: Failure) => message.error(failed.message));
      }}
      className="rule-choice"
    />
  );
}

/** Saves row by row: one that cannot be saved keeps no other back. */
function Bar({ table }: { table: Rows }): ReactNode {
  const { missing } = usePerson();
  const [reason, say] = useState("");
  const [busy, work] = useState(false);
  const [told, tell] = useState({ saved: 0, failed: 0 });
  const count = (standing: string): number => Object.values(table.standings).filter((one) => one === standing).length;
  const [ready, faulty] = [count("ready"), count("faulty")];
  const save = async (): Promise<void> => {
    work(true);
    try {
      tell(await table.save(reason));
    } finally {
      work(false);
    }
  };
  return (
    <div className="curation-bar no-print">
      <div role="status">
        {told.saved ? <Alert type="success" showIcon title={`${told.saved} ${T.lines}${T.saved}`} /> : null}
        {told.failed ? <Alert type="error" showIcon title={`${told.failed} ${T.lines}${T.unsaved}`} /> : null}
      </div>
      <Flex gap={8} wrap align="center">
        <Reason value={reason} say={say} />
        <Button
          type="primary"
          disabled={!ready || !reason.trim() || missing}
          loading={busy}
          onClick={() => void save()}
        >
          {ready ? `${T.save}（${ready}）` : T.save}
        </Button>
        {faulty ? <Typography.Text strong>{`${faulty} ${T.faulty}`}</Typography.Text> : null}
      </Flex>
    </div>
  );
}
