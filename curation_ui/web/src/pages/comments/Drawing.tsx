/** Drawing a sample. */
import { App, DatePicker, Form, Input, InputNumber, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { useAsked, useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useSession } from "../../shared/session";
import { options } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Codes, Round } from "./types";

type Given = {
  name: string;
  kind: string;
  span: [Dayjs, Dayjs];
  size?: number;
  method: string;
  source: string;
  reviewers?: string[];
};

const CREATE = "POST /api/v1/comments/rounds";
const NEEDED = [{ required: true, message: TEXTS.needed }];
const DAY = "YYYY-MM-DD";

export function Drawing({ close }: { close: () => void }): ReactNode {
  const { message } = App.useApp();
  const session = useSession();
  const navigate = useNavigate();
  const [form] = Form.useForm<Given>();
  const codes = useAsked<Codes>("GET /api/v1/comments/codes", {}, { staleMs: Number.POSITIVE_INFINITY });
  const create = useTelling<Round, typeof CREATE>(CREATE, ["GET /api/v1/comments/rounds"]);
  const draw = ({ span: [since, until], ...given }: Given): void => {
    const days = { since: since.format(DAY), until: until.add(1, "day").format(DAY) };
    const body = { ...given, ...days, by: { name: session.name, role: "supervisor" } };
    const drawn = (made: Round): void => {
      message.success(TEXTS.drawn);
      void navigate(made.id);
    };
    create.mutate({ body }, { onSuccess: drawn });
  };
  return (
    <Dialog
      open
      title={TEXTS.draw}
      okText={TEXTS.create}
      confirmLoading={create.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form<Given> form={form} layout="vertical" onFinish={draw} initialValues={start()}>
        <Form.Item name="name" label={TEXTS.name} rules={NEEDED}>
          <Input maxLength={80} />
        </Form.Item>
        <Form.Item name="kind" label={TEXTS.kind} rules={NEEDED}>
          <Select options={(codes.data?.kinds ?? []).map((value) => ({ value }))} />
        </Form.Item>
        <Form.Item name="span" label={TEXTS.span} rules={NEEDED}>
          <DatePicker.RangePicker />
        </Form.Item>
        <Form.Item name="source" label={TEXTS.source}>
          <Select options={options(TEXTS.sources)} />
        </Form.Item>
        <Form.Item name="method" label={TEXTS.method}>
          <Select options={options(TEXTS.methods)} />
        </Form.Item>
        <Form.Item name="size" label={TEXTS.size}>
          <InputNumber min={1} max={5000} />
        </Form.Item>
        <Form.Item name="reviewers" label={TEXTS.reviewers}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
      </Form>
    </Dialog>
  );
}

function start(): Given {
  const month = dayjs();
  const name = `${month.format("YYYY年M月")}门急诊处方点评`;
  return { name, kind: "普通处方", span: [month.startOf("month"), month], method: "random", source: "submitted" };
}
