import { FileProtectOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "recordqc",
  title: "病历质控",
  about: "查看病历评分和缺陷，申诉、整改、复核，统计和国家指标",
  group: "监管",
  order: 30,
  icon: FileProtectOutlined,
  permissions: ["qc.read"],
  load: () => import("./RecordQc"),
};
