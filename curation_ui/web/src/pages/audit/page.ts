import { FileSearchOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "audit",
  title: "审计查询",
  about: "查询谁在何时做了什么；查询本身也会记入审计",
  group: "管理",
  order: 30,
  icon: FileSearchOutlined,
  permissions: ["audit.read"],
  load: () => import("./Audit"),
};
