"""Critical values: results of the last two days beyond a limit that calls for action at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from clinical.coded import china_day, zoned
from clinical.logic import Unknown
from clinical.order import Order, OrderStatus
from clinical.patient import Condition, Observation
from clinical.quantity import Quantity, UnitMismatch
from clinical.units import plain_unit
from clinical.value import Value
from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from rules.courses import diseases_in, exceptions
from rules.model import Case, severity_of

RECENT_HOURS: Final = 48
_CLOCK_HOURS: Final = 1
"""How far ahead of ours the clock of a laboratory may run."""


class Critical(Value, frozen=True):
    """The newest result of a test, beyond a limit: the range it comes from and what is to be done."""

    lab: str
    low: bool
    limit: float
    observation: Observation
    range: Statement
    action: Statement | None


def criticals(case: Case) -> Iterator[Critical]:
    """Critical values that no newer result of the same test (or of a test that speaks for it) silences."""
    spans = case.snapshot.remember("critical-spans", lambda: _Spans(case.snapshot))
    for lab, observed in case.observed.items():
        span = spans[lab]
        if span is None or _all_within(observed, span):
            continue
        found = _beyond(case, lab, recent(case, lab), limits(case.snapshot, lab))
        if found is not None and not _superseded(case, found):
            yield found


_Span = tuple[str, float, float]


class _Spans(dict[str, _Span | None]):
    """What is critical for nobody, by test; worked out when first asked."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __missing__(self, lab: str) -> _Span | None:
        span = self[lab] = _span(limits(self._snapshot, lab))
        return span


def _span(ranges: tuple[Statement, ...]) -> _Span | None:
    """A unit and the narrowest limits in it: what lies within is critical for nobody. None without limits."""
    if not ranges:
        return None
    said = [s.qualifiers for s in ranges]
    low = max(q.get("critical_low", float("-inf")) for q in said)
    high = min(q.get("critical_high", float("inf")) for q in said)
    return ("", 1.0, 0.0) if len({q["unit"] for q in said}) > 1 else (plain_unit(said[0]["unit"]), low, high)


def _all_within(observed: list[Observation], span: _Span) -> bool:
    """The usual case, told without conversion or calendar."""
    unit, low, high = span
    for observation in observed:
        value = observation.value
        if not isinstance(value, Quantity) or value.unit != unit or not low <= value.value <= high:
            return False
    return True


def limits(snapshot: Snapshot, lab: str) -> tuple[Statement, ...]:
    """Ranges of a test that have a critical limit."""
    return snapshot.remember(
        ("critical", lab),
        lambda: tuple(
            s
            for s in snapshot.statements(Predicate.REFERENCE_RANGE, lab)
            if "critical_low" in s.qualifiers or "critical_high" in s.qualifiers
        ),
    )


def recent(case: Case, lab: str) -> list[Observation]:
    """Dated results of the last 48 hours, the newest first. One without a time may be old and says nothing."""
    dated = [(time, o) for o in case.observed.get(lab, ()) if (time := _time(case, o)) is not None]
    return [o for _, o in sorted(dated, key=lambda pair: pair[0], reverse=True)]


def _time(case: Case, observation: Observation) -> datetime | None:
    time = observation.origin.time
    if time is None:
        return None
    hours = (zoned(case.patient.as_of) - zoned(time)).total_seconds() / 3600
    return zoned(time) if -_CLOCK_HOURS <= hours <= RECENT_HOURS else None


def _beyond(case: Case, lab: str, results: list[Observation], ranges: tuple[Statement, ...]) -> Critical | None:
    """The newest result that can be judged, if it is beyond the first range for this patient; a word
    (溶血) or an unknown unit after it takes nothing back."""
    for s in ranges:
        judged = _newest(case, lab, results, s.qualifiers["unit"]) if _fits(case, s) else None
        if judged is None:
            continue
        observation, value = judged
        low, high = s.qualifiers.get("critical_low"), s.qualifiers.get("critical_high")
        if low is not None and value < low:
            return Critical(lab, True, low, observation, s, _action(case, lab, "low", value))
        if high is not None and value > high:
            return Critical(lab, False, high, observation, s, _action(case, lab, "high", value))
        return None
    return None


def _newest(case: Case, lab: str, results: list[Observation], unit: str) -> tuple[Observation, float] | None:
    values = ((o, _value(case, lab, o, unit)) for o in results)
    return next(((o, value) for o, value in values if value is not None), None)


