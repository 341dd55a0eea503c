/** Something that is asked for only when it is opened. */
import { type ReactNode, useState } from "react";

export function Unfolding({ title, children }: { title: string; children: ReactNode }): ReactNode {
  const [open, opens] = useState(false);
  return (
    <details onToggle={(event) => opens(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open ? children : null}
    </details>
  );
}
