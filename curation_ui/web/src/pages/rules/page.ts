import { BranchesOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "rules",
  title: "规则",
  about: "点选搭建条件，在样例患者上试运行，维护用例",
  group: "知识",
  order: 30,
  icon: BranchesOutlined,
  permissions: ["knowledge.edit", "knowledge.approve"],
  load: () => import("./Rules"),
};
