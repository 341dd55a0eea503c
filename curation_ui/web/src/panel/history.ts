/** What the league knows of the patient, what was done twice marked. */
import { type Child, fold, h, joined, points } from "./dom";
import { card, part } from "./parts";
import { T } from "./texts";
import type { Item, Picture, Repeated, Visit } from "./types";

export function history(): HTMLElement {
  return part<Picture>(
    "panel/history",
    (answer) => [
      list(
        T.problems,
        (answer.problems || []).map((p) => joined(" · ", p.name, p.since, (p.institutions || []).join("、"))),
      ),
      list(
        T.drugs,
        (answer.drugs || []).map((d) => [joined(" · ", d.name, d.dosage, d.institution), again(d.name, d.repeats)]),
      ),
      list(
        T.allergies,
        (answer.allergies || []).map((a) => joined(" · ", a.name, (a.reactions || []).join("、"), a.institution)),
      ),
      (answer.timeline || []).map(visit),
      answer.unknown.length > 0 &&
        h("p.quiet", {}, T.noRecord + answer.unknown.map((name) => T.lists[name] || name).join("、")),
    ],
    T.quietHistory,
  );
}

function list(title: string, rows: Child[]): Child {
  return rows.length > 0 && [h("h2", {}, title), points(rows)];
}

function visit(one: Visit): HTMLElement {
  const items = one.items || {};
  return card(
    "info",
    joined(" ", one.at.slice(0, 10), one.institution, one.department, one.kind),
    one.diagnoses && h("p", {}, one.diagnoses.join("、")),
    Object.keys(items).map((section) => listed(section, items[section] || [])),
  );
}

/** What was done of a kind, to be opened, with how much of it was done elsewhere too. */
function listed(section: string, items: Item[]): HTMLElement {
  const twice = items.filter((item) => item.repeats).length;
  const title = `${T.sections[section] || section}（${items.length}）`;
  return fold([title, twice > 0 && h("mark", {}, T.repeated + twice)], points(items.map(entry)));
}

function entry(item: Item): Child {
  return [
    h(item.flag ? "span.against" : "span", {}, joined("：", item.title, item.detail)),
    again(item.title, item.repeats),
  ];
}

/** The mark of what was done elsewhere too: when, where, and what it is called there. */
function again(title: string, twin?: Repeated): Child {
  return (
    twin &&
    h(
      "mark",
      {},
      T.repeated + joined(" · ", twin.at.slice(0, 10), twin.institution, twin.title === title ? "" : twin.title),
    )
  );
}
