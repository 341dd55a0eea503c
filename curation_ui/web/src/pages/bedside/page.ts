import { HeartOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "bedside",
  title: "临床面板",
  about: "打开一名患者：当前提示、诊断、检查、治疗、评估与区域诊疗史",
  group: "诊疗",
  order: 10,
  icon: HeartOutlined,
  permissions: ["inference.use"],
  load: () => import("./Bedside"),
};
