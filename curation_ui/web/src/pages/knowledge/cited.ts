import type { Source } from "./types";

/** Sources with what is meant of each, in one line. */
export function cited(sources: Source[] = []): string {
  return sources.map((one) => [one.title, one.section].filter(Boolean).join(" ")).join("；");
}
