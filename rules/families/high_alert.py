"""High-alert drugs: a double check when they are dispensed, and what an order of them must not leave out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from clinical.finding import Datum, Finding, Outcome
from clinical.logic import Unknown
from clinical.order import Ingredient, Order
from clinical.quantity import UnitMismatch
from clinical.value import Value, replace
from knowledge.model import Predicate, Statement
from rules.model import Case, Family, Use
from rules.regulations import INCOMPLETE, each_order, ruled
from rules.saying import fitting, found, named

NAME = "high-alert"
_AT_DISPENSING: Final = frozenset({"medication-verify", "order-dispatch"})
_RATE_WORDS: Final = re.compile(r"\d[^,，;；]{0,12}(?:/|每)(?:h|小时|min|分)|滴/分", re.IGNORECASE)


class _Held(Value, frozen=True):
    """A high-alert drug of an order and the rows about it, the one that speaks first."""

    use: Use
    rows: tuple[Statement, ...]

    @property
    def order(self) -> Order:
        return self.use.order

    @property
    def row(self) -> Statement:
        return self.rows[0]


class _Lack(Value, frozen=True):
    """What an order leaves out or writes dangerously."""

    severity: str
    what: str
    advice: str
    cause: str
    shown: str = "未写明"


def check(case: Case) -> Iterator[Outcome]:
    """What is missing speaks at once; the reminder to check twice only where drugs are handed out."""
    return each_order(NAME, case, _order)


def _order(case: Case, order: Order) -> Iterator[Outcome]:
    held = _held(case, order)
    if held is None:
        return
    lacks = [lack for need in held.row.qualifiers.get("needs", ()) if (lack := _CHECKS[need](case, held))]
    yield from (_missing(case, held, lack) for lack in lacks)
    if not lacks and case.patient.stage in _AT_DISPENSING:
        q = held.row.qualifiers
        row = ruled(held.row, "info", q["reason"], q["advice"])
        summary = f"高警示药品({q['grade']}级) {named(case, held.use)}: 须双人核对"
        yield _said(case, held, row, summary, Datum("高警示级别", f"{q['grade']}级"), "")


def _held(case: Case, order: Order) -> _Held | None:
    """The product, or the ingredient of the gravest grade in an order."""
    meant = {*order.what.concepts, *(ingredient.concept for ingredient in order.ingredients)}
    concepts = [concept for concept in meant if case.snapshot.statements(Predicate.HIGH_ALERT, concept)]
    if not concepts:
        return None
    uses = (Use(order, Ingredient(concept), True, concept) for concept in sorted(concepts))
    known = [_Held(use, rows) for use in uses if (rows := fitting(case, Predicate.HIGH_ALERT, use))]
    return min(known, key=lambda held: str(held.row.qualifiers["grade"]), default=None)


def _no_rate(case: Case, held: _Held) -> _Lack | None:
    """A pump needs its rate: in the order, in its group, as a dose in time or in words. Milder than it is
    grave, because many hospital systems send none of what is set at the bedside."""
    order = held.order
    if order.dosage.route != "静脉泵入" or any(_tells_rate(o) for o in _together(case, order)):
        return None
    return _Lack("minor", "静脉泵入未写明泵速", "补充泵速(如 ml/h 或 μg/(kg·min))和配制浓度后再执行", f"{NAME}:rate")


def _together(case: Case, order: Order) -> tuple[Order, ...]:
    """The order with what is given from the same bag or syringe."""
    return tuple(o for o in case.orders if o.id == order.id or (order.group and o.group == order.group))


def _tells_rate(order: Order) -> bool:
    dosage = order.dosage
    in_time = not isinstance(dosage.dose, Unknown) and "/" in dosage.dose.unit
    words = f"{dosage.frequency_text} {order.note} {order.what.text}"
    return not isinstance(dosage.rate, Unknown) or in_time or _RATE_WORDS.search(words) is not None


def _no_units(case: Case, held: _Held) -> _Lack | None:
    """Insulin is ordered in units: millilitres and pens are how tenfold overdoses come about."""
    dose, advice = held.order.dosage.dose, "改以“单位”书写每次剂量(中文“单位”，不写U)，由两人核对后执行"
    if isinstance(dose, Unknown):
        told = bool(held.order.note) or any(_tells_rate(o) for o in _together(case, held.order))
        return None if told else _Lack("moderate", "胰岛素未写明每次单位数", advice, INCOMPLETE)
    if dose.unit.partition("/")[0] in ("IU", "万IU"):
        return None
    severity = "major" if _is_volume(dose) else "moderate"
    return _Lack(severity, f"胰岛素剂量写为 {dose}，不是单位数", advice, f"{NAME}:units", str(dose))


def _is_volume(dose: Any) -> bool:
    try:
        dose.to("mL")
    except UnitMismatch:
        return False
    return True


def _no_route(case: Case, held: _Held) -> _Lack | None:
    """静脉 alone may be read as a push."""
    if held.order.dosage.route != "静脉给药":
        return None
    what = "途径只写“静脉”，可能被当作静脉注射执行"
    return _Lack("moderate", what, f"写明静脉滴注；{held.row.qualifiers['advice']}", f"{NAME}:route", "静脉给药")


def _not_diluted(case: Case, held: _Held) -> _Lack | None:
    """The same cause as the family of routes gives, so that both are one alert."""
    if held.order.dosage.route != "静脉注射":
        return None
    advice = held.row.qualifiers["advice"]
    return _Lack("contraindicated", "浓缩注射液不得静脉注射", advice, f"route:{held.use.concept}:", "静脉注射")


_CHECKS: Final = {"rate": _no_rate, "units": _no_units, "route": _no_route, "dilution": _not_diluted}


def _missing(case: Case, held: _Held, lack: _Lack) -> Finding:
    row = ruled(held.row, lack.severity, held.row.qualifiers["reason"], lack.advice)
    summary = f"{named(case, held.use)}: {lack.what}"
    return _said(case, held, row, summary, Datum(lack.what, lack.shown), lack.cause)


def _said(case: Case, held: _Held, row: Statement, summary: str, datum: Datum, cause: str) -> Finding:
    finding = found(case, NAME, row, (held.use,), summary, (datum,), (), cause)
    others = (reference for other in held.rows[1:] for reference in case.references(other))
    return replace(finding, references=(*finding.references, *others))


FAMILY = Family(NAME, "高警示药品", check, reads=(Predicate.HIGH_ALERT,), by_drug=True)
