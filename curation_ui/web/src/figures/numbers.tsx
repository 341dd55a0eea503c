/** Figures and changes as people read them. */
import { Typography } from "antd";
import type { ReactNode } from "react";
import { TEXTS } from "./texts";
import type { Compared } from "./types";

const DIGITS = 2;

/** A number with its unit; a dash where there is none. */
export function figure(value: number | null | undefined, unit = ""): string {
  if (value === null || value === undefined) return TEXTS.none;
  const text = value.toLocaleString("zh-CN", { maximumFractionDigits: DIGITS });
  return unit === "%" ? `${text}%` : `${text}${unit ? ` ${unit}` : ""}`;
}

/** A share as per cent. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? TEXTS.none : figure(100 * share, "%");
}

/** By how much more or less, said in words too for those who do not see the arrow. */
export function Change({ compared, unit }: { compared: Compared | null; unit: string }): ReactNode {
  const change = compared?.changePercent ?? null;
  if (change === null) return TEXTS.none;
  const said = change > 0 ? TEXTS.rise : TEXTS.fall;
  return (
    <Typography.Text
      title={figure(compared?.value, unit)}
      aria-label={change ? `${said} ${figure(Math.abs(change), "%")}` : undefined}
    >
      {change ? <span aria-hidden>{change > 0 ? "▲ " : "▼ "}</span> : null}
      {figure(Math.abs(change), "%")}
    </Typography.Text>
  );
}
