/** How far a long job is, and what came of it. */
import { Alert, Flex, Progress, Typography } from "antd";
import { type ReactNode, useEffect } from "react";
import type { Endpoint } from "../../generated/endpoints";
import { refresh, useAsked } from "../shared/asking";
import { Asked } from "../shared/states";
import { moment, who } from "../shared/words";
import type { Job } from "./types";

const ONE = "GET /api/v1/curation/jobs/{job_id}";
const LOOK_MS = 1500;
const TEXTS = { begun: "开始于", by: "操作人", preparing: "正在准备", done: "完成" };

type JobProps<R> = { id: string; touches?: Endpoint[]; children?: (result: R) => ReactNode };

/** A job while it runs; `children` show what came of it; then what it `touches` is asked anew. */
export function JobView<R>({ id, touches = [], children }: JobProps<R>): ReactNode {
  const asked = useAsked<Job<R>, typeof ONE>(ONE, { path: { job_id: id } }, { staleMs: 0, every: pause });
  const ended = hasEnded(asked.data);
  const touched = touches.join(",");
  useEffect(() => {
    if (ended) void refresh(...(touched.split(",").filter(Boolean) as Endpoint[]));
  }, [ended, touched]);
  return <Asked query={asked}>{(job) => <Shown job={job}>{children}</Shown>}</Asked>;
}

function hasEnded(job: Job<unknown> | undefined): boolean {
  return job !== undefined && job.state !== "running";
}

/** Until a job is looked at again; one that ended is not. */
function pause(job: Job<unknown> | undefined): number | false {
  return !hasEnded(job) && LOOK_MS;
}

function Shown<R>({ job, children }: { job: Job<R>; children?: (result: R) => ReactNode }): ReactNode {
  if (job.state === "failed") return <Alert type="error" showIcon title={job.title} description={job.fault} />;
  if (job.state === "done") return job.result === undefined ? null : (children?.(job.result) ?? null);
  return <Running job={job} />;
}

function Running<R>({ job }: { job: Job<R> }): ReactNode {
  const percent = job.total ? Math.min(99, Math.round((100 * job.done) / job.total)) : undefined;
  return (
    <Flex vertical gap={4} role="status" aria-live="polite">
      <Typography.Text strong>
        {job.title}：{job.stage || TEXTS.preparing}
        {job.total ? `（${job.done}/${job.total}）` : job.done ? `（${job.done}）` : ""}
      </Typography.Text>
      <Progress percent={percent ?? 100} status="active" showInfo={percent !== undefined} aria-label={job.title} />
      <Typography.Text type="secondary">
        {TEXTS.begun} {moment(job.started)} · {TEXTS.by} {who(job.by)}
      </Typography.Text>
    </Flex>
  );
}
