/** Defines a role of one's own: which permissions it has, and where it is known. */
import { App, Checkbox, Form, Input } from "antd";
import type { ReactNode } from "react";
import { useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useSession } from "../../shared/session";
import { TenantField } from "./TenantField";
import { NEEDED, TEXTS } from "./texts";
import type { Role, Roles } from "./types";

const DEFINE = "POST /api/v1/roles";

type RoleFormProps = { role: Partial<Role>; known: Roles; close: () => void };
type Given = Pick<Role, "name" | "title" | "permissions"> & { tenant: string };

export function RoleForm({ role, known, close }: RoleFormProps): ReactNode {
  const { institution } = useSession();
  const { message } = App.useApp();
  const [form] = Form.useForm<Given>();
  const define = useTelling<Role, typeof DEFINE>(DEFINE, ["GET /api/v1/roles"]);
  const done = (): void => {
    void message.success(TEXTS.done);
    close();
  };
  const options = Object.entries(known.permissions)
    .filter(([name]) => !known.apart.includes(name))
    .map(([value, label]) => ({ value, label }));
  return (
    <Dialog
      open
      width={720}
      title={role.name ? TEXTS.edit : TEXTS.newRole}
      confirmLoading={define.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form<Given>
        name="role"
        form={form}
        layout="vertical"
        initialValues={{ tenant: institution, permissions: [], ...role }}
        onFinish={(body) => define.mutate({ body }, { onSuccess: done })}
      >
        <Form.Item name="title" label={TEXTS.roleTitle} rules={NEEDED}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item
          name="name"
          label={TEXTS.roleName}
          extra={TEXTS.roleNameAbout}
          rules={[...NEEDED, { pattern: /^[A-Za-z0-9-]{1,60}$/, message: TEXTS.roleNameAbout }]}
        >
          <Input disabled={Boolean(role.name)} autoComplete="off" />
        </Form.Item>
        <Form.Item name="tenant" label={TEXTS.known} rules={NEEDED}>
          <TenantField disabled={Boolean(role.name)} />
        </Form.Item>
        <Form.Item
          name="permissions"
          label={TEXTS.permissions}
          rules={[{ type: "array", min: 1, message: TEXTS.needed }]}
        >
          <Checkbox.Group className="accounts-permissions" options={options} />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
