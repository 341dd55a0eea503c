/** One report: how the score came about, every defect with its source and how to mend it. */
import { App, Button, Flex, Statistic, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useAsked, useTelling } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { DefectView } from "./DefectView";
import { GradeTag } from "./Reports";
import { TEXTS } from "./texts";
import type { Scoring, Whole } from "./types";

const REPORT = "GET /api/v1/qc/reports/{report}";
const RECHECK = "POST /api/v1/qc/reports/{report}/recheck";

export function ReportPage(): ReactNode {
  const { report = "" } = useParams();
  const whole = useAsked<Whole, typeof REPORT>(REPORT, { path: { report } });
  return <Asked query={whole}>{(found) => <Shown whole={found} />}</Asked>;
}

function Shown({ whole }: { whole: Whole }): ReactNode {
  const about = [whole.kind, whole.stageTitle, whole.department, whole.doctor, whole.day].filter(Boolean).join(" · ");
  return (
    <Frame title={`${TEXTS.title} ${whole.record}`} about={about} actions={<Actions whole={whole} />} printable>
      <Flex gap={32} wrap align="center">
        <Statistic title={TEXTS.score} value={whole.score} suffix={whole.scoring ? `/ ${whole.scoring.of}` : ""} />
        <Statistic title={TEXTS.firstScore} value={whole.firstScore} />
        <GradeTag grade={whole.grade} />
        {whole.current ? null : <Tag color="orange">{TEXTS.replaced}</Tag>}
      </Flex>
      {whole.scoring ? <Items scoring={whole.scoring} /> : null}
      <Typography.Title level={2}>{`${TEXTS.defects}（${whole.defects.length}）`}</Typography.Title>
      {whole.defects.length ? null : TEXTS.noDefects}
      {whole.defects.map((one) => (
        <DefectView key={one.id} defect={one} />
      ))}
      {whole.gaps.length ? <Gaps gaps={whole.gaps} /> : null}
    </Frame>
  );
}

function Actions({ whole }: { whole: Whole }): ReactNode {
  const { message } = App.useApp();
  const navigate = useNavigate();
  const recheck = useTelling<{ report: number }, typeof RECHECK>(RECHECK, [REPORT, "GET /api/v1/qc/reports"]);
  const rechecked = ({ report }: { report: number }): void => {
    message.success(TEXTS.rechecked);
    void navigate(`/recordqc/reports/${report}`);
  };
  const may = useMay("qc.write") && whole.current;
  return (
    <>
      <Link to="/recordqc/reports">
        <Button>{TEXTS.back}</Button>
      </Link>
      {may ? (
        <Button
          loading={recheck.isPending}
          onClick={() => recheck.mutate({ path: { report: whole.id } }, { onSuccess: rechecked })}
        >
          {TEXTS.recheck}
        </Button>
      ) : null}
    </>
  );
}

function Items({ scoring }: { scoring: Scoring }): ReactNode {
  return (
    <section aria-label={TEXTS.items}>
      <Typography.Title level={2}>{TEXTS.items}</Typography.Title>
      {scoring.vetoes.length ? <Tag color="red">{`${TEXTS.vetoes} ${scoring.vetoes.length}`}</Tag> : null}
      <Rows
        rowKey="group"
        dataSource={scoring.items}
        pagination={false}
        columns={[
          { title: TEXTS.item, dataIndex: "group" },
          { title: TEXTS.full, align: "right", dataIndex: "points" },
          { title: TEXTS.lost, align: "right", dataIndex: "lost" },
        ]}
      />
    </section>
  );
}

function Gaps({ gaps }: Pick<Whole, "gaps">): ReactNode {
  const needed = [...new Set(gaps.map((gap) => gap.needed))];
  return (
    <details>
      <summary>{`${TEXTS.gaps}（${gaps.length}），${TEXTS.gapsAbout}`}</summary>
      <ul>
        {needed.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </details>
  );
}
