/** Why whoever reviewed a record gave it back. */
import { Alert } from "antd";
import type { ReactNode } from "react";
import { useHistory } from "./History";
import type { Whole } from "./types";

const TEXTS = { title: "已退回，请按意见修改后重新提交", by: "审核人" };

type RejectionProps = { record: Pick<Whole, "kind" | "id" | "status"> };

/** Nothing, unless the record stands as it was given back. */
export function Rejection({ record }: RejectionProps): ReactNode {
  return record.status === "rejected" ? <Words {...record} /> : null;
}

function Words({ kind, id }: RejectionProps["record"]): ReactNode {
  const last = useHistory(kind, id).data?.revisions.at(-1);
  if (!last) return null;
  return (
    <Alert type="warning" showIcon title={TEXTS.title} description={`${last.reason}（${TEXTS.by} ${last.by}）`} />
  );
}
