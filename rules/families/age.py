"""Drugs that should not be given at some age."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from clinical.finding import Datum, Gap, Outcome
from clinical.logic import Unknown
from knowledge.model import Predicate, Statement
from rules.courses import exceptions
from rules.model import Case, Family, Use, each_statement
from rules.saying import degree, found, named, passed

NAME = "age"
_NO_END = float("inf")


def check(case: Case) -> Iterator[Outcome]:
    """Age limits of every new drug against the age on the day of the review."""
    statements, days = case.asked(Predicate.AGE_LIMIT), case.age_days
    if not isinstance(days, Unknown) and not case.explain:
        statements = [(use, s) for use, s in statements if _is_of_age(s, days)]
    yield from each_statement(NAME, statements, partial(_judge, case))


def _is_of_age(s: Statement, days: int) -> bool:
    q = s.qualifiers
    return bool(q.get("age_min", 0) <= days < q.get("age_max", _NO_END))


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    days = case.age_days
    if isinstance(days, Unknown):
        yield Gap(NAME, "birth-date", "未提供出生日期，未能检查年龄限制", (use.order.id,))
    elif _is_of_age(s, days) and exceptions(case, s).isdisjoint(case.conditions):
        age = age_text(days)
        yield found(case, NAME, s, (use,), f"{named(case, use)}: {age}患者{degree(s)}", (Datum("年龄", age),))
    elif case.explain:
        yield from passed(case, NAME, s, use, f"年龄 {age_text(days)} 不在限制范围")


def age_text(days: int) -> str:
    """Age as clinicians say it: days in the first month, months to two years, then years."""
    if days < 28:
        return f"{days}天"
    return f"{int(days / 30.4375)}月龄" if days < 730.5 else f"{int(days / 365.25)}岁"


FAMILY = Family(NAME, "年龄限制", check, reads=(Predicate.AGE_LIMIT,), by_drug=True)
