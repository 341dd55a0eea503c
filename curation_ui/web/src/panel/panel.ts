/** The clinician panel: one patient, what matters first, the rest a click away; without a patient, the knowledge. */
import { questions } from "./ask";
import { cards } from "./cards";
import { fill, h, joined } from "./dom";
import { history } from "./history";
import { diagnoses, examinations, treatments } from "./inference";
import "./panel.css";
import { printing } from "./printing";
import { quality, written } from "./quality";
import { scores } from "./scores";
import { ask, TOKEN, watch } from "./server";
import { T } from "./texts";
import type { Cards } from "./types";

type Name = keyof typeof T.tabs;
const TABS = Object.keys(T.tabs) as Name[];
const MAKERS: Record<Name, () => HTMLElement> = {
  cards: () => cards(met),
  quality,
  diagnoses,
  examinations,
  treatments,
  scores,
  history,
  ask: () => questions(T.inView),
};

/** Opened beside no patient: only what needs none. */
const KNOWLEDGE = location.search === "?knowledge";

const who = h("span.who");
const source = h("p.source", { role: "status" });
const news = h("p.news", { role: "status" });
const body = h("div", { id: "body", role: "tabpanel" });
let shown: Name = "cards";

function begin(place: HTMLElement): void {
  if (!TOKEN) {
    fill(place, h("p.wrong", { role: "alert" }, T.noToken));
    return;
  }
  const [print, printed] = printing(say);
  if (KNOWLEDGE) {
    fill(
      place,
      h("header", {}, print, h("h1", {}, T.knowledge)),
      printed,
      news,
      h("div", { id: "body" }, questions()),
    );
    return;
  }
  const tabs = TABS.map((name) =>
    h("button", { role: "tab", id: `tab-${name}`, onclick: () => show(name) }, T.tabs[name]),
  );
  const bar = h("nav", { role: "tablist", onkeydown: (event: KeyboardEvent) => along(event, tabs) }, tabs);
  fill(place, h("header", {}, print, h("h1", {}, who), bar), printed, source, news, body);
  show("cards");
  dated();
  watch({ record: arrived, notice: arrived, source: dated }, anew);
  written(rewritten);
}

function show(name: Name): void {
  shown = name;
  for (const one of TABS) {
    const tab = tabOf(one);
    tab.setAttribute("aria-selected", String(one === name));
    tab.setAttribute("tabindex", one === name ? "0" : "-1");
    if (one === name) tab.classList.remove("fresh");
  }
  body.setAttribute("aria-labelledby", `tab-${name}`);
  fill(body, MAKERS[name]());
}

function tabOf(name: Name): HTMLElement {
  return document.getElementById(`tab-${name}`) as HTMLElement;
}

/** Left and right walk along the tabs. */
function along(event: KeyboardEvent, tabs: HTMLElement[]): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (!step) return;
  const at = (TABS.indexOf(shown) + step + TABS.length) % TABS.length;
  show(TABS[at] as Name);
  (tabs[at] as HTMLElement).focus();
}

function met(patient: Cards["patient"]): void {
  const age = patient.ageYears === undefined ? "" : `${patient.ageYears} ${T.years}`;
  fill(who, joined(" ", patient.name, T.sexes[patient.sex || ""], age));
}

/** As of when the system that launched the panel told of the patient. */
function dated(): void {
  ask<{ text: string; current?: boolean }>(
    "panel/source",
    undefined,
    ({ text, current }) => {
      fill(source, text);
      source.classList.toggle("past", current === false);
    },
    () => undefined,
  );
}

/** Something arrived: what hangs on the record is shown anew; where somebody is at work in it, they are told how. */
function arrived(): void {
  say(anew() ? T.updated : T.arrived);
}

function say(text: string): void {
  news.textContent = text;
  window.setTimeout(() => fill(news), 8000);
}

/** Show what hangs on the record anew, unless somebody is at work in it. */
function anew(): boolean {
  if (shown === "ask") return true;
  if (body.contains(document.activeElement)) return false;
  show(shown);
  return true;
}

/** The record in the editor changed: what rests on it is asked anew where it is looked at; else its part is marked. */
function rewritten(): void {
  if (shown !== "quality") tabOf("quality").classList.add("fresh");
  if ((shown === "quality" || shown === "diagnoses") && !body.contains(document.activeElement)) show(shown);
}

const root = document.getElementById("panel");
if (root) begin(root);
