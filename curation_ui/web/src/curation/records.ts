/** Records of the workbench, found while somebody types. */
import { useEffect, useState } from "react";
import { useAsked } from "../shared/asking";
import type { Found, Kind, Page } from "./types";

const RECORDS = "GET /api/v1/curation/records";
const PAUSE_MS = 300;
const LEAST = 2;
const FEW = 4;

/** Where a record is edited; rules have an editor of their own. */
export function placeOf({ kind, id }: { kind: Kind; id: string }): string {
  return `${kind === "rule" ? "/rules" : `/curation/${kind}`}/${encodeURIComponent(id)}`;
}

/** The first rules, sources and drafts that hold a text, once typing pauses; none for whoever may not edit. */
export function useRecords(text: string, may: boolean): Found[] {
  const typed = usePaused(text.trim());
  const words = may && typed === text.trim() && typed.length >= LEAST ? typed : "";
  const found = [
    ...useMatching(words, { kind: "rule" }),
    ...useMatching(words, { kind: "source" }),
    ...useMatching(words, { status: "draft" }),
  ];
  return [...new Map(found.map((one) => [placeOf(one), one])).values()];
}

function useMatching(q: string, which: { kind?: Kind; status?: string }): Found[] {
  const query = { ...which, q, limit: FEW };
  return useAsked<Page>(RECORDS, { query }, { enabled: q !== "", staleMs: 60_000 }).data?.records ?? [];
}

function usePaused(text: string): string {
  const [paused, keep] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => keep(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return paused;
}
