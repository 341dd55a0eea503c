/** One prompt: a version read, tried, changed into another, decided and used. */
import { App, Button, Card, Descriptions, Flex, Input, Rate, Select, Tabs, Tag, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useParams } from "react-router";
import { Person, usePerson } from "../../curation/person";
import { useAsked, useTelling } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { moment, who } from "../../shared/words";
import { TenantField } from "../accounts/TenantField";
import { Changing } from "./Changing";
import { Outcomes } from "./Outcomes";
import { Past } from "./Past";
import { Preview } from "./Preview";
import "./prompts.css";
import { TEXTS } from "./texts";
import type { Figures, Listed, Version, Whole } from "./types";

const ONE = "GET /api/v1/prompts/{prompt_id}";
const LIST = "GET /api/v1/prompts";
const DIFF = "GET /api/v1/prompts/{prompt_id}/versions/{number}/diff";
const USAGE = "GET /api/v1/prompts/{prompt_id}/usage";
const RATE = "POST /api/v1/prompts/{prompt_id}/ratings";
const SUBMIT = "POST /api/v1/prompts/{prompt_id}/versions/{number}/submission";
const DECIDE = "POST /api/v1/prompts/{prompt_id}/versions/{number}/decision";
const ACTIVATE = "POST /api/v1/prompts/{prompt_id}/versions/{number}/activation";

export function PromptPage(): ReactNode {
  const id = useParams().id ?? "";
  const [number, choose] = useState(0);
  const [changing, change] = useState(false);
  const query = { version: number };
  const whole = useAsked<Whole, typeof ONE>(ONE, { path: { prompt_id: id }, query }, { keep: true });
  const listed = useAsked<Listed>(LIST);
  const versions = listed.data?.prompts.find((one) => one.id === id)?.versions ?? [];
  const options = [...versions]
    .sort((a, b) => b.number - a.number)
    .map((one) => ({ value: one.number, label: `${TEXTS.version} ${one.number} ${TEXTS.states[one.state] ?? ""}` }));
  const actions = (
    <>
      <Person />
      <Select
        aria-label={TEXTS.version}
        options={options}
        value={whole.data?.version.number}
        disabled={changing}
        onChange={choose}
        style={{ minWidth: 150 }}
      />
    </>
  );
  return (
    <Frame title={whole.data?.name ?? TEXTS.title} about={whole.data?.purpose} actions={actions} printable>
      <Asked query={whole}>
        {(found) => (
          <Body key={found.version.number} whole={found} made={choose} changing={changing} change={change} />
        )}
      </Asked>
    </Frame>
  );
}

type BodyProps = {
  whole: Whole;
  made: (number: number) => void;
  changing: boolean;
  change: (on: boolean) => void;
};

function Body({ whole: { id, version, history }, made, changing, change }: BodyProps): ReactNode {
  // What is written stays on this version, also when a colleague adds another.
  const begin = (): void => {
    made(version.number);
    change(true);
  };
  if (changing) {
    const saved = (number: number): void => {
      change(false);
      made(number);
    };
    return <Changing id={id} version={version} saved={saved} cancel={() => change(false)} />;
  }
  const items = [
    { key: "content", label: TEXTS.content, children: <Reading version={version} /> },
    { key: "cases", label: TEXTS.cases, children: <Outcomes id={id} version={version} /> },
    { key: "preview", label: TEXTS.preview, children: <Preview id={id} version={version} /> },
    { key: "diff", label: TEXTS.diff, children: <Difference id={id} version={version} /> },
    { key: "usage", label: TEXTS.usage, children: <Usage id={id} version={version} /> },
    { key: "history", label: TEXTS.history, children: <Past id={id} history={history} /> },
  ];
  return (
    <>
      <Steps id={id} version={version} change={begin} />
      <Tabs items={items} />
    </>
  );
}

function Reading({ version: { content } }: { version: Version }): ReactNode {
  const variables = (content.variables ?? []).map((one) => ({
    key: one.name,
    label: one.name,
    children: [one.title, TEXTS.variable.types[one.type ?? "text"]].filter(Boolean).join(" · "),
  }));
  return (
    <Flex vertical gap={12}>
      <Card size="small" title={TEXTS.system}>
        <pre className="prompt-text">{content.system}</pre>
      </Card>
      <Card size="small" title={TEXTS.template}>
        <pre className="prompt-text">{content.template}</pre>
      </Card>
      <Descriptions title={TEXTS.variables} items={variables} column={{ xs: 1, md: 2 }} size="small" />
    </Flex>
  );
}

