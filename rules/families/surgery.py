"""Operations: when not to, what for, what must be known before, and which drugs to stop or keep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from clinical.coded import china_day
from clinical.finding import Finding, Gap, Outcome, Passed
from clinical.logic import Unknown
from clinical.order import Order, OrderKind
from clinical.patient import Observation, Report
from knowledge.model import ConceptKind, Predicate, Statement
from rules.indications import unjustified
from rules.limits import limits
from rules.model import Case, Family, fault, severity_of
from rules.perioperative import drugs_around, planned
from rules.services import called, concerning, in_hand, said_of, settled

NAME = "surgery"


def check(case: Case) -> Iterator[Outcome]:
    """Limits, indications and preparation of procedures; drugs around those that lie ahead."""
    if planned(case) or OrderKind.PROCEDURE in case.kinds:
        yield from settled(_outcomes(case))


def _outcomes(case: Case) -> Iterator[Outcome]:
    orders = in_hand(case, OrderKind.PROCEDURE)
    for order in orders:
        yield from limits(case, NAME, Predicate.PROCEDURE_LIMIT, order)
        try:
            yield from _prepared(case, order)
        except Exception as error:  # one order must not silence the others
            yield fault(NAME, "", error)
    yield from unjustified(case, NAME, Predicate.PROCEDURE_INDICATED, orders, "手术或操作")
    yield from drugs_around(case, NAME)


def _prepared(case: Case, order: Order) -> Iterator[Outcome]:
    """What an elective operation needs before it and nobody did or ordered, in one finding."""
    wanted = [] if _cannot_wait(order) else said_of(case, Predicate.PROCEDURE_NEEDS, order)
    if not wanted:
        return
    if isinstance(case.patient.observations, Unknown) and isinstance(case.patient.reports, Unknown):
        yield Gap(NAME, "observations", f"未提供检验检查结果，未能核对{called(case, order)}的术前检查", (order.id,))
        return
    missing = _lacking(case, wanted)
    if missing:
        yield _unprepared(case, order, missing)
    elif case.explain:
        yield Passed(NAME, wanted[0].id, "术前检查齐全", (order.id,))


def _cannot_wait(order: Order) -> bool:
    """Marked as urgent, or called so in the note: 急诊手术."""
    return order.urgent or "急诊" in order.note or "抢救" in order.note


def _lacking(case: Case, wanted: list[Statement]) -> list[Statement]:
    """Statements that no recent result, report or order satisfies, the most serious first. A list that
    nobody sent says nothing: examinations are only missed where reports are known."""
    missing = []
    for s in wanted:
        source = case.patient.reports if s.object.startswith("exam:") else case.patient.observations
        if not isinstance(source, Unknown) and not _done(case, s):
            missing.append(s)
    return sorted(missing, key=lambda s: (-severity_of(s).rank, s.object, s.id))


def _unprepared(case: Case, order: Order, missing: list[Statement]) -> Finding:
    names = "、".join(dict.fromkeys(case.name(s.object) for s in missing))
    return concerning(
        case,
        NAME,
        missing[0],
        (order,),
        f"{called(case, order)}: 术前缺少近期{names}",
        cause=f"{NAME}:{order.id}:needs",
        detail="".join(dict.fromkeys(s.qualifiers["reason"] for s in missing)),
        advice="".join(dict.fromkeys(s.qualifiers["advice"] for s in missing)),
        also=missing,
    )


def _done(case: Case, s: Statement) -> bool:
    """Whether one of the checks was done recently enough, or is ordered."""
    wanted = case.snapshot.remember(("preoperative", s.id), lambda: _wanted(case, s))
    if any(not wanted.isdisjoint(other.what.concepts) for other in case.orders):
        return True
    day, days = case.today, s.qualifiers["days"]
    return any(not wanted.isdisjoint(o.what.concepts) and _recent(o, day, days) for o in _results(case))


def _wanted(case: Case, s: Statement) -> frozenset[str]:
    """The checks of a statement, what they contain, and the panels that contain them."""
    kinds = (ConceptKind.EXAM, ConceptKind.LAB)
    named = {c.id for name in s.qualifiers["checks"] for c in case.snapshot.by_name(name, *kinds)}
    within = {t.object for c in named for t in case.snapshot.statements(Predicate.CONTAINS, c)}
    around = {t.subject for c in named for t in case.snapshot.pointing_at(c) if t.predicate is Predicate.CONTAINS}
    return frozenset(named | within | around)


def _results(case: Case) -> Iterator[Observation | Report]:
    observations, reports = case.patient.observations, case.patient.reports
    yield from () if isinstance(observations, Unknown) else observations
    yield from () if isinstance(reports, Unknown) else reports


def _recent(result: Observation | Report, day: date, days: int) -> bool:
    """One without a time is not known to be old and counts."""
    time = result.origin.time
    return time is None or (day - china_day(time)).days <= days


FAMILY = Family(
    NAME,
    "手术与围术期",
    check,
    reads=(
        Predicate.PROCEDURE_LIMIT,
        Predicate.PROCEDURE_INDICATED,
        Predicate.PROCEDURE_NEEDS,
        Predicate.PERIOPERATIVE,
    ),
    kinds=(OrderKind.DRUG, OrderKind.PROCEDURE),
)