def _value(case: Case, lab: str, observation: Observation, unit: str) -> float | None:
    """The result in a unit; None when it is a word or cannot be converted."""
    if not isinstance(observation.value, Quantity):
        return None
    try:
        return observation.value.to(unit, case.snapshot.substance(lab)).value
    except UnitMismatch:
        return None


def _fits(case: Case, s: Statement) -> bool:
    """Whether a range is for this patient; of an unknown age, the range for adults."""
    age, sex, q = case.age, case.patient.sex, s.qualifiers
    if "sex" in q and (isinstance(sex, Unknown) or q["sex"] != sex):
        return False
    if isinstance(age, Unknown):
        return "age_max" not in q
    return bool(q.get("age_min", 0) <= age < q.get("age_max", float("inf")))


def _action(case: Case, lab: str, direction: str, value: float) -> Statement | None:
    """What is to be done for this patient: a row for a disease of theirs rather than the general one, the
    gravest of several."""
    rows = case.statements(Predicate.CRITICAL_ACTION, lab)
    fitting = (s for s in rows if s.qualifiers["direction"] == direction and _concerns(case, s, value))
    return max(fitting, key=lambda s: ("only" in s.qualifiers, severity_of(s).rank), default=None)


def _concerns(case: Case, s: Statement, value: float) -> bool:
    q = s.qualifiers
    if not q.get("at_least", float("-inf")) <= value < q.get("below", float("inf")):
        return False
    if not exceptions(case, s).isdisjoint(case.conditions):
        return False
    return "only" not in q or explained_by(case, s) is not None


def explained_by(case: Case, action: Statement | None) -> Condition | None:
    """The known disease that a row is for: what is to be expected of the value, and how it is treated."""
    if action is None:
        return None
    known = (case.conditions[d] for d in sorted(diseases_in(case, action, "only")) if d in case.conditions)
    return next(known, None)


def _superseded(case: Case, found: Critical) -> bool:
    """Whether a newer result of a test for the same quantity (a finger-prick glucose) is back within this
    limit, or is critical in its own right and speaks for itself."""
    return any(_speaks_for(case, lab, found) for lab in _same(case, found.action))


def _speaks_for(case: Case, lab: str, found: Critical) -> bool:
    results, time = recent(case, lab), found.observation.origin.time
    judged = _newest(case, lab, results, found.range.qualifiers["unit"])
    if judged is None or time is None:
        return False
    observation, value = judged
    if observation.origin.time is None or zoned(observation.origin.time) <= zoned(time):
        return False
    within = value >= found.limit if found.low else value <= found.limit
    return within or _beyond(case, lab, results, limits(case.snapshot, lab)) is not None


def _same(case: Case, action: Statement | None) -> tuple[str, ...]:
    if action is None or "same" not in action.qualifiers:
        return ()
    snapshot = case.snapshot
    return snapshot.remember(
        ("critical-same", action.id),
        lambda: tuple(c.id for name in action.qualifiers["same"] for c in snapshot.by_name(name, ConceptKind.LAB)),
    )


def answers(case: Case, found: Critical) -> tuple[Order, ...]:
    """Orders that answer a critical value: under review, or begun since the day of the result."""
    if found.action is None:
        return ()
    q, medications = found.action.qualifiers, case.patient.medications
    drugs = _drugs(case, found.action)
    active = () if isinstance(medications, Unknown) else tuple(o for o in medications if o.is_active())
    orders = (o for o in (*case.orders, *active) if q.get("standing") or _since(o, found))
    words = q.get("response_words", ())
    return tuple(o for o in orders if _given(case, o, drugs) or any(word in o.what.text for word in words))


def _drugs(case: Case, action: Statement) -> frozenset[str]:
    kinds = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT)
    names = action.qualifiers.get("responses", ())
    return case.snapshot.remember(
        ("critical-responses", action.id),
        lambda: frozenset(c.id for name in names for c in case.snapshot.by_name(name, *kinds)),
    )


def _given(case: Case, order: Order, drugs: frozenset[str]) -> bool:
    return any(not drugs.isdisjoint(case.snapshot.ancestors(i.concept)) for i in order.ingredients)


def _since(order: Order, found: Critical) -> bool:
    """What was given before the result did not prevent it: an order that is not under review counts only when
    it is known to have begun since the day of the result."""
    if order.status is OrderStatus.DRAFT:
        return True
    written, time = order.origin.time, found.observation.origin.time
    begun = order.start or (None if written is None else china_day(written))
    return begun is not None and time is not None and begun >= china_day(time)
