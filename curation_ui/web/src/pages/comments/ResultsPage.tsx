/** What a round comes to: rates, problems, departments, prescribers, drugs, indicators of the norm. */
import { Button, Flex, Statistic, Tabs, Tag } from "antd";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";
import { percent } from "../../figures/numbers";
import { useAsked, useSaving } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";
import type { Results, Tally } from "./types";

const RESULTS = "GET /api/v1/comments/rounds/{round_id}/results";
const BOOK = "GET /api/v1/comments/rounds/{round_id}/results.xlsx";

export function ResultsPage(): ReactNode {
  const { round = "" } = useParams();
  const results = useAsked<Results, typeof RESULTS>(RESULTS, { path: { round_id: round } });
  return <Asked query={results}>{(found) => <Shown results={found} />}</Asked>;
}

function Shown({ results }: { results: Results }): ReactNode {
  const save = useSaving();
  const { whole, round, enough } = results;
  const book = (): void => void save(BOOK, `${round.name}-结果.xlsx`, { path: { round_id: round.id } });
  const actions = useMay("comment.export") ? <Button onClick={book}>{TEXTS.exportResults}</Button> : null;
  return (
    <Frame title={round.name} about={<Link to="/comments">{TEXTS.back}</Link>} actions={actions} printable>
      <Flex gap={32} wrap align="center">
        <Statistic title={TEXTS.judged} value={whole.judged} suffix={`/ ${whole.sampled}`} />
        <Statistic title={TEXTS.bad} value={whole.unreasonable} />
        <Statistic title={TEXTS.share} value={percent(whole.share)} />
        {enough === null ? null : (
          <Tag color={enough ? "green" : "orange"}>{enough ? TEXTS.enough : TEXTS.notEnough}</Tag>
        )}
      </Flex>
      <Parts results={results} />
    </Frame>
  );
}

function Parts({ results }: { results: Results }): ReactNode {
  const items = [
    { key: "codes", label: TEXTS.codes, children: <Codes results={results} /> },
    {
      key: "departments",
      label: TEXTS.departments,
      children: <Tallies of={TEXTS.department} rows={results.departments} />,
    },
    {
      key: "prescribers",
      label: TEXTS.prescribers,
      children: <Tallies of={TEXTS.prescriber} rows={results.prescribers} />,
    },
    { key: "drugs", label: TEXTS.byDrug, children: <Drugs results={results} /> },
    { key: "indicators", label: TEXTS.indicators, children: <Indicators results={results} /> },
  ];
  return <Tabs items={items} />;
}

function Codes({ results }: { results: Results }): ReactNode {
  const columns = [
    { title: TEXTS.code, dataIndex: "code" },
    { title: TEXTS.kind, dataIndex: "group" },
    { title: TEXTS.problems, dataIndex: "title" },
    { title: TEXTS.prescriptions, dataIndex: "prescriptions" },
    { title: TEXTS.part, dataIndex: "share", render: percent },
  ];
  return <Rows rowKey="code" dataSource={results.codes} columns={columns} />;
}

function Tallies({ of, rows }: { of: string; rows: Tally[] }): ReactNode {
  const columns = [
    { title: of, render: (_: unknown, one: Tally) => named(one) },
    { title: TEXTS.judged, dataIndex: "judged" },
    { title: TEXTS.bad, dataIndex: "unreasonable" },
    { title: TEXTS.share, dataIndex: "share", render: percent },
  ];
  return <Rows rowKey={named} dataSource={rows} columns={columns} />;
}

function named(one: Tally): string {
  return [one.institution, one.department, one.prescriber].filter(Boolean).join(" ");
}

function Drugs({ results }: { results: Results }): ReactNode {
  const columns = [
    { title: TEXTS.drugs, dataIndex: "drug" },
    { title: TEXTS.prescriptions, dataIndex: "prescriptions" },
    { title: TEXTS.bad, dataIndex: "with_problem" },
    { title: TEXTS.part, dataIndex: "share", render: percent },
  ];
  return <Rows rowKey="drug" dataSource={results.drugs} columns={columns} />;
}

function Indicators({ results }: { results: Results }): ReactNode {
  const columns = [
    { title: TEXTS.code, dataIndex: "letter" },
    { title: TEXTS.indicator, dataIndex: "title" },
    {
      title: TEXTS.value,
      render: (_: unknown, one: Results["indicators"][number]) =>
        one.value === null ? "—" : `${one.value} ${one.unit}`,
    },
    { title: TEXTS.note, dataIndex: "note" },
  ];
  return <Rows rowKey="letter" dataSource={results.indicators} columns={columns} />;
}
