import { TeamOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "accounts",
  title: "账户管理",
  about: "开立和锁定账号、重置口令、授予角色",
  group: "管理",
  order: 20,
  icon: TeamOutlined,
  permissions: ["account.manage", "account.grant"],
  load: () => import("./Accounts"),
};
