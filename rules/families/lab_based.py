"""Drugs against test results: limits at a value, and tests that must be there before or during use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from clinical.coded import Origin, china_day, zoned
from clinical.finding import Datum, Finding, Gap, Outcome
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import OrderKind
from clinical.value import Value, replace
from knowledge.model import Predicate, Statement
from rules.courses import age_fits, course, exceptions, in_use
from rules.measures import CRCL, CREATININE, EGFR, HEIGHT, WEIGHT, Measured, measured, surely_within, upper_limit
from rules.model import Case, Family, Use, Way, each_statement
from rules.saying import degree, found, named, passed, worst

NAME = "lab-based"
_LIMIT: Final = Predicate.LAB_LIMIT
_NEEDED: Final = Predicate.LAB_NEEDED
_Pairs = list[tuple[Use, Statement]]
_SIGNS = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}
_BODY = frozenset({WEIGHT, HEIGHT})
_CALCIUM, _ALBUMIN = "lab:calcium", "lab:albumin"
_ALBUMIN_NORMAL = 40.0
"""g/L of albumin at which total calcium is taken as it is."""
_WHEN = {"before": "用药前", "during": "用药期间", "always": "每次用药前"}
_ROUNDING = 1e-9
_ONCE: Final = (1.0, 1.0)
_LAB: Final = OrderKind.LAB


def check(case: Case) -> Iterator[Outcome]:
    """One finding for an order and a test: the worst limit that its value passes, or that it is missing."""
    if not _results_known(case):
        yield from _blind(case, case.asked(_LIMIT), case.asked(_NEEDED))
        return
    limits, expected = _limits(case)
    if limits:
        yield from worst(each_statement(NAME, limits, partial(_at_limit, case)))
    needs = case.asked(_NEEDED)
    demanded = list(each_statement(NAME, needs, partial(_in_need, case))) if needs else []
    if demanded:
        yield from worst(demanded)
    if expected:
        yield from _missing(case, expected, demanded)


def _results_known(case: Case) -> bool:
    """Whether anybody asked for results: weight and height alone are no laboratory."""
    observations = case.patient.observations
    if isinstance(observations, Unknown):
        return False
    for observation in observations:
        if not _BODY.issuperset(observation.what.concepts):
            return True
    return not observations


# -- limits ----------------------------------------------------------------------------


class _Row(Value, frozen=True):
    """A limit read for comparing: ``figure`` is the limit, or of the upper reference limit where ``times`` it is.
    ``plain`` when a comparison is all there is to it."""

    statement: Statement
    lab: str
    unit: str
    max_age: int
    comparison: str
    figure: float
    times: bool
    expected: bool
    plain: bool


def _limits(case: Case) -> tuple[_Pairs, _Pairs]:
    """Limits in force that the patient's values may pass (all, where the review explains itself), and those whose
    values have to be there."""
    limits, expected, observed = [], [], case.observed
    for use, way in case.ways:
        for row in way.once("lab-limits", _rows):
            is_seen = case.explain or (row.lab in observed and not _is_within(case, row))
            if (is_seen or row.expected) and (_LIMIT not in way.dated or row.statement.holds_on(case.iso_day)):
                if is_seen:
                    limits.append((use, row.statement))
                if row.expected:
                    expected.append((use, row.statement))
    return limits, expected


def _rows(way: Way) -> tuple[_Row, ...]:
    return tuple(_row(s, s.qualifiers) for s in way[_LIMIT])


def _row(s: Statement, q: dict[str, Any]) -> _Row:
    unit, comparison, times = q.get("unit", ""), q.get("comparison", ""), "times_uln" in q
    plain = bool(unit) and comparison in _SIGNS and (times or "value" in q) and s.object != _CALCIUM
    figure = q.get("times_uln", q.get("value", 0.0))
    expected = bool(q.get("expected"))
    return _Row(s, s.object, unit, q.get("max_age_days", 0), comparison, figure, times, expected, plain)


def _is_within(case: Case, row: _Row) -> bool:
    """Whether the value passes no limit or is not known: then the row has nothing to say, whomever it concerns."""
    if not row.plain:
        return False
    try:
        value = measured(case, row.lab, row.unit, row.max_age)
        upper = upper_limit(case, row.lab, row.unit) if row.times else _ONCE
        if isinstance(value, Unknown) or isinstance(upper, Unknown):
            return True
        least, most = upper
        beyond = _beyond(value.value, row.comparison, least * row.figure)
        return not beyond and (least == most or not _beyond(value.value, row.comparison, most * row.figure))
    except Exception:  # ``_at_limit`` meets and reports it again
        return False


def _at_limit(case: Case, use: Use, s: Statement) -> tuple[Outcome, ...]:
    if not _concerns(case, use, s):
        return passed(case, NAME, s, use, "年龄不适用，或该药已在使用而仅限制起始用药")
    value = _value(case, s)
    limits = UNKNOWN if isinstance(value, Unknown) else _bounds(case, s)
    if isinstance(value, Unknown) or isinstance(limits, Unknown):
        why = f"未评估: 没有近期可用的{case.name(s.object)}结果" if case.explain else ""
        return passed(case, NAME, s, use, why)
    beyond = {_beyond(value.value, s.qualifiers["comparison"], limit) for limit in limits}
    if len(beyond) > 1:
        return (_undecided(case, use, s, value),)
    if True in beyond:
        return (_finding(case, use, s, value),)
    why = f"{case.name(s.object)} {value.data[0].value} 不在限制范围" if case.explain else ""
    return passed(case, NAME, s, use, why)


def _undecided(case: Case, use: Use, s: Statement, value: Measured) -> Gap:
    """The reference limit hangs on the age or sex, and so does what the value means."""
    missing, told = ("birth-date", "出生日期") if isinstance(case.age, Unknown) else ("sex", "性别")
    shown = f"{case.name(s.object)} {value.data[0].value}"
    return Gap(NAME, missing, f"未提供{told}，不能判断{shown}是否{_bound(s)}", (use.order.id,))


def _finding(case: Case, use: Use, s: Statement, value: Measured) -> Finding:
    datum = value.data[0]
    shown = f"{case.name(s.object)} {datum.value}{_whence(case, datum)}"
    summary = f"{named(case, use)}: {shown}，{_bound(s)}，{degree(s)}"
    return found(case, NAME, s, (use,), summary, value.data, cause=f"{NAME}:{s.object}")


def _concerns(case: Case, use: Use, s: Statement) -> bool:
    """Whether the row is about this patient, and about this stage of use."""
    q = s.qualifiers
    if not age_fits(case, s):
        return False
    if "except_for" in q and not case.conditions.keys().isdisjoint(exceptions(case, s)):
        return False
    return not (q.get("starting") and in_use(case, use.concept))


def _value(case: Case, s: Statement) -> Known[Measured]:
    if s.object not in case.observed:
        return UNKNOWN
    value = measured(case, s.object, s.qualifiers["unit"], s.qualifiers.get("max_age_days", 0))
    return _corrected(case, value) if s.object == _CALCIUM and not isinstance(value, Unknown) else value


def _corrected(case: Case, calcium: Measured) -> Measured:
    """Total calcium in mmol/L at an albumin of 40 g/L (Payne 1973: + 0.02 for each g/L below): little albumin
    makes calcium look low. As measured where albumin is not known or not low."""
    albumin = measured(case, _ALBUMIN, "g/L", 14)
    if isinstance(albumin, Unknown) or albumin.value >= _ALBUMIN_NORMAL or calcium.unit != "mmol/L":
        return calcium
    value = calcium.value + 0.02 * (_ALBUMIN_NORMAL - albumin.value)
    first = calcium.data[0]
    shown = f"{first.value}(白蛋白校正 {value:.2f} mmol/L)"
    return Measured(value, calcium.unit, (replace(first, value=shown), *albumin.grounds))


def _bounds(case: Case, s: Statement) -> Known[tuple[float, ...]]:
    """The limit in the row's unit: as stated, or so many times the patient's upper reference limit, the least and the
    greatest that may be."""
    q = s.qualifiers
    if "times_uln" not in q:
        return (float(q["value"]),)
    upper = upper_limit(case, s.object, q["unit"])
    return UNKNOWN if isinstance(upper, Unknown) else tuple(limit * q["times_uln"] for limit in upper)


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
    days = 0 if datum.time is None else (_day(case.patient.as_of) - _day(datum.time)).days
    said = "，".join(part for part in (f"{days}天前" if days > 0 else "", datum.institution) if part)
    return f"({said})" if said else ""


def _day(time: datetime) -> date:
    return china_day(time)


# -- tests that must be there -----------------------------------------------------------


def _in_need(case: Case, use: Use, s: Statement) -> tuple[Outcome, ...]:
    if not _due(case, use, s):
        return passed(case, NAME, s, use, "目前的用药阶段或年龄不要求该项检验")
    if _tested(case, s) or _requested(case, s):
        return passed(case, NAME, s, use, f"已有或已开立{case.name(s.object)}") if case.explain else ()
    q = s.qualifiers
    when = _WHEN[q["when"]]
    within = f"近{q['days']}天" if "days" in q else ""
    summary = f"{named(case, use)}: {when}须有{case.name(s.object)}，未见{within}结果"
    data = tuple(_last(case, s))
    return (found(case, NAME, s, (use,), summary, data, suggestions=(), cause=f"{NAME}:need:{s.object}"),)


def _due(case: Case, use: Use, s: Statement) -> bool:
    """Always; before use: a drug not yet taken; during use: one taken for as long as the test may be old, when
    it is known since when."""
    when = s.qualifiers["when"]
    if when == "always" or not age_fits(case, s):
        return age_fits(case, s)
    used = in_use(case, use.concept)
    if when == "before":
        return not used
    begun = course(case, use)
    taken = (case.today - begun.first).days
    return used and (not begun.before or taken >= s.qualifiers.get("days", 0))


def _wanted(case: Case, lab: str) -> frozenset[str]:
    """What shows that a test was done: the test, what it contains, and the panels that contain it."""
    return case.snapshot.remember(("tested-by", lab), lambda: frozenset(_tested_by(case, lab)))


def _tested_by(case: Case, lab: str) -> Iterator[str]:
    yield lab
    if lab == CREATININE:  # a laboratory that reports eGFR has measured creatinine
        yield from (EGFR, CRCL)
    yield from (s.object for s in case.snapshot.statements(Predicate.CONTAINS, lab))
    yield from (s.subject for s in case.snapshot.pointing_at(lab) if s.predicate is Predicate.CONTAINS)


def _tested(case: Case, s: Statement) -> bool:
    """Whether a result or a report is recent enough; one without a time is not known to be old and counts."""
    days, wanted, observed = s.qualifiers.get("days"), _wanted(case, s.object), case.observed
    for concept in wanted:
        for observation in observed.get(concept, ()):
            if _is_recent(case, observation.origin.time, days):
                return True
    reports = case.patient.reports
    for report in () if isinstance(reports, Unknown) else reports:
        if not wanted.isdisjoint(report.what.concepts) and _is_recent(case, report.origin.time, days):
            return True
    return False


def _is_recent(case: Case, time: datetime | None, days: float | None) -> bool:
    if days is None or time is None or surely_within(case, time, days):
        return True
    return _day(time) >= _day(case.patient.as_of - timedelta(days=days))


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
    dated = [(zoned(origin.time), text, origin) for text, origin in _done(case, s) if origin.time is not None]
    if dated:
        _, text, origin = max(dated, key=lambda done: (*done[:2], done[2].reference))  # always the same one
        yield Datum.at("上次检验", text or case.name(s.object), origin)


def _requested(case: Case, s: Statement) -> bool:
    wanted = _wanted(case, s.object)
    return any(o.kind is _LAB and not wanted.isdisjoint(o.what.concepts) for o in case.orders)


# -- what is not known ------------------------------------------------------------------


def _blind(case: Case, limits: _Pairs, needs: _Pairs) -> Iterator[Gap]:
    """Nobody gave results: one gap that names the drugs, with the tests that had to be there."""
    due = [(use, s) for use, s in needs if _due(case, use, s) and not (_tested(case, s) or _requested(case, s))]
    expected = [(use, s) for use, s in limits if s.qualifiers.get("expected") and _concerns(case, use, s)]
    concerned = [*limits, *due]
    if concerned:
        drugs = "、".join(dict.fromkeys(case.name(use.concept) for use, _ in concerned))
        told = _listed(case, [*expected, *due]) or drugs
        reason = f"未提供检验结果，未能按检验值检查用药: {told}"
        yield Gap(NAME, "observations", reason, tuple(dict.fromkeys(use.order.id for use, _ in concerned)))


def _missing(case: Case, expected: _Pairs, demanded: list[Outcome]) -> Iterator[Gap]:
    """Values that rows call for and that are missing or old, unless a finding already asks for the test."""
    told = {(order, f.cause) for f in demanded if isinstance(f, Finding) for order in f.orders}
    lacking = [
        (use, s)
        for use, s in expected
        if isinstance(_value(case, s), Unknown)
        and _concerns(case, use, s)
        and (use.order.id, f"{NAME}:need:{s.object}") not in told
    ]
    if lacking:
        reason = f"缺少近期结果，未能按检验值检查用药: {_listed(case, lacking)}"
        yield Gap(NAME, "lab-results", reason, tuple(dict.fromkeys(use.order.id for use, _ in lacking)))


def _listed(case: Case, lacking: _Pairs) -> str:
    """Tests with the drugs that want them: 钾(螺内酯、地高辛)；国际标准化比值(华法林)."""
    tests: dict[str, dict[str, None]] = {}
    for use, s in lacking:
        tests.setdefault(case.name(s.object), {})[case.name(use.concept)] = None
    return "；".join(f"{lab}({'、'.join(drugs)})" for lab, drugs in tests.items())


FAMILY = Family(
    NAME,
    "检验结果",
    check,
    reads=(Predicate.LAB_LIMIT, Predicate.LAB_NEEDED, Predicate.REFERENCE_RANGE, Predicate.CONTAINS),
    by_drug=True,
)
