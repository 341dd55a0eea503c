/** Choosing how many days back to look. */
import { Select } from "antd";
import type { ReactNode } from "react";
import { TEXTS } from "./texts";

export const USUAL_DAYS = 30;
const SPANS = [7, USUAL_DAYS, 90, 365].map((value) => ({ value, label: TEXTS.days(value) }));

export function SpanField({ days, span }: { days: number; span: (days: number) => void }): ReactNode {
  return <Select aria-label={TEXTS.span} value={days} options={SPANS} onChange={span} />;
}
