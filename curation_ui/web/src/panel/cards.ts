/** What matters now: findings about the active drugs and risks, the gravest first; accepted or set aside with a click. */
import { asks } from "./ask";
import { type Child, fill, fold, h, points } from "./dom";
import { card, gravity, grounds, headline, incomplete, part, reasons, statements } from "./parts";
import { ask } from "./server";
import { T } from "./texts";
import type { Answered, Cards, Datum, Finding, Risk } from "./types";

const LEVELS: Record<string, string> = { critical: "contraindicated", high: "major", moderate: "moderate" };

/** The first part; `met` is told who the patient is. What was answered comes last. */
export function cards(met: (patient: Cards["patient"]) => void): HTMLElement {
  return part<Cards>(
    "panel/cards",
    (answer) => {
      met(answer.patient);
      const alarms = answer.risks
        .filter((one) => one.alarm)
        .map((one) => ({ rank: rank(tone(one), one), made: risk(one, answer.reasons) }));
      const found = answer.findings.map((one) => ({ rank: rank(one.severity, one), made: finding(one, answer) }));
      const sorted = [...alarms, ...found].sort((a, b) => a.rank - b.rank).map((one) => one.made);
      const unchecked = (answer.incomplete || []).map((one) => one.reason);
      return [sorted.length > 0 ? sorted : h("p.quiet", {}, T.quietCards), incomplete(unchecked)];
    },
    T.quietCards,
  );
}

function finding(one: Finding, answer: Cards): HTMLElement {
  return answered(
    one,
    one.severity,
    headline(one),
    reasons(one, `${T.why} · ${answer.titles[one.family] || ""}`, statements(one)),
    verdict(one.findingId, answer.reasons, one.drug && asks(one.drug.name, { drug: one.drug.id })),
  );
}

/** A card; folded, with the answer, when it has one. */
function answered(one: Answered, tone: string, title: Child, ...children: Child[]): HTMLElement {
  if (!one.answer) return card(tone, title, children);
  return h(`article.card.${tone}`, {}, fold([one.answer, " · ", title], children));
}

function verdict(id: string, reasons: Record<string, string>, ...beside: Child[]): HTMLElement {
  const place = h("div.verdict");
  const fault = h("span");
  const told = (outcome: string, reason: string): void =>
    ask<{ text: string }>(
      "panel/feedback",
      { card: id, outcome, reason },
      ({ text }) => fill(place, h("p.quiet", { role: "status" }, text)),
      (why) => fill(fault, h("p.wrong", { role: "alert" }, why.text)),
    );
  const choice = h(
    "select",
    { "aria-label": T.whyNot, onchange: () => choice.value && told("overridden", choice.value) },
    h("option", { value: "" }, `${T.override}…`),
    Object.keys(reasons).map((code) => h("option", { value: code }, reasons[code])),
  ) as HTMLSelectElement;
  fill(place, h("button.main", { onclick: () => told("accepted", "") }, T.accept), choice, beside, fault);
  return place;
}

function risk(one: Risk, reasons: Record<string, string>): HTMLElement {
  const scores = one.scores || [];
  const data = scores.reduce<Datum[]>((all, score) => all.concat(score.data || []), []);
  return answered(
    one,
    tone(one),
    [h("b", {}, `${one.title}${T.risk} ${one.levelText}`)],
    one.advice && h("p", {}, one.advice),
    fold(
      T.why,
      points(scores.map((score) => `${score.title}：${score.result.text}`)),
      grounds(
        data,
        scores.map((score) => ({ source: score.result.source })),
      ),
    ),
    verdict(one.card, reasons),
  );
}

function tone(one: Risk): string {
  return LEVELS[one.level] || "minor";
}

function rank(severity: string, { answer }: Answered): number {
  return gravity(severity) + (answer ? 9 : 0); // what was answered stands behind all others
}
