"""How much of an ingredient all orders come to, and whether a row about doses concerns a patient."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

from clinical.age import YEAR
from clinical.coded import china_day
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Purpose
from clinical.patient import Condition, Visit
from clinical.value import Value
from knowledge.model import Statement
from rules.courses import GRACE_DAYS, age_fits, days_of, diseases_in, exceptions, in_use, spans
from rules.dosing import doses, scale
from rules.infusion import concepts_in
from rules.lifetimes import had
from rules.measures import Measured
from rules.model import Case, Use
from rules.saying import meant

_ADULTS: Final = {"kg": (35.0, 130.0), "m2": (1.2, 2.5)}
"""Least and greatest weight (kg) and surface (m²) of nearly all adults."""
_PAST: Final = re.compile(r"史|既往|陈旧|慢性|恢复期|后遗|治疗后|抗凝后|复查")
_OF_AGE: Final = 18 * YEAR


class Bound(Value, frozen=True):
    """A figure of a row for this patient: exact (with what it was reckoned from), else between two."""

    least: float
    most: float
    measure: Known[Measured] = UNKNOWN


def bound(case: Case, figure: float, per: str, cap: float | None = None) -> Bound:
    """A figure per kg or m² as an amount. Without weight or height what it is for the lightest and the heaviest."""
    top = float("inf") if cap is None else cap
    if not per:
        return Bound(min(figure, top), min(figure, top))
    known = scale(case, per)
    if not isinstance(known, Unknown):
        exact = min(figure * known.value, top)
        return Bound(exact, exact, known)
    age = case.age
    grown = not isinstance(age, Unknown) and age >= _OF_AGE
    least, most = _ADULTS[per] if grown else (0.0, _ADULTS[per][1])
    return Bound(min(figure * least, top), min(figure * most, top))


def fits(case: Case, use: Use, s: Statement) -> bool:
    """Whether the product, the age and the diseases in which the row does not hold leave it about this order."""
    return meant(s, use) and age_fits(case, s) and case.conditions.keys().isdisjoint(exceptions(case, s))


def only_in(case: Case, s: Statement) -> Known[Condition | None]:
    """The disease that a row is restricted to (适应症): None when the patient has none of them, UNKNOWN when
    nobody told the diagnoses, or no date of the one where the row holds for some days after it only."""
    wanted = diseases_in(case, s, "only")
    if isinstance(case.patient.conditions, Unknown):
        return UNKNOWN
    held = [case.conditions[disease] for disease in sorted(wanted) if disease in case.conditions]
    within = s.qualifiers.get("within")
    recent = held if within is None else [c for c in held if _is_recent(case, c, within)]
    return next(iter(recent), None)


def _is_recent(case: Case, condition: Condition, days: int) -> bool:
    """An undated diagnosis may be an old one; so may one that outpatients are given again at every visit."""
    text, recorded = condition.what.text, _day(condition.origin.time)
    if _PAST.search(text):
        return False
    told = condition.onset or (recorded if "急性" in text or case.patient.visit is not Visit.OUTPATIENT else None)
    return told is not None and told >= case.today - timedelta(days=days)


def _day(time: datetime | None) -> date | None:
    return None if time is None else china_day(time)


def long_in_use(case: Case, use: Use, days: int) -> bool:
    """Whether the ingredient was begun before so many days ago, or nobody knows when."""
    since = case.today - timedelta(days=days)
    earlier = spans(case).get(use.concept, ())
    return in_use(case, use.concept) and any(span.first is None or span.first < since for span in earlier)


def prophylactic(use: Use) -> bool:
    """Whether the order says that it prevents rather than treats."""
    order = use.order
    words = (order.note, *(reason.text for reason in order.reason))
    return order.purpose is Purpose.PROPHYLAXIS or any("预防" in word for word in words)


def recently(case: Case, s: Statement, field: str) -> bool:
    """Whether one of the drugs that a column names is in use, or was up to a few days ago."""
    return taken(case, concepts_in(case, s, field))


def taken(case: Case, wanted: frozenset[str], but: Use | None = None, grace: int = GRACE_DAYS) -> bool:
    """Whether something else that is, or is a kind of, one of these is ordered, in use or stopped up to ``grace``
    days ago."""
    if not wanted:
        return False
    itself = "" if but is None else but.concept
    if any(use.concept != itself and not wanted.isdisjoint(case.lineage[use.concept]) for use in case.uses):
        return True
    return any(
        concept != itself and not wanted.isdisjoint(case.snapshot.ancestors(concept)) and in_use(case, concept, grace)
        for concept in spans(case)
    )


def alike(case: Case, use: Use, s: Statement) -> tuple[Use, ...]:
    """Orders under review of the ingredient that a row concerns as it concerns this one."""
    if len(case.new_uses) == 1:
        return (use,)
    return tuple(
        u for u in case.new_uses if u.concept == use.concept and s in case.way(u)[s.predicate] and meant(s, u)
    )


def given(case: Case, uses: tuple[Use, ...], s: Statement) -> Known[float]:
    """The dose that a row is about, of all these orders, in its unit."""
    return _GIVEN[s.qualifiers["of"]](case, uses, s)


def _single(case: Case, uses: tuple[Use, ...], s: Statement) -> Known[float]:
    """The greatest single dose."""
    known = [single for use in uses if not isinstance(single := doses(case, use, s.qualifiers["unit"])[0], Unknown)]
    return max(known, default=UNKNOWN)


def _daily(case: Case, uses: tuple[Use, ...], s: Statement) -> Known[float]:
    """What is given a day. Of too little also by orders that go on; UNKNOWN where a part is not known, or an
    order is one dose and no course."""
    least = s.qualifiers["side"] == "least"
    concept = uses[0].concept
    all_ = (*uses, *(u for u in case.active_uses if u.concept == concept)) if least else uses
    if least and any(use.order.dosage.is_single() for use in all_):
        return UNKNOWN
    total = 0.0
    for use in all_:
        daily = doses(case, use, s.qualifiers["unit"])[1]
        if isinstance(daily, Unknown):
            return UNKNOWN
        total += daily
    return total


def _course(case: Case, uses: tuple[Use, ...], s: Statement) -> Known[float]:
    """What is given in all; of too much the greatest within so many days."""
    days = s.qualifiers.get("days")
    if s.qualifiers["side"] == "least" or days is None:
        return _sum(case, uses, s, None)
    totals = [_sum(case, tuple(u for u in uses if _starts_within(case, u, first, days)), s, days) for first in uses]
    known = [total for total in totals if not isinstance(total, Unknown)]
    return max(known, default=UNKNOWN)


def _starts_within(case: Case, use: Use, first: Use, days: int) -> bool:
    today = case.today
    return 0 <= ((use.order.start or today) - (first.order.start or today)).days < days


def _sum(case: Case, uses: tuple[Use, ...], s: Statement, days: int | None) -> Known[float]:
    parts = [_amount(case, use, s, days) for use in uses]
    known = [part for part in parts if not isinstance(part, Unknown)]
    return sum(known) if known and (days is not None or len(known) == len(parts)) else UNKNOWN


def _amount(case: Case, use: Use, s: Statement, days: int | None) -> Known[float]:
    """What one order gives: a single dose where it is for one, or does not say for how long."""
    single, daily = doses(case, use, s.qualifiers["unit"])
    lasts = days_of(use.order)
    if isinstance(daily, Unknown) or isinstance(lasts, Unknown) or use.order.dosage.is_single():
        return single
    return daily * (lasts if days is None else min(lasts, days))


def _times(case: Case, uses: tuple[Use, ...], s: Statement) -> Known[float]:
    """How many times a day, orders that go on counted in; UNKNOWN of a single dose."""
    concept = uses[0].concept
    dosages = [u.order.dosage for u in (*uses, *(u for u in case.active_uses if u.concept == concept))]
    times = [d.times_per_day for d in dosages if not (d.is_single() or isinstance(d.times_per_day, Unknown))]
    return float(sum(times)) if len(times) == len(dosages) else UNKNOWN


def _lifetime(case: Case, uses: tuple[Use, ...], s: Statement) -> Known[float]:
    """What the record says was given before, and these orders; UNKNOWN where it says nothing."""
    before, now = had(case, uses[0], s.qualifiers["unit"]), _sum(case, uses, s, None)
    return UNKNOWN if isinstance(before, Unknown) or isinstance(now, Unknown) else before.amount + now


_GIVEN: Final = {
    "single": _single,
    "daily": _daily,
    "course": _course,
    "times": _times,
    "lifetime": _lifetime,
}
