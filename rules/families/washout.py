"""Drugs started too soon after another that acts on for days to months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from clinical.finding import Datum, Gap, Outcome
from clinical.logic import Unknown
from clinical.order import Order, OrderStatus
from clinical.value import replace
from knowledge.model import Predicate, Standing, Statement
from rules.model import Case, Family, Use, fault, order_datum
from rules.saying import found, passed, route_fits

NAME = "washout"
SHOWN_AS = "interaction"
_GOING_ON: Final = (OrderStatus.ACTIVE, OrderStatus.ON_HOLD)
_DAYS_ON = 120
"""Hours from which a drug that was stopped is likely to be off the list of those in use."""
_IN_HOURS = 72
_NIGHT = 12
"""Hours from an evening dose to the next morning."""


def check(case: Case) -> Iterator[Outcome]:
    """Every new drug against every drug that was stopped and acts on."""
    medications = case.patient.medications
    if isinstance(medications, Unknown):
        yield from _gap(case, "medications", "未提供用药史，未能检查停药间隔")
        return
    yield from _undated(case, medications)
    for past in _last_uses(case) if case.past_uses else ():
        statements = case.statements(Predicate.WASHOUT, past.concept)
        for use in case.new_uses if statements else ():
            if case.in_focus(use.order.id):
                yield from _judge(case, past, use, statements)


def _last_uses(case: Case) -> Iterator[Use]:
    """Stopped drugs that are not taken again, each by its last day."""
    taken = {use.concept for use in case.uses}
    last: dict[str, Use] = {}
    for use in case.past_uses:
        if use.concept not in taken:
            known = last.get(use.concept)
            if known is None or _stop(known) < _stop(use):
                last[use.concept] = use
    yield from last.values()


def _judge(case: Case, past: Use, use: Use, statements: tuple[Statement, ...]) -> Iterator[Outcome]:
    """The statement that names the two most closely decides."""
    fit = [s for s in statements if s.object in case.lineage[use.concept] and route_fits(s, past)]
    if not fit:
        return
    s = max(fit, key=lambda s: (s.subject == past.concept, s.object == use.concept, s.qualifiers["wait"]))
    try:
        days = _elapsed(case, past, use.order)
        if _too_soon(days, s.qualifiers["wait"]):
            yield _finding(case, past, use, s, days * 24.0)
        else:
            yield from passed(case, NAME, s, use, f"距{case.name(past.concept)}停药已满间隔")
    except Exception as error:  # a malformed statement must not silence the others
        yield fault(NAME, s.id, error)


def _elapsed(case: Case, past: Use, order: Order) -> int:
    """Days from the last day of one drug to the first of the other."""
    start = order.start or case.today
    return max((start - _stop(past)).days, 0)


def _too_soon(days: int, wait: float) -> bool:
    """Whether the interval is not over. Of one that is counted in hours, the last dose may have been taken in
    the evening of its day and the next drug is given in the morning."""
    return days * 24 - (_NIGHT if wait < _IN_HOURS else 0) < wait


def _finding(case: Case, past: Use, use: Use, s: Statement, hours: float) -> Outcome:
    after = "次日" if hours == 24 else f"后 {_span(hours)}"
    name = f"{case.name(past.concept)}停药{after}开始用{case.name(use.concept)}"
    datum = Datum.at("已停药品", f"{past.order.what.text} (末次 {_stop(past).isoformat()})", past.order.origin)
    finding = found(case, SHOWN_AS, s, (use,), f"{name}，应间隔 {_span(s.qualifiers['wait'])}", (datum,))
    return replace(finding, cause=f"{NAME}:{past.concept}+{use.concept}")


def _span(hours: float) -> str:
    """A time as a clinician says it: 36 小时, 14 天, 6 个月."""
    if 0 < hours < _IN_HOURS:
        return f"{hours:g} 小时"
    days = hours / 24
    return f"{days / 30.4375:.0f} 个月" if days > 60 else f"{days:.0f} 天"


def _undated(case: Case, medications: tuple[Order, ...]) -> Iterator[Gap]:
    """Drugs that were stopped on an unknown day and would act on."""
    for order in medications:
        if order.stop is None and order.status not in _GOING_ON:
            acting = (s for i in order.ingredients for s in case.statements(Predicate.WASHOUT, i.concept))
            met = [use.order.id for s in acting for use in case.new_uses if s.object in case.lineage[use.concept]]
            if met:
                reason = f"{order_datum(order).value}停药日期未知，未能检查停药间隔"
                yield Gap(NAME, "stop", reason, tuple(dict.fromkeys(met)))


def _gap(case: Case, needed: str, reason: str) -> Iterator[Gap]:
    orders = [use.order.id for use in case.new_uses if any(_awaited(case, c) for c in case.lineage[use.concept])]
    if orders:
        yield Gap(NAME, needed, reason, tuple(dict.fromkeys(orders)))


def _awaited(case: Case, concept: str) -> bool:
    """Whether some drug that acts on for days forbids this one until it is out of the body."""
    return case.snapshot.remember(
        (NAME, concept), lambda: any(_forbids(s) for s in case.snapshot.pointing_at(concept))
    )


def _forbids(s: Statement) -> bool:
    if s.predicate is not Predicate.WASHOUT or s.standing is Standing.UNREVIEWED:
        return False
    return bool(s.qualifiers["severity"] == "contraindicated" and s.qualifiers["wait"] >= _DAYS_ON)


def _stop(use: Use) -> date:
    stop = use.order.stop
    assert stop is not None  # past uses have a last day
    return stop


FAMILY = Family(NAME, "停药间隔", check, reads=(Predicate.WASHOUT,))
