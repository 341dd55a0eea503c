/** An institution as people call it; its path is told when one points at it. */
import type { ReactNode } from "react";

/** `institution` is left out by what names none, `tenant` where nothing belongs to one. */
export type Placed = { tenant?: string; institution?: string };

export function Institution({ tenant, institution }: Placed): ReactNode {
  return <span title={tenant}>{institution || tenant}</span>;
}
