"""Scores at work: which exist, the result of answers, and which to suggest.

A result with empty items is incomplete and says how low and how high the total may still come out: unknown is not
normal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import isfinite, prod
from typing import Final

from base.plugins import discover
from clinical.finding import Datum
from clinical.logic import Unknown
from clinical.patient import ClinicalStatus, PatientContext
from inference.score import Answer, Answers, Band, Item, Kind, Score, Verdict
from inference.score_form import CONDITION_KINDS, Form, FormItem, concepts_named, form, misfits, range_of, unit_of
from knowledge.snapshot import Snapshot

__all__ = [
    "AnswerError",
    "Form",
    "FormItem",
    "Result",
    "ScoredItem",
    "Suggested",
    "form",
    "scored",
    "scores",
    "suggest",
]

_MOST_TRIED: Final = 5_000
_PLACES: Final = 9


class AnswerError(ValueError):
    """An answer that cannot be: the message names the item, what is allowed and the unit."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@lru_cache(maxsize=1)
def scores() -> Mapping[str, Score]:
    """Every score by name: ours and those that a hospital installed."""
    return discover("inference.scores", "SCORE", Score)


# The result


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """An answer: what it was, its points (None: it counts together with others, or in a formula), and where it
    came from; without a source it was entered by hand."""

    field: str
    label: str
    value: Answer
    shown: str
    points: float | None
    manual: bool
    source: Datum | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a score comes to. Incomplete: ``total`` and ``band`` are None, ``lowest`` and ``highest`` (None: no
    saying) and the ``possible`` bands tell what may still come out. ``text`` is for copying into the record."""

    score: str
    title: str
    complete: bool
    total: float | None
    unit: str
    band: Band | None
    lowest: float | None
    highest: float | None
    possible: tuple[Band, ...]
    missing: tuple[str, ...]
    items: tuple[ScoredItem, ...]
    notes: tuple[str, ...]
    citation: str
    text: str


def scored(score: Score, values: Mapping[str, Answer | None], form: Form | None = None) -> Result:
    """The result for these answers. With a form, what it holds from the record counts too unless ``values`` says
    otherwise (None takes an answer back), and keeps its source.

    Raises ``AnswerError``.
    """
    told: dict[str, Answer | None] = {**(form.values() if form else {}), **values}
    given = {field: answer for field, answer in told.items() if answer is not None}
    items = score.fields()
    checked = {field: _checked(score, items, field, answer) for field, answer in given.items()}
    missing = _missing(score, checked)
    details = tuple(_scored_items(score, checked, form))
    if missing:
        return _incomplete(score, checked, missing, details)
    return _complete(score, Answers(items, checked), details)


def _checked(score: Score, items: Mapping[str, Item], field: str, answer: Answer) -> Answer:
    item = items.get(field)
    if item is None:
        raise AnswerError(field, f"{score.title}没有项目“{field}” (no such item)")
    if item.kind is Kind.YES:
        if not isinstance(answer, bool):
            raise AnswerError(field, f"{item.label}: 请填 true 或 false (want true or false)")
        return answer
    return _checked_choice(item, answer) if item.kind is Kind.CHOICE else _checked_number(item, answer)


def _checked_choice(item: Item, answer: Answer) -> Answer:
    keys = [choice.key for choice in item.choices]
    if answer not in keys:
        raise AnswerError(item.field, f"{item.label}: 请在 {'、'.join(keys)} 中选择 (want one of these)")
    return answer


def _checked_number(item: Item, answer: Answer) -> Answer:
    unit = unit_of(item)
    if isinstance(answer, bool | str) or not isfinite(answer):
        raise AnswerError(item.field, f"{item.label}: 请填数值，单位 {unit} (want a number in {unit})")
    if not item.low <= answer <= item.high:
        raise AnswerError(item.field, f"{item.label}: {answer:g} 超出 {range_of(item)} (must be within these limits)")
    return float(answer)


def _missing(score: Score, given: Collection[str]) -> tuple[str, ...]:
    """Fields that are still needed: of a group of alternatives the first."""
    alternatives = [group[0] for group in score.any_of if not any(field in given for field in group)]
    return tuple(
        item.field
        for item in score.items
        if item.field not in given and (not item.optional or item.field in alternatives)
    )


def _complete(score: Score, answers: Answers, details: tuple[ScoredItem, ...]) -> Result:
    total, band, notes = _evaluate(score, answers)
    text = f"{score.title}：{total:g}{_spaced(score.unit)}，{band.label}。{band.meaning}{band.next_step}"
    return Result(
        score.name,
        score.title,
        True,
        total,
        score.unit,
        band,
        total,
        total,
        (band,),
        (),
        details,
        notes,
        str(score.citation),
        text,
    )


def _evaluate(score: Score, answers: Answers) -> tuple[float, Band, tuple[str, ...]]:
    """Total as it is shown, the band of that total, and notes."""
    verdict = score.judge(answers) if score.judge else Verdict(_sum(score, answers))
    total = round(verdict.total, score.digits)
    label = verdict.band or (score.choose(answers, total) if score.choose else "")
    return total, score.band_named(label) if label else score.band_of(total), verdict.notes


def _sum(score: Score, answers: Answers) -> float:
    return sum(points(answers) for _, points in _components(score))


def _components(score: Score) -> list[tuple[tuple[str, ...], Callable[[Answers], float]]]:
    """What a sum consists of: parts, and items that stand alone."""
    joint = {field for part in score.parts for field in part.fields}
    alone = [item.field for item in score.items if item.field not in joint]
    return [(part.fields, part.points) for part in score.parts] + [((f,), _own_points(f)) for f in alone]


def _own_points(field: str) -> Callable[[Answers], float]:
    return lambda answers: answers.points(field)


def _scored_items(score: Score, given: Mapping[str, Answer], form: Form | None) -> Iterator[ScoredItem]:
    joint = {field for part in score.parts for field in part.fields}
    from_record = {item.field: item for item in form.items} if form else {}
    for item in score.items:
        if item.field in given:
            answer = given[item.field]
            told = from_record.get(item.field)
            recorded = told is not None and told.value == answer
            points = item.points_for(answer) if item.field not in joint and _has_points(item) else None
            source = told.source if told is not None and recorded else None
            yield ScoredItem(item.field, item.label, answer, _worded(item, answer), points, not recorded, source)


def _has_points(item: Item) -> bool:
    return bool(item.points or item.steps or any(choice.points for choice in item.choices))


def _worded(item: Item, answer: Answer) -> str:
    if item.kind is Kind.YES:
        return "是" if answer else "否"
    if item.kind is Kind.CHOICE:
        return next(choice.label for choice in item.choices if choice.key == answer)
    return f"{answer:.10g} {unit_of(item)}".rstrip()


# What may still come out


def _incomplete(
    score: Score, given: Mapping[str, Answer], missing: tuple[str, ...], details: tuple[ScoredItem, ...]
) -> Result:
    low, high, possible = _outlook(score, given, missing)
    items = score.fields()
    labels = tuple(items[field].label for field in missing)
    between = "" if low is None or high is None else f"可能为{low:g}~{high:g}{_spaced(score.unit)}，"
    bands = "、".join(band.label for band in possible)
    text = f"{score.title}：资料不全，尚缺{'、'.join(labels)}；{between}可能的结果：{bands}。"
    return Result(
        score.name,
        score.title,
        False,
        None,
        score.unit,
        None,
        low,
        high,
        possible,
        labels,
        details,
        (),
        str(score.citation),
        text,
    )


def _outlook(
    score: Score, given: Mapping[str, Answer], missing: tuple[str, ...]
) -> tuple[float | None, float | None, tuple[Band, ...]]:
    """Lowest and highest total that the missing answers allow, and the bands; all bands where it cannot be said."""
    items = score.fields()
    whole = prod(len(items[field].probes()) for field in missing) <= _MOST_TRIED
    if whole and (score.judge or score.choose):
        return _tried(score, given, missing)
    if score.judge:
        return None, None, score.bands
    low, high = _extremes(score, given, missing)
    bands = score.bands if score.choose else _bands_between(score, low, high)
    return round(low, score.digits), round(high, score.digits), bands


def _extremes(score: Score, given: Mapping[str, Answer], missing: tuple[str, ...]) -> tuple[float, float]:
    low = high = 0.0
    items = score.fields()
    for fields, points in _components(score):
        here = tuple(field for field in fields if field in missing)
        reached = [points(Answers(items, values)) for values in _completions(items, given, here)]
        low, high = low + min(reached), high + max(reached)
    return round(low, _PLACES), round(high, _PLACES)


def _tried(
    score: Score, given: Mapping[str, Answer], missing: tuple[str, ...]
) -> tuple[float, float, tuple[Band, ...]]:
    items = score.fields()
    outcomes = [_evaluate(score, Answers(items, values)) for values in _completions(items, given, missing)]
    low, high = min(total for total, _, _ in outcomes), max(total for total, _, _ in outcomes)
    seen = {band.label for _, band, _ in outcomes}
    if any(items[field].kind is Kind.NUMBER for field in missing) and not score.choose:
        seen |= {band.label for band in _bands_between(score, low, high)}
    return round(low, score.digits), round(high, score.digits), tuple(b for b in score.bands if b.label in seen)


def _completions(
    items: Mapping[str, Item], given: Mapping[str, Answer], missing: tuple[str, ...]
) -> Iterator[dict[str, Answer]]:
    for answers in product(*(items[field].probes() for field in missing)):
        yield {**given, **dict(zip(missing, answers, strict=True))}


def _bands_between(score: Score, low: float, high: float) -> tuple[Band, ...]:
    ordered = [band for band in score.bands if band.at_least is not None]
    first, last = ordered.index(score.band_of(low)), ordered.index(score.band_of(high))
    return tuple(ordered[first : last + 1])


def _spaced(unit: str) -> str:
    return unit if not unit or unit in ("分", "级", "%") else f" {unit}"


# Suggestions


@dataclass(frozen=True, slots=True)
class Suggested:
    """A score worth filling for this patient, and why."""

    score: str
    title: str
    purpose: str
    reasons: tuple[str, ...]


def suggest(
    patient: PatientContext,
    snapshot: Snapshot,
    findings: Iterable[str] = (),
    stage: str = "",
    among: Mapping[str, Score] | None = None,
) -> tuple[Suggested, ...]:
    """Scores for the patient's diagnoses, for findings (names or concept ids) and for a stage, those with most
    reasons first. Scores that were not made for such a patient are left out."""
    present = _present(patient, snapshot, findings)
    stage = stage or patient.stage
    found = []
    for score in (scores() if among is None else among).values():
        reasons = tuple(dict.fromkeys(_reasons(score, present, stage, snapshot)))
        if reasons and not any(misfits(score.population, patient, snapshot)):
            found.append(Suggested(score.name, score.title, score.purpose, reasons))
    return tuple(sorted(found, key=lambda s: (-len(s.reasons), s.score)))


def _present(patient: PatientContext, snapshot: Snapshot, findings: Iterable[str]) -> dict[str, str]:
    """Concepts that are present, each with the words of the record."""
    found: dict[str, str] = {}
    conditions = patient.conditions
    for condition in () if isinstance(conditions, Unknown) else conditions:
        if condition.status is ClinicalStatus.ACTIVE:
            found.update(dict.fromkeys(condition.what.concepts, condition.what.text))
    for told in findings:
        ids = concepts_named(snapshot, (told,), CONDITION_KINDS) or ({told} if snapshot.concept(told) else ())
        found.update({concept: snapshot.name(concept) for concept in ids})
    return found


def _reasons(score: Score, present: Mapping[str, str], stage: str, snapshot: Snapshot) -> Iterator[str]:
    for names, word in ((score.diseases, "诊断"), (score.findings, "表现")):
        wanted = concepts_named(snapshot, names, CONDITION_KINDS) if names else frozenset()
        for concept, text in present.items():
            if not wanted.isdisjoint(snapshot.ancestors(concept)):
                yield f"{word}：{text}"
    if stage and stage in score.stages:
        yield "入院评估" if stage == "encounter-start" else f"环节：{stage}"
