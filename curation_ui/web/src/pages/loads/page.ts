import { ImportOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "loads",
  title: "知识载入",
  about: "上传药品目录等表格或外部来源，查看进度和未能读取的行",
  group: "知识",
  order: 70,
  icon: ImportOutlined,
  permissions: ["knowledge.edit", "knowledge.approve"],
  load: () => import("./Loads"),
};
