/** Asks for a few words before something is done. */
import { Form, Input } from "antd";
import type { ReactNode } from "react";
import { Dialog } from "../../shared/dialog";
import { TEXTS } from "./texts";

type ReasonProps = {
  title: string;
  label: string;
  needed?: boolean;
  busy: boolean;
  send: (reason: string) => void;
  close: () => void;
};

export const MOST = 200;

export function Reason({ title, label, needed, busy, send, close }: ReasonProps): ReactNode {
  const [form] = Form.useForm<{ reason?: string }>();
  const rules = [{ required: needed, whitespace: needed, message: TEXTS.reasonNeeded }];
  return (
    <Dialog open title={title} confirmLoading={busy} onOk={() => form.submit()} onCancel={close}>
      <Form form={form} layout="vertical" onFinish={({ reason }) => send(reason?.trim() ?? "")}>
        <Form.Item name="reason" label={label} rules={rules}>
          <Input.TextArea rows={3} maxLength={MOST} showCount />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
