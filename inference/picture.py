"""A patient at one glance (360°): problems, drugs in use, allergies, results in the course of time, follow-up of
chronic diseases, scores worth filling, the course of care by visit, and the graph of all this with what the release
says of it.

A list that is not on record is no empty list: ``unknown`` names those of which nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from clinical.coded import Origin, zoned
from clinical.logic import Known, Unknown
from clinical.order import Order
from clinical.patient import Allergy, ClinicalStatus, Condition, Observation, PatientContext, Procedure, Report
from inference.picture_graph import graph
from inference.picture_parts import (
    Edge,
    FollowUp,
    FollowUpItem,
    Intolerance,
    Node,
    Problem,
    Repeated,
    Series,
    Shown,
    Stored,
    Taken,
    Visit,
    day,
)
from inference.picture_timeline import timeline
from inference.picture_trends import trends
from inference.scoring import suggest
from knowledge.model import ConceptKind, Predicate
from knowledge.snapshot import Snapshot
from records.kinds import Json

_T = TypeVar("_T")
_YEAR: Final = timedelta(days=365)
_MOST_SCORES: Final = 12
_CHRONIC: Final = re.compile(
    r"I1[0-35]|E1[0-4]|I2[05]|I48|I50|I6[0-49]|J4[2-57]|N18|C\d\d|D4[5-7]|B18|K7[34]|F0[0-3]|F2\d|F3[1-3]|G20|G30|G35"
    r"|G40|G70|M0[56]|M10|M3[0-5]|E0[35]|E78|K50|K51|B2[0-4]|D5[6-8]|D6[0-1]|D66"
)
"""ICD-10 categories that a patient keeps for years."""
_LISTS: Final = ("conditions", "medications", "allergies", "observations")


class ScoreHint(Shown, frozen=True):
    """A score worth filling, and why."""

    score: str
    title: str
    purpose: str
    reasons: tuple[str, ...]


class Picture(Shown, frozen=True):
    """See the module."""

    problems: tuple[Problem, ...]
    drugs: tuple[Taken, ...]
    allergies: tuple[Intolerance, ...]
    trends: tuple[Series, ...]
    follow_ups: tuple[FollowUp, ...]
    scores: tuple[ScoreHint, ...]
    timeline: tuple[Visit, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    unknown: tuple[str, ...]


def picture(
    patient: PatientContext,
    history: Sequence[Condition],
    stored: Sequence[Stored],
    snapshot: Snapshot,
    sent: Mapping[str, Json],
    twice: Mapping[str, Repeated],
) -> Picture:
    """The picture of a patient resolved against the snapshot. ``history`` are all diagnoses ever recorded, resolved
    too, ``stored`` all resources as they are kept, ``sent`` observations by the reference that they have in
    ``patient``, ``twice`` what something repeats by its reference."""
    problems = tuple(_problems(history, snapshot))
    drugs = tuple(_taken(order, twice) for order in _known(patient.medications) if order.is_active())
    allergies = tuple(_intolerance(one) for one in _known(patient.allergies))
    series = trends(patient, snapshot, sent)
    findings = tuple(findings_of(series, snapshot))
    nodes, edges = graph(snapshot, problems, drugs, allergies, findings)
    hints = suggest(patient, snapshot, [concept for concept, _ in findings])
    return Picture(
        problems,
        drugs,
        allergies,
        series,
        tuple(_follow_ups(problems, history, patient, series, snapshot)),
        tuple(ScoreHint(h.score, h.title, h.purpose, h.reasons) for h in hints[:_MOST_SCORES]),
        timeline(stored, twice),
        nodes,
        edges,
        tuple(name for name in _LISTS if isinstance(getattr(patient, name), Unknown)),
    )


def _known(items: Known[tuple[_T, ...]]) -> tuple[_T, ...]:
    return () if isinstance(items, Unknown) else items


# -- lists -------------------------------------------------------------------------------------


def _problems(history: Iterable[Condition], snapshot: Snapshot) -> Iterator[Problem]:
    """Diagnoses by disease, the active and then the newest first; what is not understood under its own words."""
    groups: dict[str, list[Condition]] = {}
    for condition in history:
        key = condition.what.concepts[0] if condition.what.concepts else condition.what.text
        if key:
            groups.setdefault(key, []).append(condition)
    made = [_problem(key, found, snapshot) for key, found in groups.items()]
    yield from sorted(made, key=lambda p: (p.active, p.last_recorded, p.name), reverse=True)


def _problem(key: str, found: Sequence[Condition], snapshot: Snapshot) -> Problem:
    """One problem: its state is what was said last."""
    ordered = sorted(found, key=lambda one: _stamp(one.origin))
    newest = ordered[-1]
    codes = tuple(dict.fromkeys(code.value for one in ordered for code in one.what.codes))
    onsets = [one.onset.isoformat() for one in ordered if one.onset is not None]
    recorded = [day(one.origin.time) for one in ordered if one.origin.time is not None]
    known = bool(newest.what.concepts)
    return Problem(
        snapshot.name(key) if known else newest.what.text,
        newest.status is ClinicalStatus.ACTIVE,
        key if known else "",
        codes,
        min((*onsets, *recorded), default=""),
        max(recorded, default=""),
        tuple(dict.fromkeys(one.origin.institution for one in ordered if one.origin.institution)),
        len(ordered),
        _is_chronic(key, codes, snapshot),
    )


def _stamp(origin: Origin) -> float:
    return zoned(origin.time).timestamp() if origin.time is not None else 0.0


def _is_chronic(key: str, codes: Iterable[str], snapshot: Snapshot) -> bool:
    concept = snapshot.concept(key)
    own = (ref.code for ref in concept.codes if ref.system in ("icd-10", "icd-10-prefix")) if concept else ()
    return any(_CHRONIC.match(code) for code in (*codes, *own))


def _taken(order: Order, twice: Mapping[str, Repeated]) -> Taken:
    dosage = order.dosage
    parts = (
        "" if isinstance(dosage.dose, Unknown) else str(dosage.dose),
        dosage.frequency_text,
        "" if isinstance(dosage.route, Unknown) else dosage.route,
    )
    return Taken(
        order.what.text,
        " ".join(filter(None, parts)),
        order.start.isoformat() if order.start else "",
        order.stop.isoformat() if order.stop else "",
        order.origin.institution,
        order.id,
        tuple(dict.fromkeys(ingredient.concept for ingredient in order.ingredients)),
        twice.get(order.id),
    )


def _intolerance(one: Allergy) -> Intolerance:
    severe = not isinstance(one.severe, Unknown) and one.severe
    about = (day(one.origin.time), one.origin.institution, one.what.concepts)
    return Intolerance(one.what.text, one.reactions, severe, *about)


# -- findings that results show ------------------------------------------------------------------


def findings_of(series: Iterable[Series], snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Findings that the last values mean (血钾升高), each with that value."""
    index = snapshot.remember("picture-findings", lambda: _by_test(snapshot))
    for one in series:
        last = one.points[-1] if one.points else None
        for direction, at_least, below, finding in index.get(one.concept, ()) if last else ():
            if last and _means(last.value, last.flag, one, direction, at_least, below):
                yield finding, f"{one.name} {last.value:g} {one.unit} ({last.at[:10]})"


