"""Drugs against test results: limits at a value, and tests that must be there before or during use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from clinical.coded import CHINA, Origin, zoned
from clinical.finding import Datum, Finding, Gap, Outcome
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import OrderKind
from knowledge.model import Predicate, Statement
from rules.courses import course, in_use
from rules.measures import HEIGHT, WEIGHT, Measured, measured, upper_limit
from rules.model import Case, Family, Use, each_statement
from rules.saying import degree, fitting, found, named, passed

NAME = "lab-based"
_Pairs = list[tuple[Use, Statement]]
_SIGNS = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}
_BODY = frozenset({WEIGHT, HEIGHT})
_ROUNDING = 1e-9


def check(case: Case) -> Iterator[Outcome]:
    """One finding for an order and a test: the worst limit that its value passes, or that it is missing."""
    uses = [use for use in case.new_uses if case.in_focus(use.order.id)]
    limits = [(use, s) for use in uses for s in fitting(case, Predicate.LAB_LIMIT, use)]
    needs = [(use, s) for use in uses for s in fitting(case, Predicate.LAB_NEEDED, use)]
    if not limits and not needs:
        return
    if not _results_known(case):
        yield from _blind(case, limits, needs)
        return
    yield from _worst(each_statement(NAME, limits, lambda use, s: _at_limit(case, use, s)))
    demanded = list(each_statement(NAME, needs, lambda use, s: _in_need(case, use, s)))
    yield from _worst(demanded)
    yield from _missing(case, limits, demanded)


def _results_known(case: Case) -> bool:
    """Whether anybody asked for results: weight and height alone are no laboratory."""
    observations = case.patient.observations
    if isinstance(observations, Unknown):
        return False
    return not observations or any(not _BODY.issuperset(o.what.concepts) for o in observations)


def _worst(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Of findings about one test and order the worst; everything else as it comes."""
    worst: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for outcome in outcomes:
        if isinstance(outcome, Finding):
            place = (outcome.cause, outcome.orders)
            if place not in worst or worst[place].severity.rank < outcome.severity.rank:
                worst[place] = outcome
        else:
            yield outcome
    yield from worst.values()


# -- limits ----------------------------------------------------------------------------


