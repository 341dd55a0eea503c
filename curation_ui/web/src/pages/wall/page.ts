import { FundProjectionScreenOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "wall",
  title: "监管大屏",
  about: "全屏轮播各主题指标和预警，自动刷新",
  group: "监管",
  order: 20,
  icon: FundProjectionScreenOutlined,
  permissions: ["indicator.read"],
  bare: true,
  load: () => import("./Wall"),
};
