import { EditOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "curation",
  title: "知识编辑",
  about: "查找、新建和修改知识，粘贴 Excel 表格，提交审核",
  group: "知识",
  order: 20,
  icon: EditOutlined,
  permissions: ["knowledge.edit", "knowledge.approve"],
  load: () => import("./Curation"),
};
