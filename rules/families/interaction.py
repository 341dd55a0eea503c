"""Interactions between two drugs in use, at least one of them under review."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from clinical.administration import route_among
from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity, Suggestion
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.patient import Condition
from clinical.value import replace
from knowledge.model import Predicate, Standing, Statement
from rules.courses import diseases_in
from rules.dosing import amount, daily_dose
from rules.measures import egfr
from rules.model import Case, Family, Use, fault, may_interrupt, severity_of
from rules.saying import drop, instead
from rules.stewardship import hours_since

NAME = "interaction"
_INTERACTS: Final = Predicate.INTERACTS_WITH
_MODERATE: Final = Severity.MODERATE
_MINOR: Final = Severity.MINOR
_WORTH_DROPPING: Final = frozenset({Severity.CONTRAINDICATED, Severity.MAJOR, Severity.MODERATE})
_SIDED = frozenset({"routes_a", "routes_b", "dose_above_a", "dose_above_b", "dose_below_a", "dose_below_b"})
_ONSETS = {
    "immediate": "。起效: 即刻，首次合用时就要观察",
    "days": "。起效: 数日，合用后1周内观察",
    "weeks": "。起效: 数周，须定期随访",
}
_WAYS = {"a-to-b": "→", "b-to-a": "→", "mutual": "↔"}
_FOUNDED = {Standing.REVIEWED: 2, Standing.STARTER: 1}


def check(case: Case) -> Iterator[Outcome]:
    """One finding per pair of ingredients: what is said most specifically and best reviewed counts."""
    if isinstance(case.patient.medications, Unknown) and case.new_uses:
        yield Gap(NAME, "medications", "未提供患者在用药品，仅在本次医嘱之间检查相互作用", _ids(case.new_uses))
    told: set[tuple[frozenset[str], str]] = set()
    for a, b in _pairs(case):
        decisive = _decisive(case, a, b)
        if decisive is not None:
            place = (frozenset((a.order.id, b.order.id)), decisive.statement.id)
            if place not in told:  # two ingredients of one product are one interaction of it
                told.add(place)
                try:
                    yield from _told(case, a, b, decisive)
                except Exception as error:  # a malformed statement must not silence other pairs
                    yield fault(NAME, decisive.statement.id, error)
        elif case.explain:
            reason = "相互作用陈述不适用于本次给药途径、剂量或日期"
            statements = case.snapshot.between(Predicate.INTERACTS_WITH, a.concept, b.concept)
            yield from (Passed(NAME, s.id, reason, (a.order.id, b.order.id)) for s in statements)


def rules_out(case: Case, order: Order) -> bool:
    """Whether an order in place of one under review would raise a moderate or worse finding with a drug that the
    patient takes already. Other orders of the same name are left out: the new one may continue them."""
    a = Use(order, order.ingredients[0], True, order.ingredients[0].concept)
    taken = [use for use in case.active_uses if use.order.what.text != order.what.text]
    for _, j in case.snapshot.linked(_INTERACTS, [a.concept, *[use.concept for use in taken]], 1):
        b = taken[j - 1]
        decisive = _decisive(case, a, b)
        if decisive is not None:
            severity, _ = _weighed(case, a, b, decisive, decisive.line or _line(case, a, b, decisive))
            if severity.rank >= _MODERATE.rank:
                return True
    return False


def _pairs(case: Case) -> list[tuple[Use, Use]]:
    """Linked pairs from different orders, at least one under review and in focus."""
    uses = case.uses
    linked = case.snapshot.linked(_INTERACTS, [use.concept for use in uses], len(case.new_uses))
    pairs = [(uses[i], uses[j]) for i, j in linked]
    return [
        (a, b)
        for a, b in pairs
        if a.order.id != b.order.id and (not case.focus or case.in_focus(a.order.id, b.order.id))
    ]


@dataclass(slots=True)
class _Row:
    """A statement about two ingredients, whether it holds in any dose and on any day, and what it says of them,
    worked out when it first decides."""

    statement: Statement
    always: bool
    line: _Line | None = None


class _Line(NamedTuple):
    """What the release says of two ingredients: as a finding; whether taking them hours ``apart`` is all it asks;
    the diseases that call for both, those that forbid both, and whether anything of the patient does."""

    finding: Finding
    apart: bool
    needs: frozenset[str]
    forbids: frozenset[str]
    hinges: bool


def _decisive(case: Case, a: Use, b: Use) -> _Row | None:
    """The first of what is said of two ingredients that holds for these orders."""
    for row in _said_of(case, a, b):
        if row.always or (row.statement.holds_on(case.iso_day) and _fits(case, row.statement, a, b)):
            return row
    return None


def _fits(case: Case, statement: Statement, a: Use, b: Use) -> bool:
    """A statement bound to the routes or doses of one side holds unless a known route or daily dose lies outside
    them."""
    q = statement.qualifiers
    if _SIDED.isdisjoint(q):
        return True
    return any(
        _given(first, q.get("routes_a"))
        and _given(second, q.get("routes_b"))
        and _exceeds(case, first, q.get("dose_above_a"), q)
        and _exceeds(case, second, q.get("dose_above_b"), q)
        and _falls_short(case, first, q.get("dose_below_a"), q)
        and _falls_short(case, second, q.get("dose_below_b"), q)
        for first, second in _sides(case, statement, a, b)
    )


def _given(use: Use, routes: Collection[str] | None) -> bool:
    """Whether a use may be by one of some routes (all, when none are named)."""
    route = use.order.dosage.route
    return not routes or isinstance(route, Unknown) or route_among(route, routes)


def _exceeds(case: Case, use: Use, limit: float | None, q: dict[str, Any]) -> bool:
    """Whether the daily dose may be above a limit (always, when none is named or the dose is unknown)."""
    if limit is None:
        return True
    dose = daily_dose(case, use, q.get("dose_unit", "mg"))
    return isinstance(dose, Unknown) or dose > limit


def _falls_short(case: Case, use: Use, limit: float | None, q: dict[str, Any]) -> bool:
    """Whether the daily dose may be below what it has to be raised to (always, as ``_exceeds``)."""
    if limit is None:
        return True
    dose = daily_dose(case, use, q.get("dose_unit", "mg"))
    return isinstance(dose, Unknown) or dose < limit


def _sides(case: Case, s: Statement, a: Use, b: Use) -> list[tuple[Use, Use]]:
    """The two uses as subject and object of the statement; both ways where its classes overlap."""
    first, second = case.snapshot.lineage[a.concept], case.snapshot.lineage[b.concept]
    sides = []
    if s.subject in first and s.object in second:
        sides.append((a, b))
    if s.subject in second and s.object in first:
        sides.append((b, a))
    return sides


def _said_of(case: Case, a: Use, b: Use) -> list[_Row]:
    """What the release says of two ingredients given by their routes, the most decisive first."""
    key = ("interacting", a.concept, b.concept, a.order.dosage.route, b.order.dosage.route)
    return case.snapshot.remember(key, lambda: _given_so(case, a, b))


def _given_so(case: Case, a: Use, b: Use) -> list[_Row]:
    """A statement bound to routes holds where neither is known to be another one."""
    said = _ranked(case, a.concept, b.concept)
    routes = [s.qualifiers.get("routes") for s in said]
    return [
        _Row(s, _always(s)) for s, among in zip(said, routes, strict=True) if _given(a, among) and _given(b, among)
    ]


def _always(s: Statement) -> bool:
    return not (s.valid_from or s.valid_to) and _SIDED.isdisjoint(s.qualifiers)


def _ranked(case: Case, a: str, b: str) -> tuple[Statement, ...]:
    """What local experts reviewed before what we ship before secondary sources; naming both
    ingredients before one before classes; then the worst, and what is said of the dose."""
    pair = {a, b}

    def weight(s: Statement) -> tuple[int, int, int, bool, str]:
        exact = (s.subject in pair) + (s.object in pair)
        return (_FOUNDED.get(s.standing, 0), exact, severity_of(s).rank, "dose_unit" in s.qualifiers, s.id)

    return tuple(sorted(case.snapshot.between(Predicate.INTERACTS_WITH, a, b), key=weight, reverse=True))


def _told(case: Case, a: Use, b: Use, row: _Row) -> Iterator[Outcome]:
    line = row.line or _line(case, a, b, row)
    grounds = _forbidding(case, row.statement, line.forbids) if line.hinges else ()
    yield _finding(case, a, b, row, line, () if isinstance(grounds, Unknown) else grounds)
    if isinstance(grounds, Unknown):
        listed = not isinstance(case.patient.conditions, Unknown)
        needed, word = ("egfr", "近期肾功能") if listed else ("conditions", "诊断")
        pair = f"{case.name(a.concept)} + {case.name(b.concept)}"
        said = f"缺少{word}，未能判断 {pair} 对该患者是否禁忌"
        yield Gap(NAME, needed, said, (a.order.id, b.order.id), row.statement.id)


def _finding(case: Case, a: Use, b: Use, row: _Row, line: _Line, forbidding: tuple[Datum, ...]) -> Finding:
    severity, grounds = (Severity.CONTRAINDICATED, forbidding) if forbidding else _weighed(case, a, b, row, line)
    target, other = (a, b) if a.new else (b, a)
    finding = line.finding
    worse = severity.rank > finding.severity.rank
    return replace(
        finding,
        severity=severity,
        summary=finding.summary + (f"；患者{grounds[0].what} {grounds[0].value}，禁止合用" if worse else ""),
        orders=(a.order.id, b.order.id),
        data=(case.datum(a.order), case.datum(b.order), *grounds),
        suggestions=_suggestions(case, row.statement, severity, target, other),
    )


def _weighed(case: Case, a: Use, b: Use, row: _Row, line: _Line) -> tuple[Severity, tuple[Datum, ...]]:
    """How bad it is for these orders where nothing of the patient forbids them, and the diagnosis that makes it less
    so."""
    severity = line.finding.severity
    if line.apart and (_apart(a) or _apart(b)):
        severity = _MINOR  # the order says already what the advice would
    need = _need(case, row.statement, line.needs) if line.needs else None
    if need is None or severity.rank <= _MINOR.rank:
        return severity, ()
    return _MINOR, (_diagnosis(need),)


def _diagnosis(condition: Condition) -> Datum:
    return Datum.at("诊断", condition.what.text, condition.origin)


def _forbidding(case: Case, s: Statement, forbids: frozenset[str]) -> Known[tuple[Datum, ...]]:
    """What of the patient forbids the two together (禁忌疾病, 禁忌eGFR), the first of it, the same in every process;
    UNKNOWN while any of that is not known."""
    held = next((case.conditions[disease] for disease in sorted(forbids) if disease in case.conditions), None)
    if held is not None:
        return (_diagnosis(held),)
    known, limit = not isinstance(case.patient.conditions, Unknown), s.qualifiers.get("forbidden_egfr")
    if limit is not None:
        kidneys = egfr(case)
        if not isinstance(kidneys, Unknown) and kidneys.value < limit:
            return kidneys.data
        known = known and not isinstance(kidneys, Unknown)
    return () if known else UNKNOWN


def _need(case: Case, s: Statement, needs: frozenset[str]) -> Condition | None:
    """The diagnosis that calls for the two together (指征疾病) while it does (指征期限): of one whose day nobody
    tells it is not known that it still does."""
    hours = s.qualifiers.get("needed_within")
    for condition in (case.conditions[need] for need in sorted(needs) if need in case.conditions):
        time = condition.origin.time
        if hours is None or (time is not None and hours_since(case, time) <= hours):
            return condition
    return None


_APART: Final = re.compile(
    r"(?:间隔|相隔|错开|分开|隔开)[^,，。;；]*\d[^,，。;；]*(?:小时|h)|(?:错开|分开)(?:服|时间)", re.IGNORECASE
)
"""A note that two drugs are taken hours apart: 与优甲乐间隔4小时以上."""


def _apart(use: Use) -> bool:
    return bool(use.order.note) and _APART.search(use.order.note) is not None


def _line(case: Case, a: Use, b: Use, row: _Row) -> _Line:
    s = row.statement
    finding = _said(case, a, b, s)
    apart = finding.severity is _MODERATE and "间隔" in finding.advice
    needs, forbids = (diseases_in(case, s, field) for field in ("needed_in", "forbidden_in"))
    hinges = bool(forbids or "forbidden_egfr" in s.qualifiers) and s.standing is not Standing.SECONDARY
    row.line = _Line(finding, apart, needs, forbids, hinges)
    return row.line


def _said(case: Case, one: Use, other: Use, s: Statement) -> Finding:
    """What the release says of two ingredients, whoever takes them."""
    a, b, q = one.concept, other.concept, s.qualifiers
    names = f"{case.name(a)} + {case.name(b)}{_doses(case, s)}"
    return Finding(
        family=NAME,
        rule_id=s.id,
        rule_version=str(s.revision),
        severity=severity_of(s),
        summary=f"{names}: {q['effect']}" if q.get("effect") else f"{names} 存在相互作用",
        detail=_direction(case, one, other, s) + q.get("mechanism", "") + _ONSETS.get(q.get("onset", ""), ""),
        orders=(),
        references=case.references(s),
        advice=q.get("advice", ""),
        cause=f"interaction:{min(a, b)}+{max(a, b)}",
        interruptive=may_interrupt(s),
        never=bool(q.get("never")),
    )


def _direction(case: Case, a: Use, b: Use, s: Statement) -> str:
    """Who affects whom, before the mechanism: ``氟康唑 → 华法林: ``. Nothing where the statement does not say, or
    where its classes hold both drugs, so that either may be the one that is affected."""
    way = s.qualifiers.get("direction", "")
    sides = _sides(case, s, a, b) if way in _WAYS else []
    if not sides or (len(sides) > 1 and way != "mutual"):
        return ""
    first, second = sides[0] if way != "b-to-a" else sides[0][::-1]
    return f"{case.name(first.concept)} {_WAYS[way]} {case.name(second.concept)}: "


def _doses(case: Case, s: Statement) -> str:
    """Above or below which doses a statement holds: (辛伐他汀>20 mg/日)."""
    q = s.qualifiers
    sides = ((s.subject, q.get("dose_above_a")), (s.object, q.get("dose_above_b")))
    unit = q.get("dose_unit", "mg")
    bounds = [f"{case.name(drug)}>{amount(limit, unit)}/日" for drug, limit in sides if limit is not None]
    sides = ((s.subject, q.get("dose_below_a")), (s.object, q.get("dose_below_b")))
    bounds += [f"{case.name(drug)}<{amount(limit, unit)}/日" for drug, limit in sides if limit is not None]
    return f" ({'，'.join(bounds)})" if bounds else ""


def _suggestions(case: Case, s: Statement, severity: Severity, target: Use, other: Use) -> tuple[Suggestion, ...]:
    """Instead of the first order under review, else instead of the other, else without the first."""
    offered: list[Suggestion] = []
    q = s.qualifiers
    if "alternatives_a" in q or "alternatives_b" in q:
        subject = next((first for first, _ in _sides(case, s, target, other)), target)
        for use in (target, other):
            if use.new:
                offered += instead(case, s, use, "alternatives_a" if use is subject else "alternatives_b")
    if severity in _WORTH_DROPPING:
        offered.append(drop(target))
    return tuple(offered)


def _ids(uses: tuple[Use, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(use.order.id for use in uses))


FAMILY = Family(NAME, "药物相互作用", check, reads=(Predicate.INTERACTS_WITH,), rules_out=rules_out)
