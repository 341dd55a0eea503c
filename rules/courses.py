"""How long a patient has been taking an ingredient, as far as dates are known, and whom rows about tests and
courses concern."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order, OrderKind, OrderStatus
from clinical.quantity import UnitMismatch
from clinical.value import Value
from knowledge.model import ConceptKind, Statement
from rules.model import Case, Use

_DRUG: Final = OrderKind.DRUG
_GOING_ON: Final = (OrderStatus.ACTIVE, OrderStatus.ON_HOLD)
GRACE_DAYS: Final = 3
"""Days between two orders that do not end a course: a refill is fetched after a weekend."""


class Span(Value, frozen=True):
    """An earlier order of an ingredient: first day (None: not known) and last day (today while it goes on)."""

    order: Order
    first: date | None
    last: date


class Course(Value, frozen=True):
    """An unbroken course up to an order: its first day and the earlier orders, the latest first."""

    first: date
    before: tuple[Order, ...] = ()


def spans(case: Case) -> dict[str, list[Span]]:
    """Earlier orders by ingredient; empty when the patient's medications are unknown."""
    return case.once("spans", lambda: _spans(case))


def _spans(case: Case) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    medications, today = case.patient.medications, case.today
    drafts = {order.id for order in case.orders}
    for order in () if isinstance(medications, Unknown) else medications:
        stop = order.stop
        if order.kind is _DRUG and (stop or order.status in _GOING_ON) and order.id not in drafts:
            span = Span(order, order.start, stop if stop and stop < today else today)
            for ingredient in order.ingredients:
                found.setdefault(ingredient.concept, []).append(span)
    return found


def in_use(case: Case, concept: str, grace: int = GRACE_DAYS) -> bool:
    """Whether the patient is known to take the ingredient already, apart from the orders under review, or to have
    taken it up to ``grace`` days ago."""
    earlier = spans(case).get(concept)
    if not earlier:
        return False
    since = case.today - timedelta(days=grace)
    return any(span.last >= since for span in earlier)


def course(case: Case, use: Use, fits: Callable[[Order], bool] = lambda order: True) -> Course:
    """The course that an order continues: earlier orders that fit and end no more than ``GRACE_DAYS`` before
    the next begins."""
    first, before = use.order.start or case.today, []
    earlier = [s for s in spans(case).get(use.concept, ()) if s.first is not None and fits(s.order)]
    for span in sorted(earlier, key=lambda s: (s.last, s.first or s.last), reverse=True):
        if span.first is not None and span.first < first and (first - span.last).days <= GRACE_DAYS + 1:
            first = span.first
            before.append(span.order)
    return Course(first, tuple(before))


def days_of(order: Order) -> Known[float]:
    """Days an order is for: as written, from its dates, else from what is dispensed at this dose and frequency."""
    dosage = order.dosage
    if not isinstance(dosage.duration_days, Unknown):
        return dosage.duration_days
    if order.start and order.stop:
        return float((order.stop - order.start).days + 1)
    dispensed, dose, times = order.quantity, dosage.dose, dosage.times_per_day
    if isinstance(dispensed, Unknown) or isinstance(dose, Unknown) or isinstance(times, Unknown) or dosage.as_needed:
        return UNKNOWN
    try:
        a_day = dose.to(dispensed.unit).value * times
    except UnitMismatch:
        return UNKNOWN
    return dispensed.value / a_day if a_day > 0 else UNKNOWN


def age_fits(case: Case, s: Statement) -> bool:
    """Whether a row concerns a patient of this age; an unknown age does not take anybody out of it."""
    q, age = s.qualifiers, case.age
    if isinstance(age, Unknown) or not ("age_min" in q or "age_max" in q):
        return True
    return bool(q.get("age_min", 0) <= age < q.get("age_max", float("inf")))


def exceptions(case: Case, s: Statement) -> frozenset[str]:
    """Diseases (例外疾病) in which a row does not hold."""
    return diseases_in(case, s, "except_for")


def diseases_in(case: Case, s: Statement, field: str) -> frozenset[str]:
    """The diseases that a column of a row names."""
    names = s.qualifiers.get(field, ())
    if not names:
        return frozenset()
    return case.snapshot.remember(
        ("diseases-in", field, s.id),
        lambda: frozenset(c.id for name in names for c in case.snapshot.by_name(name, ConceptKind.DISEASE)),
    )
