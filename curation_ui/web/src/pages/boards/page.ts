import { BarChartOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "boards",
  title: "指标看板",
  about: "按主题查看监管指标，同比、环比、趋势、对比，直到明细",
  group: "监管",
  order: 10,
  icon: BarChartOutlined,
  permissions: ["indicator.read"],
  load: () => import("./Boards"),
};
