/** What several parts of the panel show alike. */
import { type Child, fill, fold, h, joined, points } from "./dom";
import type { Refusal } from "./server";
import { ask } from "./server";
import { DATA, SOURCES, T } from "./texts";
import type { Datum, Evidence, Finding, Reference } from "./types";

const SEVERITIES = Object.keys(T.severities);

/** The place of a finding among others: the gravest first. */
export function gravity(severity: string): number {
  return SEVERITIES.indexOf(severity);
}

/** A datum of the patient: what, value, when, where. */
export function datum(one: Datum): HTMLElement {
  const when = one.time ? one.time.slice(0, 16).replace("T", " ") : "";
  return h("li", {}, joined(" · ", one.what, one.value, when, one.institution));
}

/** A source that a statement cites. */
export function reference(one: Reference): HTMLElement {
  const text = joined(" ", one.source, one.section);
  const grade = one.evidenceLevel ? T.grades[one.evidenceLevel] || one.evidenceLevel : "";
  return h(
    "li",
    {},
    one.url ? h("a", { href: one.url, target: "_blank", rel: "noopener noreferrer" }, text) : text,
    grade && h("small", {}, `（${T.evidence}${grade}）`),
    one.standing === "starter" && h("small", {}, `（${T.starter}）`),
  );
}

/** Data and sources, each once, to be opened. */
export function grounds(data: Datum[], sources: Reference[]): Child {
  const once = sources.filter(
    (a, at) => sources.findIndex((b) => b.source === a.source && b.section === a.section) === at,
  );
  return [
    data.length > 0 && fold(`${DATA}（${data.length}）`, h("ul", {}, data.map(datum))),
    once.length > 0 && fold(`${SOURCES}（${once.length}）`, h("ul", {}, once.map(reference))),
  ];
}

/** How grave a finding is and what was found, in words. */
export function headline(one: Finding): Child {
  return [h("b", {}, T.severities[one.severity] || ""), " ", one.summary];
}

/** What a finding rests on of our knowledge. */
export function statements(one: Finding): Reference[] {
  return evidence(one, "statement") as Reference[];
}

/** What to do about a finding and, to be opened, why: on which data and sources. */
export function reasons(one: Finding, title: string, sources: Reference[]): Child {
  return [
    one.advice && h("p", {}, one.advice),
    fold(title, h("p", {}, one.detail || one.summary), grounds(evidence(one, "datum"), sources)),
  ];
}

function evidence(one: Finding, type: Evidence["type"]): Evidence[] {
  return (one.evidence || []).filter((e) => e.type === type);
}

/** A card with a strip in the colour of how grave it is. */
export function card(tone: string, title: Child, ...children: Child[]): HTMLElement {
  return h(`article.card.${tone}`, {}, h("h3", {}, title), ...children);
}

/** Asks for a part and shows it in its place; says when that is not possible, or there is nothing. */
export function part<A>(path: string, show: (answer: A) => Child[], nothing: string, body?: unknown): HTMLElement {
  const place = h("section.part", { "aria-busy": "true" }, h("p.quiet", { role: "status" }, T.loading));
  const load = (): void =>
    ask<A>(
      path,
      body,
      (answer) => put(place, show(answer), nothing),
      (why) => refused(place, why, load),
    );
  load();
  return place;
}

/** What could not be checked, for want of what. */
export function incomplete(reasons: string[] | undefined): Child {
  const told = reasons || [];
  return told.length > 0 && fold(`${T.missing}（${told.length}）`, points(told));
}

function put(place: HTMLElement, children: Child[], nothing: string): void {
  const shown = children.filter(Boolean);
  settle(place, h("div", {}, shown.length ? shown : h("p.quiet", {}, nothing)));
}

/** Says why there is nothing, and offers another try. */
export function refused(place: HTMLElement, why: Refusal, again: () => void): void {
  const over = why.status === 401 || why.status === 403;
  const retry = over ? "" : h("button", { onclick: again }, T.again);
  settle(place, h("p.wrong", { role: "alert" }, over ? T.over : why.text, " ", retry));
}

function settle(place: HTMLElement, shown: HTMLElement): void {
  place.removeAttribute("aria-busy");
  fill(place, shown);
}
