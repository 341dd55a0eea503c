/** Diagnoses, examinations and treatments, each with its evidence. */
import { asks } from "./ask";
import { type Child, fold, h, joined, points } from "./dom";
import { card, grounds, part } from "./parts";
import { draft } from "./quality";
import { T } from "./texts";
import type {
  Candidate,
  Datum,
  Diagnoses,
  Examination,
  Examinations,
  Named,
  Option,
  Reference,
  Treatments,
} from "./types";

const TONES: Record<string, string> = { contraindicated: "contraindicated", unsuitable: "info", caution: "moderate" };
const MOST = 8;

export function diagnoses(): HTMLElement {
  return part<Diagnoses>(
    "panel/diagnoses",
    ({ candidates, mustNotMiss, understood, caution }) =>
      understood.length === 0
        ? []
        : [
            mustNotMiss.map((one) =>
              card(
                "major",
                `${T.mustNotMiss} ${one.name} ${one.urgencyText || ""}`,
                one.advice && h("p", {}, one.advice),
                one.open.length > 0 && h("p.quiet", {}, T.open + one.open.map((o) => o.name).join("、")),
              ),
            ),
            candidates.slice(0, MOST).map(candidate),
            h("p.quiet", {}, caution),
          ],
    T.quietDiagnoses,
    draft,
  );
}

function candidate(one: Candidate): HTMLElement {
  const side = (direction: string): Child => {
    const found = one.evidence.filter((ground) => ground.direction === direction);
    return (
      found.length > 0 && h(`p.${direction}`, {}, `${direction === "for" ? T.supports : T.against}：`, marks(found))
    );
  };
  const sources = one.evidence.reduce<Reference[]>((all, ground) => all.concat(ground.references || []), []);
  const data = one.evidence.map((ground) => ground.where).filter((where) => where?.what) as Datum[];
  return card(
    one.redFlag ? "major" : "info",
    [
      one.name,
      one.code ? h("small", {}, ` ${one.code}`) : "",
      h("span.share", {}, `${Math.round(one.probability * 100)}%`),
    ],
    side("for"),
    side("against"),
    one.quotes.map(quote),
    one.advice && h("p", {}, one.advice),
    grounds(data, sources),
    one.id && asks(one.name, { disease: one.id }),
  );
}

/** A sentence in pieces: what was read in it is marked. */
function quote(pieces: string[]): Child {
  return h(
    "blockquote",
    {},
    pieces.map((text, at) => (at % 2 ? h("mark", {}, text) : text)),
  );
}

function marks(found: Candidate["evidence"]): Child {
  return found.map((ground) => [h("mark", { title: ground.dimensionText }, ground.label), " "]);
}

export function examinations(): HTMLElement {
  return part<Examinations>(
    "panel/examinations",
    (answer) => [
      answer.examinations.slice(0, MOST).map((one) => examination(one)),
      answer.contraindicated.length > 0 &&
        fold(`${T.forbidden}（${answer.contraindicated.length}）`, answer.contraindicated.map(examination)),
      answer.alreadyDone.length > 0 &&
        fold(`${T.done}（${answer.alreadyDone.length}）`, answer.alreadyDone.map(examination)),
    ],
    T.quietExaminations,
  );
}

function examination(one: Examination): HTMLElement {
  const sources = one.reasons.reduce<Reference[]>((all, reason) => all.concat(reason.references || []), []);
  return card(
    "info",
    [one.name, h("small", {}, ` ${one.levelText} · ${T.cost}${one.cost} · ${T.harm}${one.harm}`)],
    points(one.reasons.slice(0, 4).map((r) => joined(" ", r.purposeText, r.name, r.note))),
    one.against && h("p.against", {}, one.against.join("；")),
    one.available === false && h("p.quiet", {}, absent(one)),
    grounds(one.done ? [one.done] : [], sources),
  );
}

/** What this hospital has not, and where to refer. */
function absent(one: Examination): string {
  return one.elsewhere ? `${one.availableText}；${T.refer}${one.elsewhere.join("、")}` : one.availableText;
}

export function treatments(): HTMLElement {
  return part<Treatments>(
    "panel/treatments",
    (answer) =>
      answer.treatments.map((one) => [
        h("h2", {}, one.diagnosis.name),
        asks(one.diagnosis.name, { disease: one.diagnosis.id }),
        (one.groups || []).map((group) => [
          h("h4", {}, group.title),
          group.options.map((each) => option(each, one.diagnosis)),
        ]),
        (one.notes || []).map((note) => h("p.quiet", {}, note)),
      ]),
    T.quietTreatments,
  );
}

function option(one: Option, disease: Named): HTMLElement {
  const how = joined(" · ", one.dose?.text, one.frequency, one.course);
  return card(
    TONES[one.state] || "minor",
    [h("b", {}, one.stateText), " ", one.title],
    how && h("p", {}, how),
    one.content && h("p", {}, one.content),
    (one.reasons || []).map((reason) => h("p.against", {}, reason)),
    (one.confirm || []).length > 0 && h("p.quiet", {}, T.confirm + (one.confirm || []).join("、")),
    one.monitoring && h("p.quiet", {}, T.monitoring + one.monitoring),
    grounds([], one.sources || []),
    one.kind === "drug" && asks(`${disease.name}、${one.title}`, { disease: disease.id, drug: one.concept }),
  );
}
