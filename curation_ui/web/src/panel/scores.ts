/** Scores as forms, filled from the record as far as it goes. */
import { type Child, fill, h, joined } from "./dom";
import { card, datum, part, refused } from "./parts";
import { ask } from "./server";
import { T } from "./texts";
import type { Filled, FormItem, ScoreResult, Suggestions } from "./types";

type Answer = string | number | boolean | null;

export function scores(): HTMLElement {
  return part<Suggestions>(
    "panel/scores",
    ({ suggestions }) =>
      suggestions.map((one) => {
        const place = h("div");
        const open = h("button", { onclick: () => form(place, one.name, {}) }, T.score);
        return card(
          "minor",
          one.title,
          h("p", {}, one.purpose),
          h("p.quiet", {}, one.reasons.join("；")),
          open,
          place,
        );
      }),
    T.quietScores,
  );
}

function form(place: HTMLElement, name: string, values: Record<string, Answer>): void {
  ask<Filled>(
    `panel/scores/${encodeURIComponent(name)}`,
    { values },
    (answer) => {
      const changed = (field: string, value: Answer): void =>
        form(place, name, Object.assign({}, values, { [field]: value })); // a spread would bring along 1 KB of helpers
      const items = answer.form.items.map((item) => field(item, values, changed));
      fill(place, result(answer.result), h("div.form", {}, items));
    },
    (why) => refused(place, why, () => form(place, name, values)),
  );
}

function result(one: ScoreResult): Child {
  return h(
    "div.result",
    { role: "status" },
    h("p", {}, h("b", {}, one.text)),
    one.band && h("p", {}, joined("；", one.band.meaning, one.band.nextStep)),
    (one.missing || []).length > 0 && h("p.quiet", {}, T.needsMore + (one.missing || []).join("、")),
    h("p.quiet", {}, one.source),
  );
}

function field(
  item: FormItem,
  values: Record<string, Answer>,
  changed: (field: string, value: Answer) => void,
): HTMLElement {
  const given = values[item.field];
  const now = given === undefined ? item.value : given;
  const offered = item.choices || [];
  const choices = offered.length
    ? offered.map((c) => [c.key, c.label])
    : [
        ["true", T.yes],
        ["false", T.no],
      ];
  const input =
    item.kind === "number"
      ? h("input", {
          type: "number",
          step: "any",
          value: now === null ? undefined : now,
          onchange: (event: Event) => changed(item.field, amount((event.target as HTMLInputElement).value)),
        })
      : h(
          "select",
          {
            onchange: (event: Event) => changed(item.field, chosen(item, (event.target as HTMLSelectElement).value)),
          },
          h("option", { value: "" }, T.unknown),
          choices.map(([key, label]) => h("option", { value: key, selected: String(now) === key }, label || "")),
        );
  return h(
    "label",
    {},
    h("span", {}, item.label, item.unit && h("small", {}, `（${item.unit}）`)),
    input,
    item.source && h("small", {}, T.fromRecord, datum(item.source).textContent),
  );
}

function amount(text: string): Answer {
  return text === "" ? null : Number(text);
}

function chosen(item: FormItem, key: string): Answer {
  if (key === "") return null;
  return (item.choices || []).length ? key : key === "true";
}
