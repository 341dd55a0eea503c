import { MessageOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "returned",
  title: "退回的处方",
  about: "答复药师退回的处方：说明、二次签名、申诉或撤回",
  group: "诊疗",
  order: 20,
  icon: MessageOutlined,
  permissions: ["review.prescribe"],
  load: () => import("./Returned"),
};
