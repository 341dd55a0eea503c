/** Which days are looked at. */
import dayjs from "dayjs";
import { DAY, useFilters } from "../../shared/filters";

/** The days that are asked for; without any, this quarter up to today. */
export function useSpan(): { since: string; until: string } {
  const [asked] = useFilters();
  const today = dayjs();
  const begin = today.startOf("month").subtract(today.month() % 3, "month");
  return { since: asked.since ?? begin.format(DAY), until: asked.until ?? today.format(DAY) };
}
