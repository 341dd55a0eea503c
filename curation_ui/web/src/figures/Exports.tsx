/** Figures as files. */
import { App, Button } from "antd";
import { type ReactNode, useState } from "react";
import type { Failure } from "../shared/client";
import { TEXTS } from "./texts";

const FORMATS = ["xlsx", "csv", "pdf"] as const;
type Format = (typeof FORMATS)[number];

/** A button for each kind of file; `to` fetches it. */
export function Exports({ to }: { to: (format: Format) => Promise<void> }): ReactNode {
  const { message } = App.useApp();
  const [making, make] = useState<Format>();
  const fetched = (format: Format): void => {
    make(format);
    void to(format)
      .catch((error: Failure) => void message.error(error.message))
      .finally(() => make(undefined));
  };
  return FORMATS.map((format) => (
    <Button key={format} loading={making === format} onClick={() => fetched(format)}>
      {TEXTS[format]}
    </Button>
  ));
}