def _at_limit(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    if not _concerns(case, use, s):
        yield from passed(case, NAME, s, use, "年龄不适用，或该药已在使用而仅限制起始用药")
        return
    value, limit = _value(case, s), _limit(case, s)
    if isinstance(value, Unknown) or isinstance(limit, Unknown):
        yield from passed(case, NAME, s, use, f"未评估: 没有近期可用的{case.name(s.object)}结果")
    elif not _beyond(value.value, s.qualifiers["comparison"], limit):
        yield from passed(case, NAME, s, use, f"{case.name(s.object)} {value.data[0].value} 不在限制范围")
    else:
        yield _finding(case, use, s, value)


def _finding(case: Case, use: Use, s: Statement, value: Measured) -> Finding:
    datum = value.data[0]
    shown = f"{case.name(s.object)} {datum.value}{_whence(case, datum)}"
    summary = f"{named(case, use)}: {shown}，{_bound(s)}，{degree(s)}"
    return found(case, NAME, s, (use,), summary, value.data, cause=f"{NAME}:{s.object}")


def _concerns(case: Case, use: Use, s: Statement) -> bool:
    return _age_fits(case, s) and not (s.qualifiers.get("starting") and in_use(case, use.concept))


def _age_fits(case: Case, s: Statement) -> bool:
    """An unknown age does not take a patient out of a statement."""
    q, days = s.qualifiers, case.age_days
    if isinstance(days, Unknown) or not ("age_min" in q or "age_max" in q):
        return True
    return bool(q.get("age_min", 0) <= days < q.get("age_max", float("inf")))


def _value(case: Case, s: Statement) -> Known[Measured]:
    if s.object not in case.observed:
        return UNKNOWN
    return measured(case, s.object, s.qualifiers["unit"], s.qualifiers.get("max_age_days", 0))


def _limit(case: Case, s: Statement) -> Known[float]:
    """The limit in the row's unit: as stated, or so many times the patient's upper reference limit."""
    q = s.qualifiers
    if "times_uln" not in q:
        return float(q["value"])
    upper = upper_limit(case, s.object, q["unit"])
    return UNKNOWN if isinstance(upper, Unknown) else upper * q["times_uln"]


def _beyond(value: float, comparison: str, limit: float) -> bool:
    """The comparison, with what conversion of units may have rounded."""
    slack = _ROUNDING * abs(limit)
    if comparison == ">":
        return value > limit + slack
    if comparison == ">=":
        return value >= limit - slack
    return value < limit - slack if comparison == "<" else value <= limit + slack


def _bound(s: Statement) -> str:
    q = s.qualifiers
    sign = _SIGNS[q["comparison"]]
    unit = "" if q["unit"] == "1" else f" {q['unit']}"
    return f"{sign}{q['times_uln']:g}倍参考上限" if "times_uln" in q else f"{sign}{q['value']:g}{unit}"


def _whence(case: Case, datum: Datum) -> str:
    """How old a result is and where it was made, as a clinician wants to know before believing it."""
    days = 0
    if datum.time is not None:
        days = (zoned(case.patient.as_of).astimezone(CHINA).date() - zoned(datum.time).astimezone(CHINA).date()).days
    said = "，".join(part for part in (f"{days}天前" if days > 0 else "", datum.institution) if part)
    return f"({said})" if said else ""


# -- tests that must be there -----------------------------------------------------------


def _in_need(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    if not _due(case, use, s):
        yield from passed(case, NAME, s, use, "目前的用药阶段或年龄不要求该项检验")
    elif _tested(case, s) or _requested(case, s):
        yield from passed(case, NAME, s, use, f"已有或已开立{case.name(s.object)}")
    else:
        q = s.qualifiers
        when = "用药前" if q["when"] == "before" else "用药期间"
        within = f"近{q['days']}天" if "days" in q else ""
        summary = f"{named(case, use)}: {when}须有{case.name(s.object)}，未见{within}结果"
        data = tuple(_last(case, s))
        yield found(case, NAME, s, (use,), summary, data, suggestions=(), cause=f"{NAME}:need:{s.object}")


def _due(case: Case, use: Use, s: Statement) -> bool:
    """Before use: a drug not yet taken. During use: one taken for as long as the test may be old, when it is
    known since when."""
    if not _age_fits(case, s):
        return False
    used = in_use(case, use.concept)
    if s.qualifiers["when"] == "before":
        return not used
    begun = course(case, use)
    taken = (case.patient.as_of.date() - begun.first).days
    return used and (not begun.before or taken >= s.qualifiers.get("days", 0))


def _wanted(case: Case, lab: str) -> frozenset[str]:
    """What shows that a test was done: the test, what it contains, and the panels that contain it."""
    return case.snapshot.remember(("tested-by", lab), lambda: frozenset(_tested_by(case, lab)))


def _tested_by(case: Case, lab: str) -> Iterator[str]:
    yield lab
    yield from (s.object for s in case.snapshot.statements(Predicate.CONTAINS, lab))
    yield from (s.subject for s in case.snapshot.pointing_at(lab) if s.predicate is Predicate.CONTAINS)


def _tested(case: Case, s: Statement) -> bool:
    """Whether a result or a report is recent enough; one without a time is not known to be old and counts."""
    days = s.qualifiers.get("days")
    since = None if days is None else case.patient.as_of - timedelta(days=days)
    return any(
        since is None or origin.time is None or zoned(origin.time).date() >= zoned(since).date()
        for _, origin in _done(case, s)
    )


def _done(case: Case, s: Statement) -> Iterator[tuple[str, Origin]]:
    reports = case.patient.reports
    wanted = _wanted(case, s.object)
    for concept in wanted:
        yield from ((o.what.text, o.origin) for o in case.observed.get(concept, ()))
    for report in () if isinstance(reports, Unknown) else reports:
        if not wanted.isdisjoint(report.what.concepts):
            yield report.what.text, report.origin


def _last(case: Case, s: Statement) -> Iterator[Datum]:
    """The newest result, too old as it is."""
    dated = [(text, origin) for text, origin in _done(case, s) if origin.time is not None]
    if dated:
        text, origin = max(dated, key=lambda done: zoned(done[1].time) if done[1].time else zoned(case.patient.as_of))
        yield Datum.at("上次检验", text or case.name(s.object), origin)


def _requested(case: Case, s: Statement) -> bool:
    wanted = _wanted(case, s.object)
    return any(o.kind is OrderKind.LAB and not wanted.isdisjoint(o.what.concepts) for o in case.orders)


# -- what is not known ------------------------------------------------------------------


def _blind(case: Case, limits: _Pairs, needs: _Pairs) -> Iterator[Gap]:
    """Nobody gave results: one gap that names drugs and tests."""
    due = [(use, s) for use, s in needs if _due(case, use, s) and not (_tested(case, s) or _requested(case, s))]
    yield from _gap(case, "observations", "未提供检验结果", [*limits, *due])


def _missing(case: Case, limits: _Pairs, demanded: list[Outcome]) -> Iterator[Gap]:
    """Values that rows call for and that are missing or old, unless a finding already asks for the test."""
    told = {(order, f.cause) for f in demanded if isinstance(f, Finding) for order in f.orders}
    lacking = [
        (use, s)
        for use, s in limits
        if s.qualifiers.get("expected")
        and _concerns(case, use, s)
        and (use.order.id, f"{NAME}:need:{s.object}") not in told
        and isinstance(_value(case, s), Unknown)
    ]
    yield from _gap(case, "lab-results", "缺少近期结果", lacking)


def _gap(case: Case, needed: str, why: str, lacking: _Pairs) -> Iterator[Gap]:
    tests: dict[str, dict[str, None]] = {}
    for use, s in lacking:
        tests.setdefault(case.name(s.object), {})[case.name(use.concept)] = None
    if tests:
        listed = "；".join(f"{lab}({'、'.join(drugs)})" for lab, drugs in tests.items())
        orders = tuple(dict.fromkeys(use.order.id for use, _ in lacking))
        yield Gap(NAME, needed, f"{why}，未能按检验值检查用药: {listed}", orders)


FAMILY = Family(
    NAME,
    "检验结果",
    check,
    reads=(Predicate.LAB_LIMIT, Predicate.LAB_NEEDED, Predicate.REFERENCE_RANGE, Predicate.CONTAINS),
)
