import { TableOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "analysis",
  title: "自助分析",
  about: "自选数据表、统计项、分组和筛选，保存为数据集",
  group: "监管",
  order: 50,
  icon: TableOutlined,
  permissions: ["indicator.read"],
  load: () => import("./Analysis"),
};
