/** What the window is like, known before anything is drawn. */
import { useCallback, useMemo, useSyncExternalStore } from "react";

/** From here on the navigation stands beside the page. */
export const WIDE = "(min-width: 992px)";

/** Whether a media query holds; what shows it is drawn anew when that changes. */
export function useMedia(query: string): boolean {
  const list = useMemo(() => window.matchMedia(query), [query]);
  const watch = useCallback(
    (changed: () => void) => {
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    [list],
  );
  return useSyncExternalStore(watch, () => list.matches);
}

/** Whether the page is being printed: known before paper is laid out, where a media query is told while it is. */
export function usePaper(): boolean {
  return useSyncExternalStore(watchPaper, () => printing || PRINT.matches);
}

const PRINT = window.matchMedia("print");
let printing = false;

function watchPaper(changed: () => void): () => void {
  const set = ({ type }: Event): void => {
    if (type !== "change") printing = type === "beforeprint";
    changed();
  };
  window.addEventListener("beforeprint", set);
  window.addEventListener("afterprint", set);
  PRINT.addEventListener("change", set);
  return () => {
    window.removeEventListener("beforeprint", set);
    window.removeEventListener("afterprint", set);
    PRINT.removeEventListener("change", set);
  };
}

/** Light or dark, as the page is just now: what is drawn on a canvas is drawn anew when that changes. */
export function useShade(): string {
  return useSyncExternalStore(watchShade, () => document.documentElement.dataset.theme ?? "");
}

function watchShade(changed: () => void): () => void {
  const watch = new MutationObserver(changed);
  watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => watch.disconnect();
}
