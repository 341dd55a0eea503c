/** Time to see what is shown before anything is decided about it. */
import { useEffect, useState } from "react";

const UNSEEN_MS = 700;

/** Whether the component has been shown long enough for somebody to see what it is about: a second press or click that
 * was meant for the one before is over by then. Give the component the `key` of what it shows. */
export function useSettled(): boolean {
  const [settled, settle] = useState(false);
  useEffect(() => {
    const waiting = setTimeout(() => settle(true), UNSEEN_MS);
    return () => clearTimeout(waiting);
  }, []);
  return settled;
}
