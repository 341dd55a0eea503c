"""Drugs that should not be given at some age."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.age import MONTH, YEAR
from clinical.finding import Datum, Gap, Outcome
from clinical.logic import UNKNOWN, Unknown
from knowledge.model import Predicate, Statement
from rules.courses import exceptions
from rules.dosing import has_cap, over_cap
from rules.model import Case, Family, Use, Way, each_statement
from rules.saying import degree, found, named, passed

NAME = "age"
_LIMIT: Final = Predicate.AGE_LIMIT
_NO_END = float("inf")


def check(case: Case) -> Iterator[Outcome]:
    """Age limits of every new drug against the age on the day of the review."""
    age = case.age
    statements = case.asked(_LIMIT) if case.explain or isinstance(age, Unknown) else _at_age(case, age)
    if statements:
        yield from each_statement(NAME, statements, partial(_judge, case))


def _at_age(case: Case, age: float) -> list[tuple[Use, Statement]]:
    """Limits in force that are about this age."""
    found = []
    for use, way in case.ways:
        for youngest, oldest, s in way.once("age-limits", _ages):
            if youngest <= age < oldest and (_LIMIT not in way.dated or s.holds_on(case.iso_day)):
                found.append((use, s))
    return found


def _ages(way: Way) -> tuple[tuple[float, float, Statement], ...]:
    return tuple((*_span(s), s) for s in way[_LIMIT])


def _span(s: Statement) -> tuple[float, float]:
    """The ages in days that a limit is about, the last not included."""
    return s.qualifiers.get("age_min", 0), s.qualifiers.get("age_max", _NO_END)


def _is_of_age(s: Statement, age: float) -> bool:
    youngest, oldest = _span(s)
    return youngest <= age < oldest


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    age = case.age
    if isinstance(age, Unknown):
        yield Gap(NAME, "birth-date", "未提供出生日期，未能检查年龄限制", (use.order.id,))
    elif _is_of_age(s, age) and exceptions(case, s).isdisjoint(case.conditions):
        told = over_cap(case, use, s) if has_cap(s) else UNKNOWN
        if told == "":
            yield from passed(case, NAME, s, use, "剂量未超过该年龄的上限")
            return
        told_age, word = age_text(age), degree(s) if isinstance(told, Unknown) else f"，{told}"
        yield found(case, NAME, s, (use,), f"{named(case, use)}: {told_age}患者{word}", (Datum("年龄", told_age),))
    elif case.explain:
        yield from passed(case, NAME, s, use, f"年龄 {age_text(age)} 不在限制范围")


def age_text(age: float) -> str:
    """Age as clinicians say it: days in the first month, months to two years, then years."""
    if age < 28:
        return f"{age:.0f}天"
    return f"{int(age / MONTH)}月龄" if age < 2 * YEAR else f"{int(age / YEAR)}岁"


FAMILY = Family(NAME, "年龄限制", check, reads=(Predicate.AGE_LIMIT,), by_drug=True)
