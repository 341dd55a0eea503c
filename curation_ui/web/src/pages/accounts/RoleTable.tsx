/** What each role may do. */
import { Tag } from "antd";
import type { ReactNode } from "react";
import { useAsked } from "../../shared/asking";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";
import type { Role, Roles } from "./types";

export function RoleTable(): ReactNode {
  const roles = useAsked<Roles, "GET /api/v1/roles">("GET /api/v1/roles");
  return <Asked query={roles}>{(found) => <Table found={found} />}</Asked>;
}

function Table({ found }: { found: Roles }): ReactNode {
  return (
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
      ]}
    />
  );
}
