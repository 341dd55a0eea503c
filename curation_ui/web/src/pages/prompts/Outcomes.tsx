/** The cases of a version, and what came of them when they were run. */
import { Alert, Button, Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { useTelling } from "../../shared/asking";
import { useMay } from "../../shared/session";
import { Rows } from "../../shared/table";
import { moment } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Outcome, Run, Version } from "./types";

const RUN = "POST /api/v1/prompts/{prompt_id}/versions/{number}/runs";

type Line = { name: string; outcome: Outcome | undefined };

export function Outcomes({ id, version }: { id: string; version: Version }): ReactNode {
  const run = useTelling<Run, typeof RUN>(RUN, ["GET /api/v1/prompts/{prompt_id}"]);
  const last = run.data ?? version.lastRun;
  const may = useMay("knowledge.edit");
  const path = { prompt_id: id, number: version.number };
  const lines = (version.content.cases ?? []).map(({ name }) => ({
    name,
    outcome: last?.outcomes.find((one) => one.case === name),
  }));
  return (
    <Flex vertical gap={10}>
      <Flex gap={8} wrap align="center">
        {may ? (
          <Button type="primary" loading={run.isPending} onClick={() => run.mutate({ path })}>
            {TEXTS.run}
          </Button>
        ) : null}
        <Typography.Text type="secondary">
          {last ? [moment(last.at), last.by, last.model].filter(Boolean).join(" · ") : TEXTS.notRun}
        </Typography.Text>
      </Flex>
      {last ? (
        <Alert type={last.passed ? "success" : "error"} showIcon title={last.passed ? TEXTS.passed : TEXTS.failed} />
      ) : null}
      <Rows<Line>
        rowKey="name"
        dataSource={lines}
        expandable={{
          rowExpandable: (one) => Boolean(one.outcome?.output),
          expandedRowRender: (one) => <pre className="prompt-text">{one.outcome?.output}</pre>,
        }}
        columns={[
          { title: TEXTS.cases, dataIndex: "name" },
          { title: TEXTS.state, render: (_, one) => <Passed outcome={one.outcome} /> },
          { title: TEXTS.problems, render: (_, one) => one.outcome?.problems.join("；") },
        ]}
      />
    </Flex>
  );
}

function Passed({ outcome }: { outcome: Outcome | undefined }): ReactNode {
  if (!outcome) return TEXTS.notRun;
  return (
    <Tag color={outcome.passed ? "green" : "volcano"} variant="outlined">
      {outcome.passed ? TEXTS.passed : TEXTS.failed}
    </Tag>
  );
}
