/** The dialog in which a person proves again who they are. */
import { Form, Input } from "antd";
import type { ReactNode } from "react";
import { useTelling } from "../shared/asking";
import { Dialog } from "../shared/dialog";
import { useSession } from "../shared/session";
import { ProviderLogin } from "./provider";

const TEXTS = {
  title: "请再次验证身份",
  about: "此操作较为敏感，须再次输入口令。",
  aboutProvider: "此操作较为敏感，须再次登录；返回后请重新操作。",
  password: "口令",
  code: "动态口令（未启用可不填）",
  confirm: "验证",
};

type Given = { password: string; code?: string };

export default function Proving({ end }: { end: (proved: boolean) => void }): ReactNode {
  const { provider } = useSession();
  const [form] = Form.useForm<Given>();
  const prove = useTelling<unknown, "POST /api/v1/session/proof">("POST /api/v1/session/proof");
  const given = ({ password, code = "" }: Given): void =>
    prove.mutate({ body: { password, code } }, { onSuccess: () => end(true) });
  if (provider) {
    return (
      <Dialog open title={TEXTS.title} footer={null} onCancel={() => end(false)}>
        <p>{TEXTS.aboutProvider}</p>
        <ProviderLogin title={provider} again />
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      title={TEXTS.title}
      okText={TEXTS.confirm}
      confirmLoading={prove.isPending}
      onOk={() => form.submit()}
      onCancel={() => end(false)}
    >
      <p>{TEXTS.about}</p>
      <Form<Given> form={form} layout="vertical" onFinish={given}>
        <Form.Item name="password" label={TEXTS.password} rules={[{ required: true }]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Form.Item name="code" label={TEXTS.code}>
          <Input autoComplete="one-time-code" inputMode="numeric" />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
