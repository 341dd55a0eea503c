import { ApiOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "systems",
  title: "系统监测",
  about: "接入系统与本平台的运行状况，告警，交换报文的死信与追踪",
  group: "管理",
  order: 10,
  icon: ApiOutlined,
  permissions: ["operations.read", "exchange.read"],
  load: () => import("./Systems"),
};
