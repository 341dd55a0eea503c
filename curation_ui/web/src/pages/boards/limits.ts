/** Lines that figures should lie between, in words and for charts. */
import type { Mark } from "../../figures/drawing";
import { figure } from "../../figures/numbers";
import type { Limits, Line } from "../../figures/types";
import { TEXTS } from "./texts";

/** When it warns; empty where it does not. */
export function said({ low, high }: Limits, unit: string): string {
  if (low !== null && high !== null) return TEXTS.limits(figure(low, unit), figure(high, unit));
  if (low !== null) return TEXTS.below(figure(low, unit));
  return high === null ? "" : TEXTS.above(figure(high, unit));
}

/** Lines to draw: those that hold for all that is shown. */
export function drawn(lines: Line[]): Mark[] {
  const ends = [
    { title: TEXTS.low, below: true, values: lines.map(({ limits }) => limits.low) },
    { title: TEXTS.high, below: false, values: lines.map(({ limits }) => limits.high) },
  ];
  return ends.flatMap(({ values: [value, ...others], ...named }) =>
    typeof value === "number" && others.every((other) => other === value) ? [{ ...named, value }] : [],
  );
}
