import { SoundOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "governance",
  title: "预警治理",
  about: "各条规则的提示次数、采纳与忽略，找出噪声规则",
  group: "监管",
  order: 40,
  icon: SoundOutlined,
  permissions: ["review.read"],
  load: () => import("./Governance"),
};
