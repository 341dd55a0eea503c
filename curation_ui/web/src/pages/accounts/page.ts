import { TeamOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "accounts",
  title: "账户管理",
  about: "账号、角色与权限、接口客户端及其密钥、机构",
  group: "管理",
  order: 20,
  icon: TeamOutlined,
  permissions: ["account.manage", "account.grant", "institution.manage"],
  load: () => import("./Accounts"),
};
