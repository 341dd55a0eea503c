/** Periods that people choose from, and how the API writes them. */
import dayjs, { type Dayjs } from "dayjs";
import { TEXTS } from "./texts";

type Choice = { value: string; label: string };

const YEARS = 3;
const QUARTERS = 8;
const MONTHS = 24;

/** Months, quarters and years up to today, the newest first. */
export function choices(today: Dayjs): { label: string; options: Choice[] }[] {
  return [
    { label: TEXTS.months, options: back(today, MONTHS, 1, month) },
    { label: TEXTS.quarters, options: back(today.startOf("month"), QUARTERS, 3, quarter) },
    { label: TEXTS.years, options: back(today, YEARS, 12, year) },
  ];
}

/** A period of the choices as it is called there; others as they are written. */
export function named(period: string): string {
  const [, years, quarters, months] = /^(\d{4})(?:-Q([1-4])|-(\d\d))?$/.exec(period) ?? [];
  if (!years) return period;
  if (quarters) return TEXTS.quarter(Number(years), Number(quarters));
  return months ? TEXTS.month(Number(years), Number(months)) : TEXTS.year(Number(years));
}

/** The last month that is whole. */
export function lastMonth(): string {
  return dayjs().subtract(1, "month").format("YYYY-MM");
}

/** So many months up to the end of the last whole one, for a trend. */
export function lately(months: number): string {
  const end = dayjs().startOf("month").subtract(1, "day");
  const begin = end.startOf("month").subtract(months - 1, "month");
  return `${begin.format("YYYY-MM-DD")}..${end.format("YYYY-MM-DD")}`;
}

function back(from: Dayjs, count: number, months: number, called: (day: Dayjs) => Choice): Choice[] {
  return Array.from({ length: count }, (_, index) => called(from.subtract(index * months, "month")));
}

function month(day: Dayjs): Choice {
  return { value: day.format("YYYY-MM"), label: TEXTS.month(day.year(), day.month() + 1) };
}

function quarter(day: Dayjs): Choice {
  const number = Math.floor(day.month() / 3) + 1;
  return { value: `${day.year()}-Q${number}`, label: TEXTS.quarter(day.year(), number) };
}

function year(day: Dayjs): Choice {
  return { value: String(day.year()), label: TEXTS.year(day.year()) };
}
