/** Reports that were made, the newest first, with their files. */
import { Button, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useSaving, useTelling } from "../../shared/asking";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { moment } from "../../shared/words";
import { RUNS } from "./desk";
import { TEXTS } from "./texts";
import type { Run } from "./types";

const FILE = "GET /api/v1/reports/runs/{number}/file";
const RETRY = "POST /api/v1/reports/runs/{number}/retry";
const REFRESH_MS = 5_000;
const COLOURS: Record<Run["state"], string | undefined> = {
  waiting: "orange",
  done: "green",
  quiet: undefined,
  failed: "red",
};

export function Runs(): ReactNode {
  const runs = useAsked<{ runs: Run[] }, typeof RUNS>(RUNS, {}, { every: REFRESH_MS });
  return (
    <Asked query={runs} isEmpty={(found) => !found.runs.length} empty={TEXTS.noRuns}>
      {(found) => (
        <Rows<Run>
          rowKey="id"
          dataSource={found.runs}
          columns={[
            { title: TEXTS.name, dataIndex: "title" },
            { title: TEXTS.institution, dataIndex: "institution" },
            { title: TEXTS.period, dataIndex: "period" },
            { title: TEXTS.state, render: (_, one) => <Tag color={COLOURS[one.state]}>{one.stateTitle}</Tag> },
            { title: TEXTS.ended, render: (_, one) => moment(one.ended ?? undefined) },
            { title: TEXTS.said, className: "reports-said", render: (_, one) => one.error || one.text },
            { render: (_, one) => <Act run={one} /> },
          ]}
        />
      )}
    </Asked>
  );
}

function Act({ run }: { run: Run }): ReactNode {
  const may = useMay("indicator.write");
  if (run.file) return <Download run={run} file={run.file} />;
  return run.state === "failed" && may ? <Retry run={run} /> : null;
}

function Download({ run, file }: { run: Run; file: string }): ReactNode {
  const save = useSaving();
  const [busy, works] = useState(false);
  const fetched = (): void => {
    works(true);
    void save(FILE, file, { path: { number: run.id } }).finally(() => works(false));
  };
  return (
    <Button size="small" loading={busy} aria-label={TEXTS.downloading(file)} onClick={fetched}>
      {TEXTS.download}
    </Button>
  );
}

function Retry({ run }: { run: Run }): ReactNode {
  const retry = useTelling<Run, typeof RETRY>(RETRY, [RUNS]);
  return (
    <Button size="small" loading={retry.isPending} onClick={() => retry.mutate({ path: { number: run.id } })}>
      {TEXTS.retry}
    </Button>
  );
}
