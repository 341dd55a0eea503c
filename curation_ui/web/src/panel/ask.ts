/** Questions and search over the knowledge: a conversation, about what was opened, with the launch's patient in view. */
import { fill, h, joined } from "./dom";
import { card, gravity, headline, part, reasons, reference, statements } from "./parts";
import { listen } from "./server";
import { T } from "./texts";
import type { Finding, Hit } from "./types";

type Passage = { number: number; title: string; source: { title?: string; section?: string } };
/** What the parts of an answer carry, each some of it. */
type Part = {
  passages: Passage[];
  carried: string[];
  text: string;
  citations: number[];
  finding: Finding;
  reason: string;
};
type Turn = { role: string; text: string };
/** What the page is about, by id. */
type Topics = { disease?: string; drug?: string };

/** What the API takes of a question and a conversation. */
const LONGEST = 2000;
const MOST_TURNS = 40;
const LONGEST_TURN = 6000;

/** What was said, for as long as the panel is open: it is kept nowhere else. */
let talk: Turn[] = [];
let topics: Topics = {};
let made: HTMLElement | undefined;

const input = h("input", {
  type: "search",
  "aria-label": T.question,
  placeholder: T.question,
  maxlength: LONGEST,
}) as HTMLInputElement;
const subject = h("p.quiet", { role: "status" });
const answers = h("div.answer", { "aria-live": "polite" });

/** The part, the same each time: who looks elsewhere meanwhile finds the conversation as it was. `note` says whom answers
 * are for. */
export function questions(note?: string): HTMLElement {
  if (made) return made;
  const put = (how: (text: string) => void) => (event: Event) => {
    event.preventDefault();
    const text = input.value.trim();
    input.value = "";
    if (text) how(text);
  };
  const form = h(
    "form",
    { onsubmit: put(answer) },
    input,
    h("button.main", { type: "submit" }, T.askIt),
    h("button", { type: "button", onclick: put(find) }, T.searchIt),
    h("button", { type: "button", onclick: forget }, T.anew),
  );
  made = h("section.part", {}, form, subject, answers, h("p.quiet", {}, T.cautious, note));
  return made;
}

/** A button that asks about something that is shown, called so. */
export function asks(title: string, about: Topics): HTMLElement {
  const open = (): void => {
    const tab = document.getElementById("tab-ask") as HTMLElement;
    turnTo(title, about);
    tab.focus(); // where not all tabs fit, this brings it into view
    tab.click();
    input.focus();
  };
  return h("button", { "aria-label": `${T.tabs.ask}：${title}`, onclick: open }, T.tabs.ask);
}

/** Ask about something from now on; about nothing: whatever comes. */
function turnTo(title: string, about: Topics): void {
  topics = about;
  fill(subject, title && [T.about, title, " ", h("button", { onclick: () => turnTo("", {}) }, T.noTopic)]);
}

function forget(): void {
  talk = [];
  turnTo("", {});
  fill(answers);
}

function answer(question: string): void {
  const state = h("p.quiet", { role: "status" }, T.loading);
  const carried = h("p.quiet");
  const said = h("p");
  const checked = h("div");
  const sources = h("ol");
  const found: Finding[] = [];
  const spoken: string[] = [];
  const before = talk;
  const parts: Record<string, (data: Part) => unknown> = {
    sources: (data) => {
      fill(sources, data.passages.map(passage));
      fill(carried, data.carried[0] && T.about + data.carried.join("、"));
    },
    sentence: (data) => {
      spoken.push(data.text);
      said.appendChild(h("span", {}, data.text, h("sup", {}, data.citations.join(","))));
    },
    finding: (data) => check(checked, found, data.finding),
    refused: (data) => fill(said, data.reason),
    error: (data) => said.appendChild(h("span.against", {}, data.text)),
  };
  entered(question, carried, said, state, sources, checked);
  listen(
    "answers",
    { question, turns: before.slice(-MOST_TURNS), context: topics },
    (event, data) => (parts[event] || String)(data as Part), // of "done" nothing is shown
    () => {
      fill(state, !said.textContent && T.failed);
      const text = spoken.join("").slice(0, LONGEST_TURN);
      before.push({ role: "user", text: question }, { role: "assistant", text });
    },
  );
}

/** What was asked or looked for, with what comes of it: the newest stands above. */
function entered(title: string, ...places: HTMLElement[]): void {
  answers.insertBefore(h("section", {}, h("h2", {}, title), places), answers.firstChild);
}

/** A finding among those that were told, each once, the gravest first: the same drug in ten sentences is one matter. */
function check(place: HTMLElement, found: Finding[], one: Finding): void {
  if (found.some((other) => other.summary === one.summary)) return;
  found.push(one);
  found.sort((a, b) => gravity(a.severity) - gravity(b.severity));
  fill(place, h("h4", {}, T.checked), found.map(finding));
}

function finding(one: Finding): HTMLElement {
  return card(one.severity, headline(one), reasons(one, T.why, []), h("ul", {}, statements(one).map(reference)));
}

function passage(one: Passage): HTMLElement {
  const made = reference({ source: one.source.title || one.title, section: one.source.section });
  made.setAttribute("value", String(one.number));
  return made;
}

function find(query: string): void {
  entered(
    query,
    part<{ results: Hit[] }>("search", ({ results }) => results.map(hit), T.noHit, { query, limit: 8 }),
  );
}

function hit(one: Hit): HTMLElement {
  return card(
    "info",
    joined(" · ", one.title, one.heading),
    h("p", {}, one.text),
    h("ul", {}, reference({ source: one.source.title, section: one.source.section })),
  );
}
