/** Why something is changed. */
import { Input } from "antd";
import type { ReactNode } from "react";

const TEXTS = { reason: "修改理由", hint: "如：新版说明书、药事会决定" };

export function Reason({ value, say }: { value: string; say: (reason: string) => void }): ReactNode {
  return (
    <Input
      value={value}
      onChange={(event) => say(event.target.value)}
      placeholder={TEXTS.hint}
      aria-label={TEXTS.reason}
      maxLength={400}
      style={{ maxWidth: 300 }}
    />
  );
}
