import { BookOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "knowledge",
  title: "知识检索",
  about: "按名称、拼音、编码或一句话查找知识，查看概念和知识图谱",
  group: "知识",
  order: 10,
  icon: BookOutlined,
  permissions: ["knowledge.read"],
  load: () => import("./Knowledge"),
};
