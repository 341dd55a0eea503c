/** Figures as files. */
import { App, Button } from "antd";
import type { ReactNode } from "react";
import type { Failure } from "../shared/client";
import { TEXTS } from "./texts";

const FORMATS = ["xlsx", "csv"] as const;
type Format = (typeof FORMATS)[number];

/** A button for each kind of file; `to` fetches it. */
export function Exports({ to }: { to: (format: Format) => Promise<void> }): ReactNode {
  const { message } = App.useApp();
  return FORMATS.map((format) => (
    <Button key={format} onClick={() => to(format).catch((error: Failure) => message.error(error.message))}>
      {TEXTS[format]}
    </Button>
  ));
}
