/** Loads: begun from a file, watched, with the rows that could not be read; accepted by another person. */
import { UploadOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Col, Drawer, Flex, Input, Row, Select, Typography, Upload } from "antd";
import { type ReactNode, useState } from "react";
import { JobView } from "../../curation/JobView";
import { Person, usePerson } from "../../curation/person";
import type { Job } from "../../curation/types";
import { useAsked, useTelling } from "../../shared/asking";
import { encoded } from "../../shared/files";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows, Turning } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { moment, who } from "../../shared/words";
import { TEXTS } from "./texts";

const LOADS = "GET /api/v1/curation/loads";
const ERRORS = "GET /api/v1/curation/loads/{load_id}/errors";
const BEGIN = "POST /api/v1/curation/loads";
const ACCEPT = "POST /api/v1/curation/loads/acceptance";
const JOBS = "GET /api/v1/curation/jobs";
const MOST_BYTES = 2_500_000;
const PAGE_ROWS = 100;
const OWN = "formulary";

type Loader = { name: string; title: string; standing: string; own: boolean };
type Run = {
  id: string;
  loader: string;
  file: string;
  author: string;
  started: string;
  finished?: string;
  position: number;
  written: number;
  unchanged: number;
  kept: number;
  errors: number;
};
type Listed = { loaders: Loader[]; loads: Run[] };
type RowFault = { file: string; line: number; field: string; message: string };
type Faulty = { errors: RowFault[]; next: number | null };
type Loaded = { load: string; written: number; unchanged: number; kept: number; errors: number };

export default function Loads(): ReactNode {
  const listed = useAsked<Listed>(LOADS, {}, { every: 10_000 });
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<Person />} printable>
      <Asked query={listed}>{(found) => <Body listed={found} />}</Asked>
    </Frame>
  );
}

function Body({ listed }: { listed: Listed }): ReactNode {
  const [shown, show] = useState("");
  const edits = useMay("knowledge.edit");
  const approves = useMay("knowledge.approve");
  return (
    <Flex vertical gap={16}>
      <Row gutter={[12, 12]}>
        {edits ? (
          <Col xs={24} lg={14}>
            <Beginning loaders={listed.loaders} show={show} />
          </Col>
        ) : null}
        {approves ? (
          <Col xs={24} lg={10}>
            <Accepting loaders={listed.loaders} />
          </Col>
        ) : null}
      </Row>
      <Runs listed={listed} show={show} />
      <Drawer open={shown !== ""} onClose={() => show("")} title={TEXTS.errors} size={720}>
        {shown ? <Faults load={shown} /> : null}
      </Drawer>
    </Flex>
  );
}

function Choice({
  loaders,
  value,
  choose,
}: {
  loaders: Loader[];
  value: string;
  choose: (name: string) => void;
}): ReactNode {
  return (
    <Select
      className={TOLD}
      aria-label={TEXTS.source}
      value={value}
      onChange={choose}
      options={loaders.map((one) => ({ value: one.name, label: `${one.title}（${one.standing}）` }))}
      style={{ minWidth: 240, maxWidth: "100%" }}
    />
  );
}

function Beginning({ loaders, show }: { loaders: Loader[]; show: (load: string) => void }): ReactNode {
  const { message } = App.useApp();
  const [loader, choose] = useState(OWN);
  const [file, take] = useState<File>();
  const { by, missing } = usePerson();
  const jobs = useAsked<{ jobs: Job[] }>(JOBS, { query: { kind: "load", limit: 1 } }, { every: 5_000 });
  const begin = useTelling<Job, typeof BEGIN>(BEGIN, [JOBS]);
  const latest = jobs.data?.jobs[0];
  const start = async (): Promise<void> => {
    if (!file) return;
    const body = { loader, name: file.name, file: await encoded(file), by };
    begin.mutate({ body }, { onSuccess: () => take(undefined) });
  };
  const picked = (given: File): boolean => {
    if (given.size > MOST_BYTES) message.error(TEXTS.tooLarge);
    else take(given);
    return false;
  };
  return (
    <Card size="small" title={TEXTS.upload}>
      <Flex vertical gap={10}>
        <Flex gap={8} wrap>
          <Choice loaders={loaders} value={loader} choose={choose} />
          <Upload beforeUpload={picked} showUploadList={false} maxCount={1}>
            <Button icon={<UploadOutlined />}>{file?.name ?? TEXTS.file}</Button>
          </Upload>
          <Button
            type="primary"
            disabled={!file || missing || latest?.state === "running"}
            loading={begin.isPending}
            onClick={() => void start()}
          >
            {TEXTS.begin}
          </Button>
        </Flex>
        <Typography.Text type="secondary">{TEXTS.tables}</Typography.Text>
        {latest ? (
          <JobView<Loaded> key={latest.id} id={latest.id} touches={[LOADS, JOBS]}>
            {(done) => <Result done={done} show={show} />}
          </JobView>
        ) : null}
      </Flex>
    </Card>
  );
}

