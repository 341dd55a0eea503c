/** Choosing a period; it stays in the address, so that a view can be kept and passed on. */
import { Select } from "antd";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { useAddress } from "../shared/address";
import { choices, lastMonth } from "./periods";
import { TEXTS } from "./texts";

/** The period of the address, at first the last whole month. */
export function usePeriod(): string {
  return useSearchParams()[0].get("period") ?? lastMonth();
}

export function PeriodField(): ReactNode {
  const period = usePeriod();
  const [, change] = useAddress(false);
  return (
    <Select
      aria-label={TEXTS.period}
      className="period"
      showSearch={{ optionFilterProp: "label" }}
      value={period}
      options={choices(dayjs())}
      onChange={(chosen) => change({ period: chosen })}
    />
  );
}
