/** Which rules are noise, and what all of them come to. */
import type { Use } from "./types";

export type Limits = { share: number; answers: number };
export type Sum = Pick<Use, "shown" | "accepted" | "overridden" | "unanswered" | "overrideShare">;

/** Where a look begins; whoever looks may set others. */
export const LIMITS: Limits = { share: 80, answers: 10 };

/** Whether a rule was answered often enough to judge it, and set aside too often. */
export function noisy(use: Use, limits: Limits): boolean {
  return use.overrideShare !== null && answered(use) >= limits.answers && 100 * use.overrideShare >= limits.share;
}

/** All rules together. */
export function summed(rules: readonly Use[]): Sum {
  const of = (name: "shown" | "accepted" | "overridden" | "unanswered"): number =>
    rules.reduce((sum, use) => sum + use[name], 0);
  const [accepted, overridden] = [of("accepted"), of("overridden")];
  const share = accepted + overridden ? overridden / (accepted + overridden) : null;
  return { shown: of("shown"), accepted, overridden, unanswered: of("unanswered"), overrideShare: share };
}

function answered(use: Use): number {
  return use.accepted + use.overridden;
}
