/** Questions and search over the knowledge. */
import { fill, h, joined } from "./dom";
import { reference, refused } from "./parts";
import { ask, listen } from "./server";
import { T } from "./texts";
import type { Hit } from "./types";

type Sentence = { text: string; citations?: number[] };
type Passage = { number?: number; title: string; source?: { title: string; section?: string } };

export function questions(): HTMLElement {
  const input = h("input", { type: "search", "aria-label": T.question, placeholder: T.question }) as HTMLInputElement;
  const place = h("div.answer", { "aria-live": "polite" });
  const put = (how: (text: string, place: HTMLElement) => void) => (event: Event) => {
    event.preventDefault();
    if (input.value.trim()) how(input.value.trim(), place);
  };
  const search = h("button", { type: "button", onclick: put(find) }, T.searchIt);
  const form = h("form", { onsubmit: put(answer) }, input, h("button.main", { type: "submit" }, T.askIt), search);
  return h("section.part", {}, form, place, h("p.quiet", {}, T.cautious));
}

function answer(question: string, place: HTMLElement): void {
  const said = h("p");
  const sources = h("ol");
  fill(place, h("p.quiet", { role: "status" }, T.loading));
  listen(
    "answers",
    { question },
    (event, data) => {
      if (event === "sources") fill(sources, (data as { passages: Passage[] }).passages.map(passage));
      else if (event === "sentence") said.appendChild(sentence(data as Sentence));
      else if (event === "refused") said.textContent = (data as { reason: string }).reason || T.noAnswer;
      else if (event === "error") said.textContent = (data as { text: string }).text;
      fill(place, said, sources);
    },
    () => said.textContent === "" && fill(place, h("p.quiet", {}, T.noAnswer)),
  );
}

function sentence(one: Sentence): HTMLElement {
  return h("span", {}, one.text, h("sup", {}, (one.citations || []).join(",")));
}

function passage(one: Passage): HTMLElement {
  const made = reference({ source: one.source?.title || one.title, section: one.source?.section });
  made.setAttribute("value", String(one.number || ""));
  return made;
}

function find(query: string, place: HTMLElement): void {
  ask<{ results: Hit[] }>(
    "search",
    { query, limit: 8 },
    ({ results }) => fill(place, results.length ? results.map(hit) : h("p.quiet", {}, T.noHit)),
    (why) => refused(place, why, () => find(query, place)),
  );
}

function hit(one: Hit): HTMLElement {
  const title = joined(" · ", one.title, one.heading);
  return h(
    "article.card.info",
    {},
    h("h3", {}, title),
    h("p", {}, one.text),
    h("ul", {}, reference({ source: one.source.title, section: one.source.section })),
  );
}
