/** Choosing how many days back to look; they stay in the address, so that a view can be kept and passed on. */
import { Select } from "antd";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { counted, useAddress } from "../shared/address";
import { TEXTS } from "./texts";

export const USUAL_DAYS = 30;
const SPANS = [7, USUAL_DAYS, 90, 365].map((value) => ({ value, label: TEXTS.days(value) }));

/** The days of the address. */
export function useDays(): number {
  return counted(useSearchParams()[0], "days", USUAL_DAYS);
}

export function SpanField(): ReactNode {
  const [, change] = useAddress();
  return (
    <Select
      aria-label={TEXTS.span}
      value={useDays()}
      options={SPANS}
      labelRender={({ value }) => TEXTS.days(Number(value))}
      onChange={(days) => change({ days })}
    />
  );
}