function Difference({ id, version }: { id: string; version: Version }): ReactNode {
  const path = { prompt_id: id, number: version.number };
  const first = version.number === 1 && !version.base;
  const diff = useAsked<{ diff: string }, typeof DIFF>(DIFF, { path }, { enabled: !first });
  if (first) return <Typography.Text>{TEXTS.noDiff}</Typography.Text>;
  return <Asked query={diff}>{(found) => <pre className="prompt-text">{found.diff}</pre>}</Asked>;
}

function Usage({ id, version }: { id: string; version: Version }): ReactNode {
  const { message } = App.useApp();
  const path = { prompt_id: id };
  const usage = useAsked<Figures, typeof USAGE>(USAGE, { path });
  const rate = useTelling<unknown, typeof RATE>(RATE, [USAGE], () => void message.success(TEXTS.done));
  return (
    <>
      <Flex gap={8} align="center" className="no-print">
        <span>{`${TEXTS.rate} ${version.number}`}</span>
        <Rate
          aria-label={TEXTS.rate}
          disabled={rate.isPending}
          onChange={(score) => score && rate.mutate({ path, body: { version: version.number, score } })}
        />
      </Flex>
      <Asked query={usage}>
        {(found) => (
          <Rows<Figures["versions"][number]>
            rowKey="version"
            dataSource={found.versions}
            columns={[
              { title: TEXTS.version, dataIndex: "version" },
              { title: TEXTS.uses, dataIndex: "uses" },
              { title: TEXTS.failures, dataIndex: "failures" },
              { title: TEXTS.dropped, dataIndex: "dropped" },
              { title: TEXTS.raters, dataIndex: "ratings" },
              { title: TEXTS.score, dataIndex: "score" },
            ]}
          />
        )}
      </Asked>
    </>
  );
}

/** What may be done with a version where it stands. */
function Steps({ id, version, change }: { id: string; version: Version; change: () => void }): ReactNode {
  const { message } = App.useApp();
  const [note, say] = useState("");
  const [tenant, where] = useState("");
  const { by, missing } = usePerson();
  const edits = useMay("knowledge.edit");
  const approves = useMay("knowledge.approve");
  const path = { prompt_id: id, number: version.number };
  const submit = useTelling<unknown, typeof SUBMIT>(SUBMIT, [ONE, LIST]);
  const decide = useTelling<unknown, typeof DECIDE>(DECIDE, [ONE, LIST]);
  const activate = useTelling<unknown, typeof ACTIVATE>(ACTIVATE, [ONE, LIST]);
  const done = { onSuccess: () => void message.success(TEXTS.done) };
  const { state } = version;
  const judge = (approved: boolean): void => decide.mutate({ path, body: { approved, note, by } }, done);
  return (
    <Flex gap={8} wrap align="center" className="no-print">
      <Tag variant="outlined">{TEXTS.states[state] ?? state}</Tag>
      <Typography.Text type="secondary">
        {who(version.author)} · {moment(version.made)} {version.note}
      </Typography.Text>
      {edits ? <Button onClick={change}>{TEXTS.edit}</Button> : null}
      {edits && (state === "draft" || state === "rejected") ? (
        <Button
          disabled={missing}
          loading={submit.isPending}
          onClick={() => submit.mutate({ path, body: { note, by } }, done)}
        >
          {TEXTS.submit}
        </Button>
      ) : null}
      {approves && state === "submitted" ? (
        <>
          <Input
            value={note}
            onChange={(event) => say(event.target.value)}
            aria-label={TEXTS.note}
            placeholder={TEXTS.note}
            style={{ width: 200 }}
          />
          <Button type="primary" disabled={missing} loading={decide.isPending} onClick={() => judge(true)}>
            {TEXTS.approve}
          </Button>
          <Button disabled={missing || decide.isPending || !note.trim()} onClick={() => judge(false)}>
            {TEXTS.reject}
          </Button>
        </>
      ) : null}
      {approves && state === "approved" ? (
        <>
          <TenantField value={tenant} onChange={where} aria-label={TEXTS.where} placeholder={TEXTS.where} />
          <Button
            type="primary"
            disabled={missing}
            loading={activate.isPending}
            onClick={() => activate.mutate({ path, body: { by, tenant } }, done)}
          >
            {TEXTS.activate}
          </Button>
        </>
      ) : null}
    </Flex>
  );
}
