/** Figures as files. */
import { App, Button } from "antd";
import type { ReactNode } from "react";
import type { Failure } from "../shared/client";
import { TEXTS } from "./texts";

const FORMATS = ["xlsx", "csv", "pdf"] as const;
type Format = (typeof FORMATS)[number];

/** A button for each kind of file; `to` fetches it. Not everything can be set as pages (`pages`). */
export function Exports({ to, pages }: { to: (format: Format) => Promise<void>; pages?: boolean }): ReactNode {
  const { message } = App.useApp();
  return FORMATS.filter((format) => pages || format !== "pdf").map((format) => (
    <Button key={format} onClick={() => to(format).catch((error: Failure) => message.error(error.message))}>
      {TEXTS[format]}
    </Button>
  ));
}
