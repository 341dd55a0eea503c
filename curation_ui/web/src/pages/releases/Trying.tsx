/** The impact report: asked for, while it is made, and read. */
import { Button, Card, Flex, Form, InputNumber, Select } from "antd";
import { type ReactNode, useState } from "react";
import { JobView } from "../../curation/JobView";
import { usePerson } from "../../curation/person";
import type { Job } from "../../curation/types";
import { useAsked, useTelling } from "../../shared/asking";
import { Report } from "./Report";
import { TEXTS } from "./texts";
import type { Impact, Manifest } from "./types";

const IMPACT = "POST /api/v1/curation/releases/impact";
const JOBS = "GET /api/v1/curation/jobs";
type Question = { release: string; against: string; days: number; limit: number };
const USUAL: Question = { release: "draft", against: "", days: 7, limit: 2000 };

/** The newest report, running or done. */
export function useLatest(kind: "impact" | "publish"): Job | undefined {
  const jobs = useAsked<{ jobs: Job[] }>(JOBS, { query: { kind, limit: 1 } }, { every: 5_000 });
  return jobs.data?.jobs[0];
}

export function Trying({ releases }: { releases: Manifest[] }): ReactNode {
  const latest = useLatest("impact");
  return (
    <Card size="small" title={TEXTS.steps.impact}>
      <Flex vertical gap={12}>
        <Options releases={releases} busy={latest?.state === "running"} />
        {latest ? (
          <JobView<Impact> key={latest.id} id={latest.id} touches={[JOBS]}>
            {(report) => <Report report={report} />}
          </JobView>
        ) : null}
      </Flex>
    </Card>
  );
}

function Options({ releases, busy }: { releases: Manifest[]; busy: boolean }): ReactNode {
  const [asking, ask] = useState(USUAL);
  const { by, missing } = usePerson();
  const begin = useTelling<Job, typeof IMPACT>(IMPACT, [JOBS]);
  const named = releases.map((one) => ({ value: one.release, label: `${one.release.slice(0, 12)} ${one.note}` }));
  return (
    <Form layout="vertical" component="div" className="no-print">
      <Flex gap={12} wrap align="end">
        <Form.Item label={TEXTS.release}>
          <Select
            aria-label={TEXTS.release}
            value={asking.release}
            options={[{ value: "draft", label: TEXTS.draft }, ...named]}
            onChange={(release: string) => ask({ ...asking, release })}
            style={{ width: 190 }}
          />
        </Form.Item>
        <Form.Item label={TEXTS.against}>
          <Select
            aria-label={TEXTS.against}
            value={asking.against}
            options={[{ value: "", label: TEXTS.serving }, ...named]}
            onChange={(against: string) => ask({ ...asking, against })}
            style={{ width: 190 }}
          />
        </Form.Item>
        <Form.Item label={TEXTS.days}>
          <InputNumber
            aria-label={TEXTS.days}
            min={1}
            max={366}
            value={asking.days}
            onChange={(days) => ask({ ...asking, days: days ?? USUAL.days })}
          />
        </Form.Item>
        <Form.Item label={TEXTS.limit}>
          <InputNumber
            aria-label={TEXTS.limit}
            min={0}
            max={100_000}
            step={500}
            value={asking.limit}
            onChange={(limit) => ask({ ...asking, limit: limit ?? USUAL.limit })}
          />
        </Form.Item>
        <Form.Item>
          <Button
            type="primary"
            disabled={busy || missing}
            loading={begin.isPending}
            onClick={() => begin.mutate({ body: { ...asking, by } })}
          >
            {TEXTS.impact}
          </Button>
        </Form.Item>
      </Flex>
    </Form>
  );
}
