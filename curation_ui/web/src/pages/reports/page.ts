import { ScheduleOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "reports",
  title: "定时报表",
  about: "按计划生成指标报表并推送，下载已生成的文件",
  group: "监管",
  order: 60,
  icon: ScheduleOutlined,
  permissions: ["indicator.read"],
  load: () => import("./Reports"),
};
