import { FileSearchOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "prescriptions",
  title: "处方与提示",
  about: "查看一次审查：患者、医嘱、提示、答复与审方过程",
  group: "药事",
  order: 90,
  icon: FileSearchOutlined,
  permissions: ["review.read"],
  linked: true,
  load: () => import("./Prescriptions"),
};
