/** Reports by what is asked for, the newest first. */
import { Tag } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { askAhead, useAsked } from "../../shared/asking";
import { Choice, Filters, Span, useFilters, Word } from "../../shared/filters";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { options } from "../../shared/words";
import { Pager } from "./Pager";
import { TEXTS } from "./texts";
import type { Page, Report } from "./types";

const REPORTS = "GET /api/v1/qc/reports";
const COLOURS: Record<string, string> = { 甲级: "green", 乙级: "orange", 丙级: "red" };

export const ahead = (): Promise<unknown> => askAhead(REPORTS, { query: {} });

export function Reports(): ReactNode {
  const [asked] = useFilters();
  const reports = useAsked<Page<"reports", Report>, typeof REPORTS>(REPORTS, { query: asked }, { keep: true });
  return (
    <>
      <Filters>
        <Word name="record" label={TEXTS.record} />
        <Choice name="kind" label={TEXTS.kind} options={options(TEXTS.kinds)} />
        <Choice name="stage" label={TEXTS.stage} options={options(TEXTS.stages)} />
        <Choice name="grade" label={TEXTS.grade} options={options(TEXTS.grades)} />
        <Word name="department" label={TEXTS.department} />
        <Word name="doctor" label={TEXTS.doctor} />
        <Span label={TEXTS.span} />
      </Filters>
      <Asked query={reports} isEmpty={(found) => !found.reports.length} empty={TEXTS.noReports}>
        {(found) => (
          <>
            <List reports={found.reports} />
            <Pager before={found.before} />
          </>
        )}
      </Asked>
    </>
  );
}

function List({ reports }: { reports: Report[] }): ReactNode {
  return (
    <Rows<Report>
      rowKey="id"
      dataSource={reports}
      pagination={false}
      columns={[
        { title: TEXTS.record, render: (_, one) => <Link to={`/recordqc/reports/${one.id}`}>{one.record}</Link> },
        { title: TEXTS.kind, dataIndex: "kind" },
        { title: TEXTS.stage, dataIndex: "stageTitle" },
        { title: TEXTS.department, dataIndex: "department" },
        { title: TEXTS.doctor, dataIndex: "doctor" },
        { title: TEXTS.day, dataIndex: "day" },
        { title: TEXTS.score, align: "right", dataIndex: "score" },
        { title: TEXTS.grade, render: (_, one) => <GradeTag grade={one.grade} /> },
      ]}
    />
  );
}

/** What a record is worth. */
export function GradeTag({ grade }: { grade: string }): ReactNode {
  return <Tag color={COLOURS[grade]}>{grade}</Tag>;
}
