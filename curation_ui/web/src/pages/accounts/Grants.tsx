/** Roles of an account: given and taken away. */
import { CloseOutlined } from "@ant-design/icons";
import { App, Button, Flex, Form, Popconfirm, Select, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useMay } from "../../shared/session";
import { TenantField } from "./TenantField";
import { NEEDED, TEXTS } from "./texts";
import type { Account, Grant, Roles } from "./types";

const ACCOUNTS = "GET /api/v1/accounts";
const GRANT = "POST /api/v1/accounts/{account_id}/grants";
const REVOKE = "DELETE /api/v1/accounts/{account_id}/grants/{grant_id}";

export function Grants({ account }: { account: Account }): ReactNode {
  const [granting, grants] = useState(false);
  const may = useMay("account.grant");
  return (
    <Flex gap={4} wrap align="center">
      {account.grants.map((one) => (
        <Held key={one.id} account={account} grant={one} may={may} />
      ))}
      {may ? (
        <Button size="small" className="no-print" onClick={() => grants(true)}>
          {TEXTS.grant}
        </Button>
      ) : null}
      {granting ? <Granting account={account} close={() => grants(false)} /> : null}
    </Flex>
  );
}

function Held({ account, grant, may }: { account: Account; grant: Grant; may: boolean }): ReactNode {
  const revoke = useTelling<Grant, typeof REVOKE>(REVOKE, [ACCOUNTS]);
  const path = { account_id: account.id, grant_id: grant.id };
  return (
    <Tag title={grant.tenant}>
      {grant.tenant === account.tenant ? grant.title : `${grant.title}（${grant.institution ?? grant.tenant}）`}
      {may ? (
        <Popconfirm title={TEXTS.revokeSure} onConfirm={() => revoke.mutate({ path })}>
          <Button type="text" size="small" icon={<CloseOutlined />} aria-label={TEXTS.revoke(grant.title)} />
        </Popconfirm>
      ) : null}
    </Tag>
  );
}

function Granting({ account, close }: { account: Account; close: () => void }): ReactNode {
  const { message } = App.useApp();
  const [form] = Form.useForm<{ role: string; tenant: string }>();
  const roles = useAsked<Roles, "GET /api/v1/roles">("GET /api/v1/roles");
  const grant = useTelling<Grant, typeof GRANT>(GRANT, [ACCOUNTS]);
  const done = (): void => {
    void message.success(TEXTS.done);
    close();
  };
  const options = (roles.data?.roles ?? []).map(({ name, title }) => ({ value: name, label: title }));
  return (
    <Dialog
      open
      title={`${TEXTS.grant}：${account.name}`}
      confirmLoading={grant.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{ tenant: account.tenant }}
        onFinish={(body) => grant.mutate({ path: { account_id: account.id }, body }, { onSuccess: done })}
      >
        <Form.Item name="role" label={TEXTS.role} rules={NEEDED}>
          <Select showSearch={{ optionFilterProp: "label" }} options={options} />
        </Form.Item>
        <Form.Item name="tenant" label={TEXTS.over} rules={NEEDED}>
          <TenantField />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
