/** One message from its arrival to what came of it; given up, it is done anew or settled. */
import { Alert, App, Button, Descriptions, Flex, Timeline, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Link, useParams } from "react-router";
import { useAsked, useTelling } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { Institution } from "../../shared/institution";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { moment } from "../../shared/words";
import { Correcting } from "./Correcting";
import { MessageState } from "./Messages";
import { Reason } from "./Reason";
import { TEXTS } from "./texts";
import type { Trace } from "./types";

const TRACE = "GET /api/v1/exchange/messages/{message_id}";
const REPLAY = "POST /api/v1/exchange/messages/{message_id}/replay";
const CLOSE = "POST /api/v1/exchange/messages/{message_id}/close";
const WAITING_MS = 2_000;
const TOUCHED = [TRACE, "GET /api/v1/exchange/messages"] as const;

export function TracePage(): ReactNode {
  const { message = "" } = useParams();
  const trace = useAsked<Trace, typeof TRACE>(TRACE, { path: { message_id: message } }, { every: whileWaiting });
  return <Asked query={trace}>{(found) => <Shown trace={found} />}</Asked>;
}

/** What waits is done within moments. */
function whileWaiting(trace: Trace | undefined): number | false {
  return trace?.state === "waiting" && WAITING_MS;
}

function Shown({ trace }: { trace: Trace }): ReactNode {
  const may = useMay("exchange.replay") && trace.state === "dead";
  const items = [
    { key: "institution", label: TEXTS.institution, children: <Institution {...trace} /> },
    {
      key: "standard",
      label: TEXTS.standard,
      children: [TEXTS.standards[trace.standard] ?? trace.standard, trace.kind].filter(Boolean).join(" "),
    },
    { key: "source", label: TEXTS.source, children: trace.source },
    { key: "state", label: TEXTS.state, children: <MessageState message={trace} /> },
  ];
  return (
    <Frame
      title={`${TEXTS.trace} ${trace.messageId}`}
      about={<Link to="/systems/messages">{TEXTS.back}</Link>}
      actions={may ? <Repair id={trace.id} /> : null}
      printable
    >
      <Descriptions size="small" column={{ xs: 1, md: 2 }} items={items} />
      {trace.dead ? <Dead {...trace.dead} /> : null}
      <Typography.Title level={2}>{TEXTS.steps}</Typography.Title>
      <Timeline items={trace.steps.map((step) => ({ key: `${step.at} ${step.act}`, content: said(step) }))} />
      <Facts facts={trace.facts} />
    </Frame>
  );
}

function said({ at, act, actor }: Trace["steps"][number]): string {
  return [moment(at), TEXTS.acts[act] ?? act, actor].filter(Boolean).join(" · ");
}

function Dead({ title, field, problem }: NonNullable<Trace["dead"]>): ReactNode {
  return <Alert type="error" showIcon title={title} description={[field, problem].filter(Boolean).join("：")} />;
}

function Facts({ facts }: Pick<Trace, "facts">): ReactNode {
  return (
    <>
      <Typography.Title level={2}>{TEXTS.facts}</Typography.Title>
      {facts.length ? null : TEXTS.noFacts}
      <ul>
        {facts.map(({ resource, version }) => (
          <li key={`${resource} ${version}`}>{`${resource} · ${TEXTS.version} ${version}`}</li>
        ))}
      </ul>
    </>
  );
}

function Repair({ id }: { id: string }): ReactNode {
  const { message } = App.useApp();
  const [doing, choose] = useState<"replay" | "close" | "correct">();
  const reads = useMay("record.read");
  const replay = useTelling<Trace, typeof REPLAY>(REPLAY, [...TOUCHED]);
  const close = useTelling<Trace, typeof CLOSE>(CLOSE, [...TOUCHED]);
  const done = (): void => {
    void message.success(TEXTS.done);
    choose(undefined);
  };
  const send = (why: string): void => {
    const given = { path: { message_id: id }, body: { why } };
    if (doing === "replay") replay.mutate(given, { onSuccess: done });
    else close.mutate(given, { onSuccess: done });
  };
  return (
    <Flex gap={8}>
      <Button onClick={() => choose("replay")}>{TEXTS.replay}</Button>
      {reads ? <Button onClick={() => choose("correct")}>{TEXTS.correct}</Button> : null}
      <Button onClick={() => choose("close")}>{TEXTS.close}</Button>
      {doing === "correct" ? (
        <Correcting id={id} touches={[...TOUCHED]} done={done} close={() => choose(undefined)} />
      ) : null}
      {doing === "replay" || doing === "close" ? (
        <Reason
          title={TEXTS[doing]}
          label={TEXTS.reason}
          needed
          busy={replay.isPending || close.isPending}
          send={send}
          close={() => choose(undefined)}
        />
      ) : null}
    </Flex>
  );
}
