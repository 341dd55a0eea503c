"""Risks of a patient by published scores and by models of the installation's own, and when one is high enough to say
so without being asked.

A score with items missing still has a floor: what is known already brings so many points. An alarm rests on that
floor, never on what is assumed of the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from clinical.finding import Datum
from clinical.patient import PatientContext
from inference.kidney_course import creatinine_course
from inference.learned import Model, Prediction
from inference.score import Answer, Level, Score
from inference.scoring import Result, form, scored, scores
from knowledge.snapshot import Snapshot

LEVELS: Final = tuple(Level)
"""From nothing to be done to act at once."""
_RANK: Final = {level: rank for rank, level in enumerate(LEVELS)}


@dataclass(frozen=True, slots=True)
class Topic:
    """A risk that is looked at. ``alarm`` is the level from which it is told unasked, where it is ``acute``: told
    when a result arrives; the others are asked for at admission or discharge."""

    name: str
    title: str
    scores: tuple[str, ...]
    alarm: Level = Level.HIGH
    acute: bool = False
    note: str = ""


TOPICS: Final[Mapping[str, Topic]] = {
    topic.name: topic
    for topic in (
        Topic(
            "sepsis",
            "脓毒症",
            ("qsofa", "sirs", "sofa", "news2"),
            acute=True,
            note="评分提示器官功能障碍或炎症反应；是否脓毒症须结合感染证据判断。",
        ),
        Topic("deterioration", "病情恶化", ("news2",), acute=True),
        Topic("mortality", "住院死亡", ("sofa", "apache-ii"), acute=True),
        Topic("aki", "急性肾损伤", ("kdigo-aki",), Level.MODERATE, acute=True),
        Topic("vte", "静脉血栓栓塞", ("caprini", "padua")),
        Topic("readmission", "再入院", ("lace",)),
    )
}


@dataclass(frozen=True, slots=True)
class Basis:
    """One score for one patient: ``floor`` is the level that is certain, ``ceiling`` the highest that missing items
    allow. ``data`` is what was read beside the form."""

    result: Result
    floor: Level
    ceiling: Level
    data: tuple[Datum, ...] = ()

    def fields(self) -> frozenset[str]:
        """Items that were answered."""
        return frozenset(item.field for item in self.result.items)


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk of a patient: the level that is certain (None: nothing is known), whether that calls for telling, what
    to do next, and what it rests on. ``left_out`` says which scores could not speak, and why."""

    topic: Topic
    level: Level | None
    alarm: bool
    advice: str
    bases: tuple[Basis, ...]
    predictions: tuple[Prediction, ...]
    left_out: tuple[str, ...]


def risks(
    patient: PatientContext,
    snapshot: Snapshot,
    models: Iterable[Model] = (),
    topics: Collection[str] = tuple(TOPICS),
    own: bool = True,
) -> tuple[Risk, ...]:
    """Risks of a resolved patient. A model speaks to the topic it was trained for; those of other names stand as
    topics of their own, where ``own`` asks for them. Raises ``KeyError`` for an unknown topic."""
    found = list(models)
    known = [_risk(TOPICS[name], patient, snapshot, [m for m in found if m.topic == name]) for name in topics]
    others = [model for model in found if own and model.topic not in TOPICS]
    return (*known, *(_risk(Topic(m.topic, m.title, ()), patient, snapshot, [m]) for m in others))


def rank(level: Level | None) -> int:
    """Levels in order; nothing known is below all."""
    return -1 if level is None else _RANK[level]


def _risk(topic: Topic, patient: PatientContext, snapshot: Snapshot, models: Sequence[Model]) -> Risk:
    bases, left_out = [], []
    for name in topic.scores:
        told = basis(scores()[name], patient, snapshot)
        if isinstance(told, Basis):
            bases.append(told)
        else:
            left_out.append(told)
    predictions = tuple(model.predict(patient, snapshot) for model in models)
    worst = max(bases, key=lambda b: _RANK[b.floor], default=None)
    alarmed = worst is not None and _RANK[worst.floor] >= _RANK[topic.alarm]
    above = any(prediction.above for prediction in predictions)
    return Risk(
        topic,
        worst.floor if worst else None,
        alarmed or above,
        _advice(worst),
        tuple(bases),
        predictions,
        tuple(left_out),
    )


def _advice(worst: Basis | None) -> str:
    """The next step of the band that is certain."""
    if worst is None:
        return ""
    bands = (worst.result.band,) if worst.result.band else worst.result.possible
    return next((band.next_step for band in bands if band is not None and band.level is worst.floor), "")


def basis(score: Score, patient: PatientContext, snapshot: Snapshot) -> Basis | str:
    """What a score says of a patient; in words why it cannot: it was made for others, or nothing is on record."""
    filled = form(score, patient, snapshot)
    if filled.warnings:
        return f"{score.title}：{filled.warnings[0]}"
    more, data = _beside(score, patient, snapshot)
    result = scored(score, more, filled)
    if not result.items or (not filled.values().keys() - {"age", "sex"} and not more):
        return f"{score.title}：记录中没有可用的数据。"
    return Basis(result, floor_of(score, result), _ceiling(score, result), data)


def _beside(
    score: Score, patient: PatientContext, snapshot: Snapshot
) -> tuple[dict[str, Answer | None], tuple[Datum, ...]]:
    """Answers that a form cannot find by itself: those of a course."""
    if score.name != "kdigo-aki":
        return {}, ()
    course = creatinine_course(patient, snapshot)
    if course is None:
        return {}, ()
    answers: dict[str, Answer | None] = {"baseline": course.baseline}
    return answers if course.risen is None else answers | {"rise": course.risen}, course.data


def floor_of(score: Score, result: Result) -> Level:
    """The level that is certain whatever the missing items say. Where a score chooses bands beyond its total, it does
    so upwards only (a single parameter of NEWS2), so that the lowest total is a floor there too."""
    if result.band is not None:
        return result.band.level
    if score.choose is not None and result.lowest is not None:
        return score.band_of(result.lowest).level
    return min((band.level for band in result.possible), key=_RANK.__getitem__)


def _ceiling(score: Score, result: Result) -> Level:
    bands = (result.band,) if result.band is not None else result.possible
    return max((band.level for band in bands), key=_RANK.__getitem__)
