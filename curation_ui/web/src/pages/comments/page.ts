import { FormOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "comments",
  title: "处方点评",
  about: "抽样、逐张点评、汇总结果与导出",
  group: "药事",
  order: 20,
  icon: FormOutlined,
  permissions: ["comment.read"],
  load: () => import("./Comments"),
};
