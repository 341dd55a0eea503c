/** Working the queue: what waits, what is looked at, decisions, and the next one ready before it is asked for. */
import { App } from "antd";
import dayjs from "dayjs";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Case } from "../../prescription/types";
import { askAhead, CACHE, refresh, useAsked, useEvents } from "../../shared/asking";
import { ask, type Failure, type Options } from "../../shared/client";
import { type Session, useSession } from "../../shared/session";
import { TEXTS } from "./texts";
import type { Whole } from "./types";

const LIST = "GET /api/v1/reviews";
const ONE = "GET /api/v1/prescriptions/{prescription_id}";
const DECIDE = "POST /api/v1/reviews/{review_id}/decisions";
const EVENTS = "/api/v1/reviews/events";
const EVERY_MS = 15_000;

export type Scope = keyof typeof TEXTS.scope;
/** Let go without a pharmacist's decision: these may be called back. */
export const RECALLABLE = ["passed", "passed-with-notice", "released"];
const STATES: Record<Scope, string> = {
  waiting: "waiting,claimed",
  mine: "claimed",
  returned: "returned",
  released: RECALLABLE.join(),
  all: "",
};
/** The part of the queue that an address asks for. */
export function scopeOf(part: string | null): Scope {
  return part && Object.hasOwn(STATES, part) ? (part as Scope) : "waiting";
}

export type Decision = { action: string; reason?: string; findings?: string[]; to?: string };
const CLAIM: Decision = { action: "claim" };
const CLAIMING = ["approve", "return"];

/** In which role somebody decides on prescriptions of the queue. */
export function roleOf(session: Session): string {
  return session.permissions.includes("review.decide") ? "pharmacist" : "supervisor";
}

type Listed = { reviews: Case[]; total: number };

/** Ask for what waits, and for all there is of the first of it. */
export async function ahead({ name }: Session): Promise<void> {
  const first = cases(await askAhead<Listed>(LIST, part("waiting", name)), "waiting", name)[0];
  if (first) await askAhead(ONE, { path: { prescription_id: first.id } });
}

/** The prescriptions of a part of the queue, kept up by the stream of moves. */
export function useCases(scope: Scope): { cases: Case[]; query: ReturnType<typeof useAsked<Listed>> } {
  const me = useSession().name;
  const query = useAsked<Listed>(LIST, part(scope, me), { every: EVERY_MS });
  useEvents(EVENTS, "review", () => void refresh(LIST, ONE));
  return { cases: useMemo(() => cases(query.data, scope, me), [query.data, scope, me]), query };
}

function part(scope: Scope, me: string): Options {
  const assignee = scope === "mine" ? me : "";
  const since = scope === "released" ? dayjs().startOf("hour").subtract(1, "day").toISOString() : "";
  return { query: { status: STATES[scope], assignee, since, limit: 200 } };
}

/** What somebody is to see of it: not what another pharmacist has claimed. */
function cases(listed: Listed | undefined, scope: Scope, me: string): Case[] {
  const all = listed?.reviews ?? [];
  return scope === "waiting" ? all.filter((one) => one.status !== "claimed" || one.assignee === me) : all;
}

/** Who has worked the queue lately, beside whoever asks: to whom a prescription may be handed. */
export function useColleagues(): string[] {
  const me = useSession().name;
  const found = useAsked<Listed>(LIST, { query: { status: "claimed,approved,returned", limit: 200 } });
  const names = (found.data?.reviews ?? []).map(({ assignee }) => assignee ?? "");
  return [...new Set(names)].filter((name) => name && name !== me).sort();
}

/** One prescription with all there is of it. */
export function useWhole(id: string): ReturnType<typeof useAsked<Whole, typeof ONE>> {
  return useAsked<Whole, typeof ONE>(ONE, { path: { prescription_id: id } }, { enabled: id !== "", staleMs: 30_000 });
}

/** Which prescription is looked at; the one after it is loaded meanwhile. `leave` goes on from one that is done with,
 * unless somebody looks at another already. */
export function useChosen(
  cases: Case[],
  scope = "",
): {
  chosen: string;
  choose: (id: string) => void;
  step: (by: number) => void;
  leave: (id: string) => void;
} {
  const [{ of, id }, pick] = useState({ of: scope, id: "" });
  const picked = of === scope ? id : ""; // another part begins with its first
  const choose = useCallback((one: string) => pick({ of: scope, id: one }), [scope]);
  const first = cases[0]?.id ?? "";
  const chosen = picked || first;
  const at = cases.findIndex((one) => one.id === chosen);
  useEffect(() => {
    if (!picked && first) choose(first); // it stays looked at when a more urgent one comes
  }, [picked, first, choose]);
  const next = cases[at + 1]?.id;
  useEffect(() => {
    if (next) void askAhead(ONE, { path: { prescription_id: next } });
  }, [next]);
  const step = useCallback(
    (along: number) => {
      const to = cases[Math.min(Math.max(at + along, 0), cases.length - 1)];
      if (to) choose(to.id);
    },
    [cases, at, choose],
  );
  const leave = (done: string): void => {
    const rest = cases.filter((one) => one.id !== done);
    const place = cases.findIndex((one) => one.id === done);
    const onward = rest[Math.min(place, rest.length - 1)]?.id ?? "";
    pick((now) => (now.id === done ? { of: scope, id: onward } : now));
  };
  return { chosen, choose, step, leave };
}

/** Decide on a prescription in a role: pharmacists claim it first where nobody has. Whoever was quicker is told of. */
export function useDecide(
  role: string,
  done: (decision: Decision, id: string) => void,
): {
  decide: (one: Case, decision: Decision) => Promise<void>;
  busy: boolean;
} {
  const { message } = App.useApp();
  const by = { name: useSession().name, role };
  const [busy, setBusy] = useState(false);
  const decide = async (one: Case, decision: Decision): Promise<void> => {
    setBusy(true);
    try {
      const claimed =
        CLAIMING.includes(decision.action) && one.status !== "claimed" ? await move(one, CLAIM, by) : one;
      keep(await move(claimed, decision, by));
      done(decision, one.id);
    } catch (error) {
      const failure = error as Failure;
      message.error(failure.status === 409 ? `${failure.message}。${TEXTS.taken}` : failure.message);
    }
    setBusy(false);
    void refresh(LIST, ONE);
  };
  return { decide, busy };
}

function move(one: Case, decision: Decision, by: { name: string; role: string }): Promise<Case> {
  const body = { ...decision, by, version: one.version };
  return ask<Case, typeof DECIDE>(DECIDE, { path: { review_id: one.id }, body });
}

/** Put what a move came to where the page reads it from, before it is asked anew. */
function keep(moved: Case): void {
  const key = [ONE, { path: { prescription_id: moved.id } }];
  CACHE.setQueryData<Whole>(key, (before) => before && { ...before, review: { ...before.review, ...moved } });
}
