/** What each role may do; roles of one's own are made from scratch or as a copy, changed and given up. */
import { App, Button, Flex, Popconfirm, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { RoleForm } from "./RoleForm";
import { TEXTS } from "./texts";
import type { Role, Roles } from "./types";

const ROLES = "GET /api/v1/roles";
const REMOVE = "DELETE /api/v1/roles/{name}";

export function RoleTable(): ReactNode {
  const roles = useAsked<Roles, typeof ROLES>(ROLES);
  return <Asked query={roles}>{(found) => <Table found={found} />}</Asked>;
}

function Table({ found }: { found: Roles }): ReactNode {
  const [edited, edit] = useState<Partial<Role>>();
  const may = useMay("account.grant");
  return (
    <>
      {may ? (
        <Button type="primary" className="accounts-new no-print" onClick={() => edit({})}>
          {TEXTS.newRole}
        </Button>
      ) : null}
      <Rows<Role>
        rowKey="name"
        dataSource={found.roles}
        pagination={false}
        scroll={undefined}
        columns={[
          { title: TEXTS.role, dataIndex: "title" },
          { title: TEXTS.kind, responsive: ["md"], render: (_, { fixed }) => (fixed ? TEXTS.fixed : TEXTS.own) },
          {
            title: TEXTS.permissions,
            render: (_, { permissions }) =>
              permissions.map((one) => <Tag key={one}>{found.permissions[one] ?? one}</Tag>),
          },
          { title: TEXTS.actions, hidden: !may, render: (_, role) => <Changing role={role} edit={edit} /> },
        ]}
      />
      {edited ? <RoleForm role={edited} known={found} close={() => edit(undefined)} /> : null}
    </>
  );
}

function Changing({ role, edit }: { role: Role; edit: (role: Partial<Role>) => void }): ReactNode {
  const { message } = App.useApp();
  const remove = useTelling<unknown, typeof REMOVE>(REMOVE, [ROLES]);
  const done = { onSuccess: () => void message.success(TEXTS.done) };
  if (role.administers) return null;
  return (
    <Flex gap={4} wrap className="no-print">
      <Button size="small" onClick={() => edit({ permissions: role.permissions })}>
        {TEXTS.copy}
      </Button>
      {role.fixed ? null : (
        <>
          <Button size="small" onClick={() => edit(role)}>
            {TEXTS.edit}
          </Button>
          <Popconfirm title={TEXTS.removeSure} onConfirm={() => remove.mutate({ path: { name: role.name } }, done)}>
            <Button size="small" danger>
              {TEXTS.remove}
            </Button>
          </Popconfirm>
        </>
      )}
    </Flex>
  );
}
