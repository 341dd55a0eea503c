/** What a version becomes with values filled in, before any model is asked. */
import { Button, Card, Flex, Form } from "antd";
import { type ReactNode, useState } from "react";
import { useTelling } from "../../shared/asking";
import { TEXTS } from "./texts";
import type { Filled, Version } from "./types";
import { Values } from "./Values";

const PREVIEW = "POST /api/v1/prompts/{prompt_id}/versions/{number}/preview";

export function Preview({ id, version }: { id: string; version: Version }): ReactNode {
  const [values, fill] = useState<Filled>({});
  const preview = useTelling<{ system: string; message: string }, typeof PREVIEW>(PREVIEW);
  const path = { prompt_id: id, number: version.number };
  return (
    <Form layout="vertical" component="div">
      <Values variables={version.content.variables ?? []} value={values} onChange={fill} />
      <Button loading={preview.isPending} onClick={() => preview.mutate({ path, body: { variables: values } })}>
        {TEXTS.fillIn}
      </Button>
      {preview.data ? (
        <Flex vertical gap={12}>
          <Card size="small" title={TEXTS.system}>
            <pre className="prompt-text">{preview.data.system}</pre>
          </Card>
          <Card size="small" title={TEXTS.message}>
            <pre className="prompt-text">{preview.data.message}</pre>
          </Card>
        </Flex>
      ) : null}
    </Form>
  );
}
