/** A prompt of one's own: what it is called and for; its first version is written on its page. */
import { AutoComplete, Form, Input } from "antd";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { usePerson } from "../../curation/person";
import { useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { TEXTS } from "./texts";
import type { Whole } from "./types";

const CREATE = "POST /api/v1/prompts";
const FIRST = { template: "{{ question }}", variables: [{ name: "question", title: TEXTS.question }], cases: [] };
const NEEDED = [{ required: true, whitespace: true, message: TEXTS.needed }];

type Given = { name: string; purpose: string };
type CreatingProps = { purposes: string[]; close: () => void };

export function Creating({ purposes, close }: CreatingProps): ReactNode {
  const [form] = Form.useForm<Given>();
  const navigate = useNavigate();
  const { by, missing } = usePerson();
  const create = useTelling<Whole, typeof CREATE>(CREATE, ["GET /api/v1/prompts"], ({ id }) => void navigate(id));
  return (
    <Dialog
      open
      title={TEXTS.create}
      okText={TEXTS.create}
      okButtonProps={{ disabled: missing }}
      confirmLoading={create.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form<Given>
        name="prompt"
        form={form}
        layout="vertical"
        onFinish={(given) => create.mutate({ body: { ...given, content: FIRST, by } })}
      >
        <Form.Item name="name" label={TEXTS.name} rules={NEEDED}>
          <Input maxLength={80} />
        </Form.Item>
        <Form.Item name="purpose" label={TEXTS.purpose} extra={TEXTS.purposeAbout} rules={NEEDED}>
          <AutoComplete
            options={purposes.map((value) => ({ value }))}
            showSearch={{ filterOption: (typed, option) => option?.value.includes(typed) ?? false }}
          />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
