/** Several rules as a decision table: each a row, edited in its cells, tried on sample patients as it stands. */
import { PlusOutlined } from "@ant-design/icons";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Alert, Button, Flex, Form, Select, Typography } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { Person, usePerson } from "../../curation/person";
import { Reason } from "../../curation/Reason";
import type { RuleForm, Whole } from "../../curation/types";
import type { Failure } from "../../shared/client";
import { Frame } from "../../shared/frame";
import { useLeaving } from "../../shared/leaving";
import { useMay } from "../../shared/session";
import { Asked, Nothing } from "../../shared/states";
import { TOLD } from "../../shared/told";
import { Adding } from "./Adding";
import { useWords } from "./condition";
import { Lines } from "./Lines";
import { MOST, queryOf, type Rows, type Told, useRows } from "./rows";
import { wholes } from "./rule";
import { TEXTS } from "./texts";

const T = TEXTS.table;
const TRIED_FIRST = 2;

export function TablePage(): ReactNode {
  const [asked] = useSearchParams();
  const [ids] = useState(() => [...new Set(asked.getAll("id"))]);
  return (
    <Frame title={T.title} about={T.about} actions={<Person />} printable>
      {ids.length > MOST ? (
        <Alert type="warning" showIcon title={`${T.inAddress} ${ids.length} ${T.cut} ${MOST} 条`} />
      ) : null}
      <Asked query={useRules(ids.slice(0, MOST))}>{(found) => <Sheet start={found} />}</Asked>
    </Frame>
  );
}

/** Rules as they are when the table is opened; later ones do not take the place of what is typed. */
function useRules(ids: string[]): UseQueryResult<Whole<RuleForm>[], Failure> {
  return useQuery<Whole<RuleForm>[], Failure>({
    queryKey: ["decision-table", ids],
    queryFn: () => wholes(ids),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

/** The address names the rules of the table: loaded again, or sent to somebody, it shows the same. */
function useAddress({ rows }: Rows): void {
  const [asked, give] = useSearchParams();
  const wanted = queryOf(rows.flatMap((one) => one.whole?.id ?? [])).toString();
  const stands = asked.toString() === wanted;
  useEffect(() => {
    if (!stands) give(wanted, { replace: true });
  }, [stands, wanted, give]);
}

function Sheet({ start }: { start: Whole<RuleForm>[] }): ReactNode {
  const may = useMay("knowledge.edit");
  const table = useRows(start);
  const words = useWords();
  const [chosen, choose] = useState<string[]>();
  const patients = chosen ?? words?.patients.slice(0, TRIED_FIRST) ?? [];
  useAddress(table);
  useLeaving(Object.values(table.standings).some((one) => one !== "same"));
  return (
    <Form layout="vertical" component="div" disabled={!may}>
      <Flex gap={8} wrap align="start" className={`curation-filters ${TOLD}`}>
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
        <Adding table={table} />
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

/** Saves all rows that were changed, or none. */
function Bar({ table }: { table: Rows }): ReactNode {
  const { by, missing } = usePerson();
  const [reason, say] = useState("");
  const [busy, work] = useState(false);
  const [told, tell] = useState<Told>();
  const standings = Object.values(table.standings);
  const changed = standings.filter((one) => one !== "same").length;
  const faulty = standings.filter((one) => one === "faulty").length;
  const save = async (): Promise<void> => {
    work(true);
    try {
      tell(await table.save(reason, by));
    } finally {
      work(false);
    }
  };
  const ready = changed > 0 && !standings.includes("unwritten") && reason.trim() !== "" && !missing;
  return (
    <div className="curation-bar no-print">
      <div role="status">{told ? <Outcome told={told} /> : null}</div>
      <Flex gap={8} wrap align="center">
        <Reason value={reason} say={say} />
        <Button type="primary" disabled={!ready} loading={busy} onClick={() => void save()}>
          {changed ? `${T.save}（${changed}）` : T.save}
        </Button>
        {faulty ? <Typography.Text strong>{`${faulty} ${T.faulty}`}</Typography.Text> : null}
      </Flex>
    </div>
  );
}

function Outcome({ told: { saved, refused, failed } }: { told: Told }): ReactNode {
  if (saved) return <Alert type="success" showIcon title={`${saved} ${T.saved}`} />;
  return <Alert type="error" showIcon title={`${T.none}${failed || `${refused} ${T.refused}`}`} />;
}
