/** Handing a prescription to another pharmacist. */
import { AutoComplete, Form, Input } from "antd";
import type { ReactNode } from "react";
import { Dialog } from "../../shared/dialog";
import type { DialogProps } from "./Actions";
import { useColleagues } from "./desk";
import { TEXTS } from "./texts";

type Given = { to: string; reason?: string };

export function Handing({ one, decide, close }: DialogProps): ReactNode {
  const [form] = Form.useForm<Given>();
  const options = useColleagues().map((name) => ({ value: name }));
  const send = ({ to, reason = "" }: Given): void => {
    close();
    void decide(one, { action: "reassign", to: to.trim(), reason });
  };
  return (
    <Dialog open title={TEXTS.reassign} okText={TEXTS.sendOn} onOk={() => form.submit()} onCancel={close}>
      <Form form={form} layout="vertical" onFinish={send}>
        <Form.Item
          name="to"
          label={TEXTS.colleague}
          rules={[{ required: true, whitespace: true, message: TEXTS.colleagueNeeded }]}
        >
          <AutoComplete options={options} showSearch={{ filterOption: true }} />
        </Form.Item>
        <Form.Item name="reason" label={TEXTS.reassignNote}>
          <Input.TextArea rows={2} maxLength={1000} />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
