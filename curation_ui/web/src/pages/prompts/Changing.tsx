/** A further version, written upon another, or polished by the model. */
import { App, Button, Flex, Form, Input, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Field } from "../../curation/Field";
import { usePerson } from "../../curation/person";
import { useTelling } from "../../shared/asking";
import { useLeaving } from "../../shared/leaving";
import { Cases } from "./Cases";
import { fitting, isWhole } from "./expecting";
import { TEXTS } from "./texts";
import type { Version } from "./types";
import { Variables } from "./Variables";

const ADD = "POST /api/v1/prompts/{prompt_id}/versions";
const POLISH = "POST /api/v1/prompts/{prompt_id}/polish";
const TOUCHED = ["GET /api/v1/prompts", "GET /api/v1/prompts/{prompt_id}"] as const;

type ChangingProps = { id: string; version: Version; saved: (number: number) => void; cancel: () => void };

export function Changing({ id, version, saved, cancel }: ChangingProps): ReactNode {
  const { message } = App.useApp();
  const [content, write] = useState(version.content);
  const [note, say] = useState("");
  const [wish, want] = useState("");
  const { by, missing } = usePerson();
  const stored = (made: Version): void => {
    message.success(TEXTS.saved);
    saved(made.number);
  };
  const add = useTelling<Version, typeof ADD>(ADD, [...TOUCHED], stored);
  const polish = useTelling<Version, typeof POLISH>(POLISH, [...TOUCHED], stored);
  const typed = content !== version.content;
  useLeaving(typed || Boolean(note || wish));
  const { variables = [], cases = [] } = content;
  const path = { prompt_id: id };
  const kept = { ...content, cases: cases.map((one) => fitting(one, variables)) };
  const body = { content: kept, base: version.number, note, by };
  return (
    <Form layout="vertical" component="div">
      <Field label={TEXTS.system}>
        <Input.TextArea
          autoSize={{ minRows: 2, maxRows: 10 }}
          value={content.system}
          onChange={(event) => write({ ...content, system: event.target.value })}
        />
      </Field>
      <Field label={TEXTS.template}>
        <Input.TextArea
          autoSize={{ minRows: 6, maxRows: 24 }}
          value={content.template}
          onChange={(event) => write({ ...content, template: event.target.value })}
        />
      </Field>
      <Field label={TEXTS.variables}>
        <Variables value={variables} onChange={(named) => write({ ...content, variables: named })} />
      </Field>
      <Field label={TEXTS.cases}>
        <Cases variables={variables} value={cases} onChange={(written) => write({ ...content, cases: written })} />
      </Field>
      <Flex gap={8} wrap align="center">
        <Input
          value={note}
          onChange={(event) => say(event.target.value)}
          aria-label={TEXTS.note}
          placeholder={TEXTS.note}
          style={{ maxWidth: 300 }}
        />
        <Button
          type="primary"
          disabled={missing || !cases.every(isWhole)}
          loading={add.isPending}
          onClick={() => add.mutate({ path, body })}
        >
          {TEXTS.save}
        </Button>
        <Button onClick={cancel}>{TEXTS.cancel}</Button>
      </Flex>
      <Typography.Title level={2}>{TEXTS.polish}</Typography.Title>
      <Flex gap={8} wrap>
        <Input
          value={wish}
          onChange={(event) => want(event.target.value)}
          aria-label={TEXTS.wish}
          placeholder={TEXTS.wish}
          style={{ maxWidth: 420 }}
        />
        <Button
          disabled={missing || typed}
          loading={polish.isPending}
          onClick={() => polish.mutate({ path, body: { version: version.number, wish, by } })}
        >
          {TEXTS.polish}
        </Button>
        {typed ? <Typography.Text type="secondary">{TEXTS.saveFirst}</Typography.Text> : null}
      </Flex>
    </Form>
  );
}