function Result({ done, show }: { done: Loaded; show: (load: string) => void }): ReactNode {
  const told = `${TEXTS.written} ${done.written}，${TEXTS.unchanged} ${done.unchanged}，${TEXTS.kept} ${done.kept}`;
  const errors = done.errors ? (
    <Button size="small" onClick={() => show(done.load)}>
      {TEXTS.errors} {done.errors}
    </Button>
  ) : null;
  return (
    <Alert type={done.errors ? "warning" : "success"} showIcon title={`${TEXTS.result}：${told}`} action={errors} />
  );
}

function Accepting({ loaders }: { loaders: Loader[] }): ReactNode {
  const { message } = App.useApp();
  const [loader, choose] = useState(OWN);
  const [reason, say] = useState("");
  const { by, missing } = usePerson();
  const accept = useTelling<{ accepted: number }, typeof ACCEPT>(ACCEPT, ["GET /api/v1/curation/releases"]);
  const tell = (): void =>
    accept.mutate(
      { body: { loader, reason, by } },
      { onSuccess: ({ accepted }) => void message.success(`${TEXTS.accepted} ${accepted}`) },
    );
  return (
    <Card size="small" title={TEXTS.accept}>
      <Flex vertical gap={10}>
        <Typography.Text type="secondary">{TEXTS.acceptAbout}</Typography.Text>
        <Choice loaders={loaders} value={loader} choose={choose} />
        <Flex gap={8} wrap>
          <Input
            value={reason}
            onChange={(event) => say(event.target.value)}
            aria-label={TEXTS.acceptWhy}
            placeholder={TEXTS.acceptWhy}
            style={{ maxWidth: 240 }}
          />
          <Button disabled={!reason.trim() || missing} loading={accept.isPending} onClick={tell}>
            {TEXTS.accept}
          </Button>
        </Flex>
      </Flex>
    </Card>
  );
}

function Runs({ listed, show }: { listed: Listed; show: (load: string) => void }): ReactNode {
  const title = (name: string): string => listed.loaders.find((one) => one.name === name)?.title ?? name;
  return (
    <section aria-label={TEXTS.runs}>
      <Typography.Title level={2}>{TEXTS.runs}</Typography.Title>
      <Rows<Run>
        rowKey="id"
        dataSource={listed.loads}
        locale={{ emptyText: TEXTS.none }}
        columns={[
          { title: TEXTS.when, render: (_, one) => moment(one.started) },
          { title: TEXTS.source, render: (_, one) => title(one.loader) },
          { title: TEXTS.name, dataIndex: "file" },
          { title: TEXTS.by, render: (_, one) => who(one.author) },
          {
            title: TEXTS.progress,
            render: (_, one) => (one.finished ? TEXTS.done : `${TEXTS.running} ${one.position}`),
          },
          { title: TEXTS.written, dataIndex: "written" },
          { title: TEXTS.unchanged, dataIndex: "unchanged" },
          { title: TEXTS.kept, dataIndex: "kept" },
          {
            title: TEXTS.errors,
            render: (_, one) =>
              one.errors ? (
                <Button size="small" onClick={() => show(one.id)}>
                  {one.errors} {TEXTS.open}
                </Button>
              ) : (
                0
              ),
          },
        ]}
      />
    </section>
  );
}

function Faults({ load }: { load: string }): ReactNode {
  const [offset, turn] = useState(0);
  const errors = useAsked<Faulty, typeof ERRORS>(
    ERRORS,
    { path: { load_id: load }, query: { offset, limit: PAGE_ROWS } },
    { keep: true },
  );
  return (
    <Asked query={errors} isEmpty={(found) => !found.errors.length && !offset}>
      {(found) => (
        <>
          <Rows<RowFault>
            rowKey={(one) => `${one.file} ${one.line} ${one.field} ${one.message}`}
            dataSource={found.errors}
            pagination={false}
            columns={[
              { title: TEXTS.fault.file, dataIndex: "file" },
              { title: TEXTS.fault.line, dataIndex: "line" },
              { title: TEXTS.fault.field, dataIndex: "field" },
              { title: TEXTS.fault.message, dataIndex: "message" },
            ]}
          />
          <Turning offset={offset} next={found.next} turn={turn} />
        </>
      )}
    </Asked>
  );
}
