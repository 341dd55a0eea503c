/** Publishing what a report was about, or, if one must, without one. */
import { Alert, App, Button, Card, Flex, Input } from "antd";
import { type ReactNode, useState } from "react";
import { JobView } from "../../curation/JobView";
import { usePerson } from "../../curation/person";
import type { Job } from "../../curation/types";
import { useAsked, useTelling } from "../../shared/asking";
import { useLatest } from "./Trying";
import { TEXTS } from "./texts";
import type { Impact, Published } from "./types";

const PUBLISH = "POST /api/v1/curation/releases";
const JOBS = "GET /api/v1/curation/jobs";
const JOB = "GET /api/v1/curation/jobs/{job_id}";

/** The release that the newest report of all approved knowledge was about. */
function useTried(): string {
  const latest = useLatest("impact");
  const done = { enabled: latest?.state === "done", staleMs: 60_000 };
  const path = { job_id: latest?.id ?? "" };
  const report = useAsked<Job<Impact>, typeof JOB>(JOB, { path }, done);
  return report.data?.state === "done" ? (report.data.result?.release ?? "") : "";
}

export function Publishing(): ReactNode {
  const latest = useLatest("publish");
  return (
    <Card size="small" title={TEXTS.steps.publish}>
      <Flex vertical gap={12}>
        <Starting busy={latest?.state === "running"} />
        {latest ? (
          <JobView<Published> key={latest.id} id={latest.id} touches={[JOBS, "GET /api/v1/curation/releases"]}>
            {(made) => <Done made={made} />}
          </JobView>
        ) : null}
      </Flex>
    </Card>
  );
}

function Starting({ busy }: { busy: boolean }): ReactNode {
  const { modal } = App.useApp();
  const [note, say] = useState("");
  const { by, missing } = usePerson();
  const tried = useTried();
  const publish = useTelling<Job, typeof PUBLISH>(PUBLISH, [JOBS]);
  const disabled = busy || missing || !note.trim();
  const begin = (expected: string): void =>
    publish.mutate({ body: { note, expected, by } }, { onSuccess: () => say("") });
  const confirm = (): void => {
    void modal.confirm({ title: TEXTS.publishUntried, content: note, onOk: () => begin("") });
  };
  return (
    <Flex gap={8} wrap className="no-print">
      <Input
        value={note}
        onChange={(event) => say(event.target.value)}
        aria-label={TEXTS.note}
        placeholder={TEXTS.note}
        maxLength={200}
        style={{ maxWidth: 320 }}
      />
      <Button type="primary" disabled={disabled || !tried} loading={publish.isPending} onClick={() => begin(tried)}>
        {TEXTS.publishTried}
      </Button>
      <Button disabled={disabled} onClick={confirm}>
        {TEXTS.publishUntried}
      </Button>
    </Flex>
  );
}

function Done({ made }: { made: Published }): ReactNode {
  const faults = Object.values(made.faults);
  return (
    <>
      <Alert type="success" showIcon title={`${TEXTS.published} ${made.release.slice(0, 16)}`} />
      {faults.length ? (
        <Alert type="warning" showIcon title={TEXTS.searchFault} description={faults.join("；")} />
      ) : null}
    </>
  );
}
