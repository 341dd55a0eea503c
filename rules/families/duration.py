"""Courses that are longer than a label allows, or too short for the infection they treat."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from clinical.finding import Datum, Finding, Gap, Outcome, Severity
from clinical.logic import UNKNOWN, Known, Truth, Unknown
from clinical.order import Order
from clinical.patient import Visit
from clinical.value import Value, replace
from knowledge.model import Predicate, Statement
from rules.courses import Course, age_fits, course, days_of, exceptions
from rules.model import Case, Family, Use, each_statement, severity_of
from rules.saying import found, named, passed, route_fits

NAME = "duration"
_INPATIENT = (Visit.INPATIENT, Visit.EMERGENCY)
"""Where orders run from day to day and say nothing of how long a course will be."""


class _Length(Value, frozen=True):
    """Days of a course with its earlier orders; ``planned`` when the order says how long it is for."""

    days: float
    planned: bool
    course: Course


def check(case: Case) -> Iterator[Outcome]:
    """One finding per order and ingredient: the worst of its limits, then the one passed furthest."""
    pairs = case.asked(Predicate.DURATION_LIMIT)
    if not pairs:
        return
    worst: dict[str, Finding] = {}
    for outcome in each_statement(NAME, pairs, partial(_judge, case)):
        if not isinstance(outcome, Finding):
            yield outcome
        elif outcome.cause not in worst or worst[outcome.cause].severity.rank < outcome.severity.rank:
            worst[outcome.cause] = outcome
    yield from worst.values()


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    given_for = _indicated(case, s)
    if given_for is Truth.FALSE or not age_fits(case, s):
        yield from passed(case, NAME, s, use, "年龄或诊断不适用")
        return
    length = _length(case, use, s)
    longest = s.qualifiers.get("max_days", float("inf"))
    if isinstance(length, Unknown):
        yield from _unsaid(case, use, s, given_for)
    elif length.days > longest:
        yield from _long(case, use, s, length, given_for)
    elif _short(case, use, s, length, given_for):
        yield _finding(case, use, s, length, f"少于{s.qualifiers['min_days']:g}天")
    elif case.explain:
        yield from passed(case, NAME, s, use, f"疗程 {length.days:g} 天未超出规定")


def _length(case: Case, use: Use, s: Statement) -> Known[_Length]:
    """Days from the first of an unbroken course to the end of this order; without an end, to today."""
    begun = course(case, use, lambda order: _same_way(use, order, s))
    start = use.order.start or case.today
    so_far, days = (start - begun.first).days, days_of(use.order)
    if not isinstance(days, Unknown):
        return _Length(so_far + days, True, begun)
    return _Length(so_far + 1.0, False, begun) if so_far or _goes_on(case) else UNKNOWN


def _same_way(use: Use, order: Order, s: Statement) -> bool:
    """Eye drops do not lengthen a course of tablets."""
    return route_fits(s, Use(order, use.ingredient, False, use.concept))


def _goes_on(case: Case) -> bool:
    visit = case.patient.visit
    return not isinstance(visit, Unknown) and visit in _INPATIENT


def _indicated(case: Case, s: Statement) -> Truth:
    """Whether the row's indication is among the diagnoses and none of its exceptions is."""
    unless = exceptions(case, s)
    if not s.object and not unless:
        return Truth.TRUE
    if isinstance(case.patient.conditions, Unknown):
        return Truth.UNKNOWN
    there = not s.object or s.object in case.conditions
    return Truth.TRUE if there and unless.isdisjoint(case.conditions) else Truth.FALSE


def _unsaid(case: Case, use: Use, s: Statement, given_for: Truth) -> Iterator[Gap]:
    """No days on the order: a gap where a limit that matters certainly concerns it."""
    matters = "max_days" in s.qualifiers and severity_of(s).rank >= Severity.MODERATE.rank
    if given_for is Truth.TRUE and matters:
        yield Gap(NAME, "duration", f"{named(case, use, s)}未写明用药天数，未能检查疗程", (use.order.id,))


def _long(case: Case, use: Use, s: Statement, length: _Length, given_for: Truth) -> Iterator[Outcome]:
    if given_for is Truth.UNKNOWN:
        reason = f"未提供诊断，未能确认{named(case, use)}疗程 {length.days:g} 天是否超限"
        yield Gap(NAME, "conditions", reason, (use.order.id,), s.id)
    else:
        yield _finding(case, use, s, length, f"超过{s.qualifiers['max_days']:g}天")


def _short(case: Case, use: Use, s: Statement, length: _Length, given_for: Truth) -> bool:
    """Too short a planned course for the named indication; single doses and orders from day to day are none."""
    least = s.qualifiers.get("min_days")
    if least is None or given_for is not Truth.TRUE or not s.object:
        return False
    whole = length.planned and not _goes_on(case) and not use.order.dosage.is_single()
    return whole and length.days < least


def _finding(case: Case, use: Use, s: Statement, length: _Length, verdict: str) -> Finding:
    said = f"疗程 {length.days:g} 天" if length.planned else f"已连续使用 {length.days:g} 天"
    before = f"(自 {length.course.first.isoformat()} 起连续计算)" if length.course.before else ""
    purpose = f"用于{case.name(s.object)}" if s.object else ""
    summary = f"{named(case, use, s)}{purpose}: {said}{before}，{verdict}"
    data = tuple(_evidence(case, use, s, length))
    said_so = found(case, NAME, s, (use,), summary, data, cause=f"{NAME}:{use.order.id}:{use.concept}")
    return replace(said_so, severity=Severity.MODERATE) if _far_off(s, length, said_so) else said_so


def _far_off(s: Statement, length: _Length, finding: Finding) -> bool:
    """Twice the longest course, or half the shortest, is no rounding of a prescription any more."""
    most, least = s.qualifiers.get("max_days"), s.qualifiers.get("min_days")
    beyond = (most is not None and length.days >= 2 * most) or (least is not None and length.days < least / 2)
    return beyond and finding.severity is Severity.MINOR


def _evidence(case: Case, use: Use, s: Statement, length: _Length) -> Iterator[Datum]:
    yield Datum.at("用药天数", f"{length.days:g} 天", use.order.origin)
    for order in length.course.before:
        dates = f"{order.start} 至 {order.stop or '今'}"
        yield Datum.at("此前用药", f"{order.what.text} {dates}", order.origin)
    if s.object:
        condition = case.conditions[s.object]
        yield Datum.at("诊断", condition.what.text or case.name(s.object), condition.origin)


FAMILY = Family(NAME, "疗程", check, reads=(Predicate.DURATION_LIMIT,), by_drug=True)
