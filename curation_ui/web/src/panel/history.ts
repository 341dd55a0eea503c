/** What the league knows of the patient, what was done twice marked. */
import { type Child, fold, h } from "./dom";
import { part } from "./parts";
import { T } from "./texts";
import type { Item, Picture, Visit } from "./types";

const DAY_MS = 86_400_000;
const NEAR_DAYS = 30;

export function history(): HTMLElement {
  return part<Picture>(
    "panel/history",
    (answer) => {
      const visits = answer.timeline || [];
      const results = visits.reduce<Item[]>((all, visit) => all.concat(visit.items?.results || []), []);
      return [
        list(
          T.problems,
          (answer.problems || []).map((p) => [p.name, p.since, (p.institutions || []).join("、")]),
        ),
        list(
          T.drugs,
          (answer.drugs || []).map((d) => [d.name, d.dosage, d.institution]),
        ),
        list(
          T.allergies,
          (answer.allergies || []).map((a) => [a.name, (a.reactions || []).join("、"), a.institution]),
        ),
        visits.map((one) => visit(one, results)),
        answer.unknown.length > 0 &&
          h("p.quiet", {}, T.noRecord + answer.unknown.map((name) => T.lists[name] || name).join("、")),
      ];
    },
    T.quietHistory,
  );
}

function list(title: string, rows: (string | undefined)[][]): Child {
  return (
    rows.length > 0 && [
      h("h2", {}, title),
      h(
        "ul",
        {},
        rows.map((row) => h("li", {}, row.filter(Boolean).join(" · "))),
      ),
    ]
  );
}

function visit(one: Visit, results: Item[]): HTMLElement {
  const items = one.items || {};
  return h(
    "article.card.info",
    {},
    h("h3", {}, [one.at.slice(0, 10), one.institution, one.department, one.kind].filter(Boolean).join(" ")),
    (one.diagnoses || []).length > 0 && h("p", {}, (one.diagnoses || []).join("、")),
    Object.keys(items).map((section) =>
      fold(
        `${T.sections[section] || section}（${(items[section] || []).length}）`,
        h(
          "ul",
          {},
          (items[section] || []).map((item) => entry(item, results)),
        ),
      ),
    ),
  );
}

function entry(item: Item, results: Item[]): HTMLElement {
  const twin = results.find((other) => other !== item && repeats(item, other));
  return h(
    "li",
    {},
    h(item.flag ? "span.against" : "span", {}, [item.title, item.detail].filter(Boolean).join("：")),
    twin && h("mark", {}, `${T.repeated}${(twin.at || "").slice(0, 10)} ${twin.institution || ""}`),
  );
}

/** Whether two results are of one name, from two institutions, within a month. */
function repeats(a: Item, b: Item): boolean {
  if (a.title !== b.title || a.institution === b.institution || !a.at || !b.at) return false;
  return Math.abs(Date.parse(a.at) - Date.parse(b.at)) <= NEAR_DAYS * DAY_MS;
}
