/** Opening an account; its temporary password is shown once. */
import { DatePicker, Form, Input } from "antd";
import type { Dayjs } from "dayjs";
import type { ReactNode } from "react";
import { useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useSession } from "../../shared/session";
import { useOnce } from "./once";
import { TenantField } from "./TenantField";
import { NEEDED, TEXTS } from "./texts";
import type { Account, Password } from "./types";

const ADD = "POST /api/v1/accounts";

type Given = { name: string; fullName: string; tenant: string; expires?: Dayjs };

export function Opening({ close }: { close: () => void }): ReactNode {
  const { institution } = useSession();
  const [form] = Form.useForm<Given>();
  const show = useOnce();
  const opened = (made: Account & Password): void => {
    close();
    show(`${TEXTS.password}：${made.name}`, made.temporaryPassword, TEXTS.passwordAbout);
  };
  const add = useTelling<Account & Password, typeof ADD>(ADD, ["GET /api/v1/accounts"], opened);
  const open = ({ expires, ...given }: Given): void =>
    add.mutate({ body: { ...given, expires: expires?.endOf("day").toISOString() ?? "" } });
  return (
    <Dialog open title={TEXTS.open} confirmLoading={add.isPending} onOk={() => form.submit()} onCancel={close}>
      <Form<Given> form={form} layout="vertical" initialValues={{ tenant: institution }} onFinish={open}>
        <Form.Item name="name" label={TEXTS.name} rules={NEEDED}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="fullName" label={TEXTS.fullName} rules={NEEDED}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="tenant" label={TEXTS.tenant} rules={NEEDED}>
          <TenantField />
        </Form.Item>
        <Form.Item name="expires" label={TEXTS.expires}>
          <DatePicker />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
