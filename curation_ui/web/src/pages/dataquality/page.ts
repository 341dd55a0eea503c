import { SafetyCertificateOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "dataquality",
  title: "数据质量",
  about: "各机构数据质量得分、排名与趋势，问题追查到报文和患者",
  group: "监管",
  order: 35,
  icon: SafetyCertificateOutlined,
  permissions: ["quality.read"],
  load: () => import("./DataQuality"),
};
