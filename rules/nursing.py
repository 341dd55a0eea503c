"""Nursing risks of an inpatient: a recorded score, else what drugs, diseases, results and age add up to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from clinical.administration import SYSTEMIC
from clinical.coded import Coded, zoned
from clinical.finding import Datum
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import OrderKind
from clinical.patient import Observation
from clinical.quantity import Quantity
from clinical.value import Value
from knowledge.model import Predicate, Statement
from rules.measures import latest, measured
from rules.model import Case, Use, order_datum
from rules.subjects import rows_of

SCORES: Final = {
    "fall": "lab:morse-score",
    "pressure": "lab:braden-score",
    "aspiration": "lab:water-swallow-test",
    "vte-medical": "lab:padua-score",
    "vte-surgical": "lab:caprini-score",
}
"""Risk → the test that records its score."""
_SCORE_DAYS: Final = 7
"""A score or result older than this no longer describes the patient."""
_ADULT_YEARS: Final = 18
_OPERATION_DAYS: Final = 30
"""Caprini and Padua count operations of the last month."""
REACHING: Final = SYSTEMIC | {"鼻饲"}
"""Routes by which a drug acts on the whole body."""


class Factor(Value, frozen=True):
    """One thing that adds points: the row, the datum it was seen in, and the use when it is a drug."""

    statement: Statement
    datum: Datum
    use: Use | None = None
    new: bool = False

    @property
    def points(self) -> float:
        return float(self.statement.qualifiers.get("points", 0))


class Assessment(Value, frozen=True):
    """How high a risk is: the row of the level, the recorded score or the derived sum, and what makes it up."""

    risk: str
    level: Statement
    total: float
    recorded: Datum | None
    factors: tuple[Factor, ...]

    @property
    def high(self) -> bool:
        return bool(self.level.qualifiers["level"] == "high")


def assess(case: Case, risk: str, known: tuple[Factor, ...]) -> Assessment | None:
    """The risk when it is moderate or high. A recorded score wins over a derived one, which is for adults:
    the scales it follows are."""
    rows = case.statements(Predicate.NURSING_RISK, SCORES[risk])
    levels = [s for s in rows if s.qualifiers["kind"] == "score" and s.qualifiers["risk"] == risk]
    factors = tuple(f for f in known if f.statement.qualifiers["risk"] == risk)
    score = recorded(case, risk)
    if not isinstance(score, Unknown):
        value, datum = score
        level = next((s for s in levels if _within(s, value)), None)
        return None if level is None else Assessment(risk, level, value, datum, factors)
    total, years = _total(factors), case.age_years
    reached = [s for s in levels if s.qualifiers["points"] <= total]
    child = not isinstance(years, Unknown) and years < _ADULT_YEARS
    if child or not reached or all(f.statement.qualifiers["kind"] == "age" for f in factors):
        return None
    return Assessment(risk, max(reached, key=lambda s: s.qualifiers["points"]), total, None, factors)


def recorded(case: Case, risk: str) -> Known[tuple[float, Datum]]:
    """The score somebody recorded within the last days: a bare number, or one with 分 or 级."""
    found = latest(case, SCORES[risk], _SCORE_DAYS)
    if isinstance(found, Unknown):
        return UNKNOWN
    value = _number(found)
    shown = "" if value is None else f"{value:g}"
    return UNKNOWN if value is None else (value, Datum.at(case.name(SCORES[risk]), shown, found.origin))


def _number(found: Observation) -> float | None:
    if isinstance(found.value, Quantity):
        return found.value.value
    text = found.value.strip().rstrip("分级") if isinstance(found.value, str) else ""
    return float(text) if text.replace(".", "", 1).isdigit() else None


def _total(factors: tuple[Factor, ...]) -> float:
    """Points, each item once with the most it was given."""
    items: dict[str, float] = {}
    for factor in factors:
        item = factor.statement.qualifiers["item"]
        items[item] = max(items.get(item, 0), factor.points)
    return sum(items.values())


def _within(s: Statement, value: float) -> bool:
    return bool(s.qualifiers.get("at_least", float("-inf")) <= value < s.qualifiers.get("below", float("inf")))


def added_to(case: Case) -> frozenset[str]:
    """Risks that an order in focus adds to."""
    return frozenset(f.statement.qualifiers["risk"] for f in (*_drugs(case, case.new_uses), *_planned(case)) if f.new)


def all_factors(case: Case) -> tuple[Factor, ...]:
    """Everything that adds to some risk."""
    return tuple(_factors(case))


def _factors(case: Case) -> Iterator[Factor]:
    yield from _drugs(case, case.uses)
    rows = rows_of(case, Predicate.NURSING_RISK)
    for concept, condition in case.conditions.items():
        if not rows[concept]:
            continue
        shown = condition.what.text or case.name(concept)
        for s in case.statements(Predicate.NURSING_RISK, concept):
            if s.subject == concept:
                yield Factor(s, Datum.at("诊断", shown, condition.origin))
    for lab in case.observed:
        for s in case.statements(Predicate.NURSING_RISK, lab):
            if s.qualifiers["kind"] == "lab":
                yield from _result(case, lab, s)
    yield from _ages(case)
    yield from _operations(case)


def _drugs(case: Case, uses: tuple[Use, ...]) -> Iterator[Factor]:
    """Drugs that reach the body; what acts only where it is applied makes nobody fall."""
    for use in uses:
        rows = case.statements(Predicate.NURSING_RISK, use.concept)
        route = use.order.dosage.route
        if rows and (isinstance(route, Unknown) or route in REACHING):
            new = use.new and case.in_focus(use.order.id)
            yield from (Factor(s, order_datum(use.order), use, new) for s in rows)


def _result(case: Case, lab: str, s: Statement) -> Iterator[Factor]:
    value = measured(case, lab, s.qualifiers["unit"], _SCORE_DAYS)
    if not isinstance(value, Unknown) and _within(s, value.value):
        yield Factor(s, value.data[0])


def _ages(case: Case) -> Iterator[Factor]:
    age, years = case.age, case.age_years
    if isinstance(age, Unknown) or isinstance(years, Unknown):
        return
    for lab in SCORES.values():
        for s in case.statements(Predicate.NURSING_RISK, lab):
            q = s.qualifiers
            if q["kind"] == "age" and q.get("age_min", 0) <= age < q.get("age_max", float("inf")):
                yield Factor(s, Datum("年龄", f"{years} 岁"))


def _operations(case: Case) -> Iterator[Factor]:
    """Operations under review, and dated ones of the last month."""
    yield from _planned(case)
    done = case.patient.procedures
    since = zoned(case.patient.as_of) - timedelta(days=_OPERATION_DAYS)
    for procedure in () if isinstance(done, Unknown) else done:
        time = procedure.origin.time
        if time is not None and zoned(time) >= since:
            for s in _said(case, procedure.what):
                yield Factor(s, Datum.at("手术操作", procedure.what.text, procedure.origin))


def _planned(case: Case) -> Iterator[Factor]:
    for order in case.orders:
        if order.kind is OrderKind.PROCEDURE:
            for s in _said(case, order.what):
                yield Factor(s, order_datum(order), new=case.in_focus(order.id))


def _said(case: Case, what: Coded) -> Iterator[Statement]:
    for concept in what.concepts:
        yield from case.statements(Predicate.NURSING_RISK, concept)
