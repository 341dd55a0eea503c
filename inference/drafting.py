"""An option as an order that could be written: the drug with this patient's dose, or the test, examination or
procedure; and the same order held to what kidneys and liver allow."""

from __future__ import annotations

from math import ceil, floor
from typing import Final

from clinical.administration import Frequency, frequency_of, route_of
from clinical.coded import Coded
from clinical.finding import Finding
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Dosage, Order, OrderKind
from clinical.quantity import Quantity, UnitMismatch
from clinical.value import replace
from inference.dose import Dose, frequency_in, practical
from inference.plan import Plan
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot

_KINDS: Final = {
    "drug": OrderKind.DRUG,
    "lab": OrderKind.LAB,
    "exam": OrderKind.EXAM,
    "procedure": OrderKind.PROCEDURE,
}
_HOURS_A_DAY: Final = 24.0
_ROUNDED: Final = 0.8
"""A limit of 480 mg may be rounded down to 400 mg: what tablets can give."""
_EVER: Final = float("inf")
_SLACK: Final = 0.05
"""Of a day: rows state 0.17 mg where a dose of 0.5 mg is given every 72 hours."""
_ORGANS: Final = {"renal": Predicate.RENAL_LIMIT, "hepatic": Predicate.HEPATIC_LIMIT}
_FORM_OF_ROUTE: Final = {"雾化吸入": "吸入溶液"}
"""Ways of giving that only one form allows: what is nebulised is held to other limits than what is puffed."""
_RARER: Final = {1.0: "qd", 2.0: "bid", 3.0: "tid", 0.5: "qod", 1 / 7: "qw", 2 / 7: "biw", 3 / 7: "tiw"}


def order_of(plan: Plan, dose: Dose | None, diagnosis: Coded, snapshot: Snapshot) -> Order | None:
    """The order of a row; None for a measure, which nobody orders. A drug without a dose is an order to be checked,
    not one to be written."""
    kind = _KINDS.get(plan.kind)
    if kind is None or not plan.item:
        return None
    what = Coded(snapshot.name(plan.item), (), (plan.item,))
    order = Order(plan.statement.id, kind, what, reason=(diagnosis,))
    if kind is not OrderKind.DRUG:
        return order
    return replace(order, form=_FORM_OF_ROUTE.get(plan.route, ""), dosage=_dosage(plan, dose))


def _dosage(plan: Plan, dose: Dose | None) -> Dosage:
    frequency = frequency_in(plan)
    days: Known[float] = UNKNOWN if plan.course is None else plan.course / _HOURS_A_DAY
    said = Dosage(
        dose=UNKNOWN if dose is None else dose.chosen,
        route=route_of(plan.route) if plan.route else UNKNOWN,
        duration_days=days,
        frequency_text=plan.frequency,
        route_text=plan.route,
    )
    return said if isinstance(frequency, Unknown) else _paced(said, frequency)


def _paced(dosage: Dosage, frequency: Frequency) -> Dosage:
    hours = frequency.interval_hours
    return replace(
        dosage,
        times_per_day=frequency.times_per_day,
        interval_hours=UNKNOWN if hours is None else hours,
        as_needed=frequency.as_needed,
        duration_days=1.0 if frequency.once else dosage.duration_days,
    )


# What kidneys and liver allow


def spared(order: Order, findings: tuple[Finding, ...], snapshot: Snapshot) -> Order | None:
    """The order within the figures that renal and hepatic findings hold it against; None when no finding states any,
    when one forbids the drug, or when the order is within them already."""
    changed = order
    for finding in findings:
        limit = _limit_of(finding, order, snapshot)
        if limit is not None:
            changed = _within(changed, limit)
    return None if changed == order else changed


def _limit_of(finding: Finding, order: Order, snapshot: Snapshot) -> Statement | None:
    predicate = _ORGANS.get(finding.family)
    if predicate is None:
        return None
    rows = (s for concept in order.what.concepts for s in snapshot.statements(predicate, concept))
    found = next((s for s in rows if s.id == finding.rule_id), None)
    return None if found is None or found.qualifiers.get("action") == "avoid" else found


def _within(order: Order, limit: Statement) -> Order:
    """The order with dose and pace held to one row. A row per kg is left to the prescriber."""
    if "per" in limit.qualifiers:
        return order
    dosage = order.dosage
    slower = _slower(dosage, limit)
    if slower is not None:
        dosage = replace(_paced(dosage, slower[1]), frequency_text=slower[0])
    return replace(order, dosage=replace(dosage, dose=_lowered(dosage, limit)))


def _slower(dosage: Dosage, limit: Statement) -> tuple[str, Frequency] | None:
    """The pace that a row allows, in words, where that of the order is quicker."""
    pace, word = dosage.times_per_day, _pace(dosage, limit)
    found = frequency_of(word) if word else UNKNOWN
    is_slower = not isinstance(pace, Unknown) and not isinstance(found, Unknown) and found.times_per_day < pace
    return (word, found) if is_slower and not isinstance(found, Unknown) else None


def _pace(dosage: Dosage, limit: Statement) -> str:
    """How often at most a row has its drug given; where it says to lengthen the interval and how much a day, so often
    that the single dose stays what it is."""
    q = limit.qualifiers
    if "times_per_day_max" in q:
        return _RARER.get(float(q["times_per_day_max"]), "")
    dose = min(_in(dosage.dose, q.get("unit", "")), q.get("single_max", _EVER))
    if q.get("action") != "extend-interval" or "daily_max" not in q or not dose:
        return ""
    times = q["daily_max"] / dose
    if times < 1 - _SLACK:
        return f"每{_HOURS_A_DAY * ceil(1 / times - _SLACK):g}小时1次"
    return _RARER.get(float(floor(times + _SLACK)), "")


def _in(dose: Known[Quantity], unit: str) -> float:
    """A dose in a unit; 0 where that cannot be said."""
    try:
        return 0.0 if isinstance(dose, Unknown) or not unit else dose.to(unit).value
    except UnitMismatch:
        return 0.0


def _lowered(dosage: Dosage, limit: Statement) -> Known[Quantity]:
    q, dose = limit.qualifiers, dosage.dose
    if isinstance(dose, Unknown) or "unit" not in q:
        return dose
    times = dosage.times_per_day
    caps = [q["single_max"]] if "single_max" in q else []
    if "daily_max" in q and not isinstance(times, Unknown) and times:
        caps.append(q["daily_max"] / times)
    try:
        most = min((Quantity(cap, q["unit"]).to(dose.unit).value for cap in caps), default=dose.value)
    except UnitMismatch:
        return dose
    return dose if dose.value <= most else Quantity(practical(_ROUNDED * most, most, dose.unit), dose.unit)
