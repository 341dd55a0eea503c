/** Gives a message that was given up other content: what was sent, as text to be mended. */
import { Alert, Button, Flex, Form, Input } from "antd";
import type { ReactNode } from "react";
import type { Endpoint } from "../../../generated/endpoints";
import { useBytes, useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { Asked } from "../../shared/states";
import { MOST } from "./Reason";
import { TEXTS } from "./texts";
import type { Trace } from "./types";

const CONTENT = "GET /api/v1/exchange/messages/{message_id}/content";
const CORRECT = "POST /api/v1/exchange/messages/{message_id}/correction";
const LINE_END = /\r\n|\r|\n/g;

type Given = { content: string; reason: string };
type Correction = { id: string; touches: Endpoint[]; done: () => void; close: () => void };

export function Correcting(correction: Correction): ReactNode {
  const content = useBytes(CONTENT, { path: { message_id: correction.id } });
  return (
    <Dialog open title={TEXTS.correcting} width={800} footer={null} onCancel={correction.close}>
      <Asked query={content}>{(raw) => <Read {...correction} text={decoded(raw)} />}</Asked>
    </Dialog>
  );
}

/** Bytes as text; nothing where they are none, so that what is sent back is spoilt in no place. */
function decoded(raw: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return undefined;
  }
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}

function Read({ text, ...correction }: Correction & { text: string | undefined }): ReactNode {
  return text === undefined ? (
    <Alert type="warning" showIcon title={TEXTS.notText} />
  ) : (
    <Mending {...correction} text={text} />
  );
}

function Mending({ id, touches, done, close, text }: Correction & { text: string }): ReactNode {
  const [form] = Form.useForm<Given>();
  const correct = useTelling<Trace, typeof CORRECT>(CORRECT, touches);
  const sent = text.replace(LINE_END, "\n");
  const end = text.match(LINE_END)?.[0] ?? "\n"; // HL7 v2 ends its lines otherwise than a field of a page
  const send = ({ content, reason }: Given): void => {
    const body = { why: reason.trim(), content: base64(content.replace(LINE_END, end)) };
    const told = { path: { message_id: id }, body };
    correct.mutate(told, {
      onSuccess: done,
      onError: ({ field, message }) =>
        form.setFields([{ name: field === "why" ? "reason" : "content", errors: [message] }]),
    });
  };
  const changed = (_: unknown, content: string): Promise<void> =>
    content === sent ? Promise.reject(new Error(TEXTS.unchanged)) : Promise.resolve();
  const content = [{ required: true, whitespace: true, message: TEXTS.contentNeeded }, { validator: changed }];
  const reason = [{ required: true, whitespace: true, message: TEXTS.reasonNeeded }];
  return (
    <Form form={form} layout="vertical" initialValues={{ content: sent }} onFinish={send}>
      <Form.Item name="content" label={TEXTS.content} rules={content} extra={TEXTS.recorded}>
        <Input.TextArea autoFocus rows={14} className="systems-content" spellCheck={false} />
      </Form.Item>
      <Form.Item name="reason" label={TEXTS.reason} rules={reason}>
        <Input.TextArea rows={2} maxLength={MOST} showCount />
      </Form.Item>
      <Flex gap={8} justify="end">
        <Button onClick={close}>{TEXTS.cancel}</Button>
        <Button type="primary" htmlType="submit" loading={correct.isPending}>
          {TEXTS.send}
        </Button>
      </Flex>
    </Form>
  );
}
