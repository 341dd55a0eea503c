import { AuditOutlined } from "@ant-design/icons";
import type { Page } from "../../shared/page";

export const PAGE: Page = {
  path: "queue",
  title: "处方审核",
  about: "按紧急程度审核待发药的处方，与医师沟通",
  group: "药事",
  order: 10,
  icon: AuditOutlined,
  permissions: ["review.decide", "review.supervise"],
  load: () => import("./Queue"),
};
