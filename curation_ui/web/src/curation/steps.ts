/** Steps of the review, for one record or many. */
import { App } from "antd";
import { useTelling } from "../shared/asking";
import { usePerson } from "./person";
import type { Kind, Stepped } from "./types";

const STEPS = "POST /api/v1/curation/steps";
type Step = "submit" | "approve" | "reject" | "retire";
type One = { kind: Kind; id: string; revision: number };
type Answer = { done: number; records: Stepped[] };

const DONE: Record<Step, string> = { submit: "已提交审核", approve: "已批准", reject: "已退回", retire: "已停用" };

/** Take a step; what could not is told, `done` hears when all could. */
export function useStep(done: () => void = () => undefined): {
  take: (step: Step, records: One[], reason?: string) => void;
  busy: boolean;
} {
  const { message } = App.useApp();
  const { by } = usePerson();
  const telling = useTelling<Answer, typeof STEPS>(STEPS, [
    "GET /api/v1/curation/records",
    "GET /api/v1/curation/records/{kind}/{record_id}",
    "GET /api/v1/curation/history/{kind}/{record_id}",
    "GET /api/v1/curation/tallies",
    "GET /api/v1/curation/releases",
  ]);
  const take = (step: Step, records: One[], reason = ""): void => {
    const wanted = records.map(({ kind, id, revision }) => ({ kind, id, revision }));
    const told = ({ done: count, records: each }: Answer): void => {
      const stuck = each.filter((one) => one.problem);
      if (count) message.success(`${DONE[step]} ${count} 条`);
      for (const one of stuck.slice(0, 3)) message.error(one.problem);
      if (!stuck.length) done();
    };
    // Awaited, because what is decided may leave the list, and its form with it.
    const asked = telling.mutateAsync({ body: { step, records: wanted, reason, by } });
    void asked.then(told, () => undefined);
  };
  return { take, busy: telling.isPending };
}
