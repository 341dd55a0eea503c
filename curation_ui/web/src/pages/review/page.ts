import { AuditOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "review",
  title: "知识审核",
  about: "逐条对比修改前后，批准或退回",
  group: "知识",
  order: 40,
  icon: AuditOutlined,
  permissions: ["knowledge.approve"],
  load: () => import("./Review"),
};
