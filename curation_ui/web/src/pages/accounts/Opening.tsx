/** Opening an account; its temporary password is shown once. */
import { Form, Input, Modal } from "antd";
import type { ReactNode } from "react";
import { useTelling } from "../../shared/asking";
import { useSession } from "../../shared/session";
import { useOnce } from "./once";
import { TenantField } from "./TenantField";
import { NEEDED, TEXTS } from "./texts";
import type { Account, Password } from "./types";

const ADD = "POST /api/v1/accounts";

type Given = { name: string; fullName: string; tenant: string };

export function Opening({ close }: { close: () => void }): ReactNode {
  const { institution } = useSession();
  const [form] = Form.useForm<Given>();
  const show = useOnce();
  const add = useTelling<Account & Password, typeof ADD>(ADD, ["GET /api/v1/accounts"]);
  const opened = (made: Account & Password): void => {
    close();
    show(`${TEXTS.password}：${made.name}`, made.temporaryPassword, TEXTS.passwordAbout);
  };
  return (
    <Modal open title={TEXTS.open} confirmLoading={add.isPending} onOk={() => form.submit()} onCancel={close}>
      <Form<Given>
        form={form}
        layout="vertical"
        initialValues={{ tenant: institution }}
        onFinish={(body) => add.mutate({ body }, { onSuccess: opened })}
      >
        <Form.Item name="name" label={TEXTS.name} rules={NEEDED}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="fullName" label={TEXTS.fullName} rules={NEEDED}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="tenant" label={TEXTS.tenant} rules={NEEDED}>
          <TenantField />
        </Form.Item>
      </Form>
    </Modal>
  );
}
