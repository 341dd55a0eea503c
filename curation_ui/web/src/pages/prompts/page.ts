import { CommentOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "prompts",
  title: "提示词",
  about: "管理提示词的版本，运行测试用例，审核并按机构启用",
  group: "知识",
  order: 80,
  icon: CommentOutlined,
  permissions: ["knowledge.edit", "knowledge.approve"],
  load: () => import("./Prompts"),
};
