import { RocketOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "releases",
  title: "知识发布",
  about: "先看影响报告，再发布；查看各进程切换，必要时退回",
  group: "知识",
  order: 50,
  icon: RocketOutlined,
  permissions: ["knowledge.edit", "knowledge.approve"],
  load: () => import("./Releases"),
};
