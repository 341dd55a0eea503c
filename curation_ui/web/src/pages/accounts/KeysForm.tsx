/** Public keys of a hospital system: given, or where it publishes them. */
import { App, Form, Input, Segmented } from "antd";
import { type ReactNode, useState } from "react";
import { useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { NEEDED, TEXTS } from "./texts";

const KEYS = "POST /api/v1/clients/{client_id}/keys";
const KINDS = (["keys", "jku"] as const).map((value) => ({ value, label: TEXTS.proofs[value] }));

const PEM = "-----BEGIN";

export type KeysGiven = { keys?: string; kid?: string; jku?: string };

/** What is sent of the fields below. */
export function sent({ keys, kid = "", jku }: KeysGiven): {
  keys?: unknown;
  pem?: string;
  kid?: string;
  jku?: string;
} {
  if (jku) return { jku: jku.trim() };
  return isPem(keys) ? { pem: keys, kid } : keys ? { keys: JSON.parse(keys) } : {};
}

function isPem(keys?: string): boolean {
  return keys?.trimStart().startsWith(PEM) ?? false;
}

export function KeysField(): ReactNode {
  const given = Form.useWatch<string | undefined>("keys");
  const json = async (_: unknown, text: string): Promise<void> => {
    if (!isPem(text)) JSON.parse(text || "{}");
  };
  return (
    <>
      <Form.Item
        name="keys"
        label={TEXTS.keys}
        extra={TEXTS.keysAbout}
        rules={[...NEEDED, { validator: json, message: TEXTS.noJson }]}
      >
        <Input.TextArea rows={5} spellCheck={false} />
      </Form.Item>
      {isPem(given) ? (
        <Form.Item name="kid" label={TEXTS.kid} extra={TEXTS.kidAbout}>
          <Input autoComplete="off" />
        </Form.Item>
      ) : null}
    </>
  );
}

export function AddressField(): ReactNode {
  return (
    <Form.Item name="jku" label={TEXTS.jku} rules={[...NEEDED, { type: "url", message: TEXTS.noUrl }]}>
      <Input placeholder="https://" />
    </Form.Item>
  );
}

export function KeysForm({ client, close }: { client: string; close: () => void }): ReactNode {
  const { message } = App.useApp();
  const [form] = Form.useForm<KeysGiven>();
  const [kind, choose] = useState<"keys" | "jku">("keys");
  const renew = useTelling<unknown, typeof KEYS>(KEYS, ["GET /api/v1/clients"]);
  const done = (): void => {
    void message.success(TEXTS.done);
    close();
  };
  const send = (given: KeysGiven): void =>
    renew.mutate({ path: { client_id: client }, body: sent(given) }, { onSuccess: done });
  return (
    <Dialog
      open
      title={`${TEXTS.rotateKeys}：${client}`}
      confirmLoading={renew.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <p>{TEXTS.rotateSure}</p>
      <Form<KeysGiven> name="proof" form={form} layout="vertical" onFinish={send}>
        <Segmented aria-label={TEXTS.rotateKeys} options={KINDS} value={kind} onChange={choose} />
        {kind === "keys" ? <KeysField /> : <AddressField />}
      </Form>
    </Dialog>
  );
}
