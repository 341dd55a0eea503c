/** Words and times as people read them. */
import dayjs from "dayjs";

export type Severity = "contraindicated" | "major" | "moderate" | "minor" | "info";

/** How grave a finding is, in the order of gravity. */
export const SEVERITIES: Record<Severity, { title: string; colour: string; rank: number }> = {
  contraindicated: { title: "禁忌", colour: "red", rank: 0 },
  major: { title: "严重", colour: "volcano", rank: 1 },
  moderate: { title: "一般", colour: "gold", rank: 2 },
  minor: { title: "提示", colour: "blue", rank: 3 },
  info: { title: "信息", colour: "default", rank: 4 },
};

export const ROLES: Record<string, string> = {
  prescriber: "医师",
  pharmacist: "药师",
  supervisor: "药师组长",
  system: "系统",
};

const OURS: Record<string, string> = {
  yigong: "医共起步内容",
  "yigong-content": "医共起步内容",
  "yigong-second-pass": "医共第二遍核对",
  system: "系统",
  unknown: "未识别",
};

/** Who did something or where it is from: the software's own names in words, people's as they are. */
export function who(name = ""): string {
  return OURS[name] ?? name;
}

/** A moment to the minute; empty when there is none. */
export function moment(at: string | undefined): string {
  return at ? dayjs(at).format("YYYY-MM-DD HH:mm") : "";
}

/** A day; empty when there is none. */
export function day(at: string | undefined): string {
  return at ? dayjs(at).format("YYYY-MM-DD") : "";
}

/** Seconds until a moment; negative once it is past. */
export function secondsTo(at: string, now: number): number {
  return Math.round((dayjs(at).valueOf() - now) / 1000);
}

/** Seconds as minutes and seconds, hours and minutes, or days. */
export function lasting(seconds: number): string {
  const all = Math.abs(seconds);
  if (all >= 172_800) return `${Math.floor(all / 86_400)} 天`;
  if (all >= 3_600) return `${Math.floor(all / 3_600)} 小时 ${Math.floor((all % 3_600) / 60)} 分`;
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
}

/** What a field offers: titles by value, or values that are their own titles. */
export function options(titles: Record<string, string> | readonly string[]): { value: string; label: string }[] {
  const pairs = Array.isArray(titles) ? titles.map((one) => [one, one]) : Object.entries(titles);
  return pairs.map(([value, label]) => ({ value, label }));
}
