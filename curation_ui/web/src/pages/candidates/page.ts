import { MergeCellsOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "candidates",
  title: "合并候选",
  about: "判断可能是同一事物的概念，一人提出、另一人确认",
  group: "知识",
  order: 60,
  icon: MergeCellsOutlined,
  permissions: ["knowledge.edit", "knowledge.approve"],
  load: () => import("./Candidates"),
};
