"""Interactions between two drugs in use, at least one of them under review."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from clinical.administration import route_among
from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity, Suggestion
from clinical.logic import Unknown
from clinical.patient import Condition
from clinical.value import replace
from knowledge.model import Predicate, Standing, Statement
from rules.courses import diseases_in
from rules.dosing import amount, daily_dose
from rules.model import Case, Family, Use, fault, may_interrupt, order_datum, severity_of
from rules.saying import drop, instead
from rules.stewardship import hours_since

NAME = "interaction"
_INTERACTS: Final = Predicate.INTERACTS_WITH
_MODERATE: Final = Severity.MODERATE
_WORTH_DROPPING: Final = frozenset({Severity.CONTRAINDICATED, Severity.MAJOR, Severity.MODERATE})
_SIDED = frozenset({"routes_a", "routes_b", "dose_above_a", "dose_above_b", "dose_below_a", "dose_below_b"})
_ONSETS = {
    "immediate": "。起效: 即刻，首次合用时就要观察",
    "days": "。起效: 数日，合用后1周内观察",
    "weeks": "。起效: 数周，须定期随访",
}
_FOUNDED = {Standing.REVIEWED: 2, Standing.STARTER: 1}


def check(case: Case) -> Iterator[Outcome]:
    """One finding per pair of ingredients: what is said most specifically and best reviewed counts."""
    if isinstance(case.patient.medications, Unknown) and case.new_uses:
        yield Gap(NAME, "medications", "未提供患者在用药品，仅在本次医嘱之间检查相互作用", _ids(case.new_uses))
    told: set[tuple[frozenset[str], str]] = set()
    for a, b in _pairs(case):
        decisive = _decisive(case, a, b)
        if decisive is not None:
            place = (frozenset((a.order.id, b.order.id)), decisive.id)
            if place not in told:  # two ingredients of one product are one interaction of it
                told.add(place)
                try:
                    yield _finding(case, a, b, decisive)
                except Exception as error:  # a malformed statement must not silence other pairs
                    yield fault(NAME, decisive.id, error)
        elif case.explain:
            reason = "相互作用陈述不适用于本次给药途径、剂量或日期"
            statements = case.snapshot.between(Predicate.INTERACTS_WITH, a.concept, b.concept)
            yield from (Passed(NAME, s.id, reason, (a.order.id, b.order.id)) for s in statements)


def _pairs(case: Case) -> Iterator[tuple[Use, Use]]:
    """Linked pairs from different orders, at least one under review and in focus."""
    uses, concepts = case.uses, [use.concept for use in case.uses]
    for i, j in case.snapshot.linked(_INTERACTS, concepts, len(case.new_uses)):
        a, b = uses[i], uses[j]
        if a.order.id != b.order.id and (not case.focus or case.in_focus(a.order.id, b.order.id)):
            yield a, b


def _decisive(case: Case, a: Use, b: Use) -> Statement | None:
    """The first of what is said of two ingredients that holds for these orders."""
    for s, always in _said_of(case, a.concept, b.concept):
        if always or (s.holds_on(case.iso_day) and _fits(case, s, a, b)):
            return s
    return None


def _fits(case: Case, statement: Statement, a: Use, b: Use) -> bool:
    """A statement bound to routes or doses holds unless a known route or daily dose lies outside them."""
    q = statement.qualifiers
    routes = q.get("routes")
    if routes and not (_given(a, routes) and _given(b, routes)):
        return False
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


def _sides(case: Case, s: Statement, a: Use, b: Use) -> Iterator[tuple[Use, Use]]:
    """The two uses as subject and object of the statement; both ways where its classes overlap."""
    for first, second in ((a, b), (b, a)):
        if s.subject in case.lineage[first.concept] and s.object in case.lineage[second.concept]:
            yield first, second


def _said_of(case: Case, a: str, b: str) -> list[tuple[Statement, bool]]:
    """What the release says of two ingredients, the most decisive first, with whether it holds by any route, in
    any dose and on any day."""
    return case.snapshot.remember(("interacting", a, b), lambda: [(s, _always(s)) for s in _ranked(case, a, b)])


def _always(s: Statement) -> bool:
    return not (s.valid_from or s.valid_to or s.qualifiers.get("routes")) and _SIDED.isdisjoint(s.qualifiers)


def _ranked(case: Case, a: str, b: str) -> tuple[Statement, ...]:
    """What local experts reviewed before what we ship before secondary sources; naming both
    ingredients before one before classes; then the worst, and what is said of the dose."""
    pair = {a, b}

    def weight(s: Statement) -> tuple[int, int, int, bool, str]:
        exact = (s.subject in pair) + (s.object in pair)
        return (_FOUNDED.get(s.standing, 0), exact, severity_of(s).rank, "dose_unit" in s.qualifiers, s.id)

    return tuple(sorted(case.snapshot.between(Predicate.INTERACTS_WITH, a, b), key=weight, reverse=True))


def _finding(case: Case, a: Use, b: Use, s: Statement) -> Finding:
    said = case.snapshot.remember((NAME, a.concept, b.concept, s.id), lambda: _said(case, a.concept, b.concept, s))
    target, other = (a, b) if a.new else (b, a)
    if said.severity is _MODERATE and "间隔" in said.advice and (_apart(a) or _apart(b)):
        said = replace(said, severity=Severity.MINOR)  # the order says already what the advice would
    data: tuple[Datum, ...] = (order_datum(a.order), order_datum(b.order))
    need = _need(case, s)
    if need is not None and said.severity.rank > Severity.MINOR.rank:
        said = replace(said, severity=Severity.MINOR)
        data = (*data, Datum.at("诊断", need.what.text, need.origin))
    return replace(
        said,
        orders=(a.order.id, b.order.id),
        data=data,
        suggestions=_suggestions(case, s, said.severity, target, other),
    )


def _need(case: Case, s: Statement) -> Condition | None:
    """The diagnosis that calls for the two together (指征疾病) while it does (指征期限): of one whose day nobody
    tells it is not known that it still does."""
    needs, hours = diseases_in(case, s, "needed_in"), s.qualifiers.get("needed_within")
    for condition in (case.conditions[need] for need in needs if need in case.conditions):
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


def _said(case: Case, a: str, b: str, s: Statement) -> Finding:
    """What the release says of two ingredients, whoever takes them."""
    names, q = f"{case.name(a)} + {case.name(b)}{_doses(case, s)}", s.qualifiers
    return Finding(
        family=NAME,
        rule_id=s.id,
        rule_version=str(s.revision),
        severity=severity_of(s),
        summary=f"{names}: {q['effect']}" if q.get("effect") else f"{names} 存在相互作用",
        detail=q.get("mechanism", "") + _ONSETS.get(q.get("onset", ""), ""),
        orders=(),
        references=case.references(s),
        advice=q.get("advice", ""),
        cause=f"interaction:{min(a, b)}+{max(a, b)}",
        interruptive=may_interrupt(s),
        never=bool(q.get("never")),
    )


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
        subject, _ = next(_sides(case, s, target, other), (target, other))
        for use in (target, other):
            if use.new:
                offered += instead(case, s, use, "alternatives_a" if use is subject else "alternatives_b")
    if severity in _WORTH_DROPPING:
        offered.append(drop(target))
    return tuple(offered)


def _ids(uses: tuple[Use, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(use.order.id for use in uses))


FAMILY = Family(NAME, "药物相互作用", check, reads=(Predicate.INTERACTS_WITH,))
