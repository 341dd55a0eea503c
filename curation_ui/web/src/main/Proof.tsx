/** Has a person prove again who they are, before something dangerous. */
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { setProver } from "../shared/client";

const Proving = lazy(() => import("./Proving"));

export function Proof(): ReactNode {
  const [settle, wait] = useState<(proved: boolean) => void>();
  useEffect(() => setProver(() => new Promise<boolean>((resolve) => wait(() => resolve))), []);
  if (!settle) return null;
  const end = (proved: boolean): void => {
    wait(undefined);
    settle(proved);
  };
  return (
    <Suspense fallback={null}>
      <Proving end={end} />
    </Suspense>
  );
}
