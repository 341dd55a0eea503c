/** A further version, written upon another, or polished by the model. */
import { App, Button, Flex, Form, Input, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Field } from "../../curation/Field";
import { usePerson } from "../../curation/person";
import { useTelling } from "../../shared/asking";
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
  const [cases, writeCases] = useState(casesOf(version));
  const [note, say] = useState("");
  const [wish, want] = useState("");
  const { by, missing } = usePerson();
  const kept = (made: Version): void => {
    message.success(TEXTS.saved);
    saved(made.number);
  };
  const add = useTelling<Version, typeof ADD>(ADD, [...TOUCHED], kept);
  const polish = useTelling<Version, typeof POLISH>(POLISH, [...TOUCHED], kept);
  const typed = content !== version.content || cases !== casesOf(version);
  const parsed = read(cases);
  const path = { prompt_id: id };
  const body = { content: { ...content, cases: parsed }, base: version.number, note, by };
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
        <Variables value={content.variables ?? []} onChange={(variables) => write({ ...content, variables })} />
      </Field>
      <Field
        label={`${TEXTS.cases}（JSON）`}
        name="cases"
        flaws={parsed ? [] : [{ field: "cases", problem: TEXTS.notJson }]}
      >
        <Input.TextArea
          className="prompt-text"
          autoSize={{ minRows: 4, maxRows: 20 }}
          value={cases}
          onChange={(event) => writeCases(event.target.value)}
        />
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
          disabled={!parsed || missing}
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

function casesOf({ content }: Version): string {
  return JSON.stringify(content.cases ?? [], null, 2);
}

function read(text: string): unknown[] | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