def _means(
    value: float, flag: str, series: Series, direction: str, at_least: tuple[float, str], below: tuple[float, str]
) -> bool:
    if direction:
        return direction == (flag if flag in ("high", "low") else _side(value, series) if flag == "critical" else "")
    if any(unit and unit != series.unit for _, unit in (at_least, below)):
        return False
    return at_least[0] <= value < below[0]


def _side(value: float, series: Series) -> str:
    """On which side a critical value lies; empty where no reference limit tells."""
    if series.high is not None and value > series.high:
        return "high"
    return "low" if series.low is not None and value < series.low else ""


class _Objects(msgspec.Struct, frozen=True, gc=False):
    predicate: Predicate
    object: str = ""


_Meaning = tuple[str, tuple[float, str], tuple[float, str], str]


def _by_test(snapshot: Snapshot) -> dict[str, list[_Meaning]]:
    """Test → what its values mean: direction or limits, and the finding."""
    found: dict[str, list[_Meaning]] = {}
    for finding in sorted({s.object for s in snapshot.saying(Predicate.HAS_FINDING, _Objects)}):
        known = snapshot.concept(finding)
        told = known.attributes if known else {}
        direction, unit = str(told.get("result", "")), str(told.get("unit", ""))
        limited = "at_least" in told or "below" in told
        if "lab" in told and (direction in ("high", "low") or limited):
            limits = (float(told.get("at_least", "-inf")), unit), (float(told.get("below", "inf")), unit)
            for test in snapshot.by_name(str(told["lab"]), ConceptKind.LAB):
                found.setdefault(test.id, []).append(("" if limited else direction, *limits, finding))
    return found


# -- chronic diseases ------------------------------------------------------------------------------


def _follow_ups(
    problems: Iterable[Problem],
    history: Sequence[Condition],
    patient: PatientContext,
    series: Sequence[Series],
    snapshot: Snapshot,
) -> Iterator[FollowUp]:
    """Chronic diseases that are active, with the tests they are followed by."""
    for problem in problems:
        if problem.active and problem.chronic:
            days = {
                day(c.origin.time)
                for c in history
                if c.origin.time is not None
                and zoned(patient.as_of) - zoned(c.origin.time) <= _YEAR
                and problem.concept in c.what.concepts
            }
            items = tuple(_items(problem.concept, patient, series, snapshot)) if problem.concept else ()
            yield FollowUp(problem.name, problem.concept, len(days), problem.last_recorded, items)


def _items(
    disease: str, patient: PatientContext, series: Sequence[Series], snapshot: Snapshot
) -> Iterator[FollowUpItem]:
    """Tests and examinations by which the release says the disease is followed, each with when it was last done."""
    by_test = {one.concept: one for one in series}
    seen: set[str] = set()
    for statement in snapshot.statements(Predicate.WORKUP, disease):
        if statement.qualifiers.get("purpose") not in ("follow-up", "assess") or statement.object in seen:
            continue
        seen.add(statement.object)
        known = by_test.get(statement.object)
        title = next((snapshot.source(c.source) for c in statement.citations), None)
        source = title.title if title else ""
        name, last = snapshot.name(statement.object), _last_done(patient, statement.object)
        ago = None if last is None else max(0, (zoned(patient.as_of) - zoned(last)).days)
        point = known.points[-1] if known and known.points else None
        result = f"{point.value:g} {known.unit}" if known and point else ""
        yield FollowUpItem(name, statement.object, day(last), ago, result, point.flag if point else "", source)


def _last_done(patient: PatientContext, item: str) -> datetime | None:
    """When a test or examination was last done, its kinds too."""
    done: list[Observation | Report | Procedure] = [*_known(patient.observations), *_known(patient.reports)]
    done += _known(patient.procedures)
    times = [one.origin.time for one in done if item in one.what.concepts and one.origin.time is not None]
    return max(times, key=lambda time: zoned(time).timestamp(), default=None)


__all__ = ["Picture", "findings_of", "picture"]
