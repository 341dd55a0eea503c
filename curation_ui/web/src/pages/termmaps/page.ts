import { SwapOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "termmaps",
  title: "术语映射",
  about: "把各机构的编码对照到标准：生成建议、逐条确认、补充手工对照",
  group: "知识",
  order: 90,
  icon: SwapOutlined,
  permissions: ["terms.write", "terms.confirm"],
  load: () => import("./TermMaps"),
};
