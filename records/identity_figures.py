"""What the index of persons can tell of itself: how it grew, by which rules it decided, what people did by hand, and
how similar what it linked or doubted was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, func, literal, select

from records.identity_changes import ASKED, DECIDED, MERGED, SPLIT
from records.identity_tables import events, persons, records, reviews

_ARRIVED: Final = ("created", "linked")
_STEP: Final = 5


class Period(StrEnum):
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Growth:
    """What came in a period: ``period`` is 20261101, or 202611 of months. ``persons`` new in the index, ``records``
    registered, ``updates`` of known ones."""

    period: int
    persons: int
    records: int
    updates: int


@dataclass(frozen=True, slots=True)
class RuleHits:
    """How often a rule decided: ``act`` created, linked, merged (by rule) or asked."""

    act: str
    rule: str
    count: int


@dataclass(frozen=True, slots=True)
class ManualWork:
    """What people of a role did."""

    role: str
    act: str
    count: int


@dataclass(frozen=True, slots=True)
class Similarity:
    """How many scores lie from ``low`` (bits) on below ``low + 5``: of links, and of pairs put before somebody."""

    low: int
    linked: int
    asked: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The index in numbers, as far as the scope reaches. ``persons`` are those not merged into others."""

    persons: int
    merged: int
    records: int
    institutions: dict[str, int]
    queue: dict[str, int]
    growth: list[Growth]
    rules: list[RuleHits]
    manual: list[ManualWork]
    similarity: list[Similarity]


def figures(
    connection: Connection, since: date | None = None, until: date | None = None, period: Period = Period.DAY
) -> Figures:
    """Everything counted; growth, rules, work by hand and similarity from ``since`` up to and including ``until``
    (days in China)."""
    during = _during(since, until)
    gone = persons.c.merged_into.is_not(None)
    people = _counts(connection, select(gone, func.count()).group_by(gone))
    by_tenant = select(records.c.tenant, func.count()).group_by(records.c.tenant).order_by(records.c.tenant)
    institutions = _counts(connection, by_tenant)
    return Figures(
        persons=people.get(False, 0),
        merged=people.get(True, 0),
        records=sum(institutions.values()),
        institutions=institutions,
        queue=_counts(connection, select(reviews.c.status, func.count()).group_by(reviews.c.status)),
        growth=_growth(connection, during, period),
        rules=_rules(connection, during),
        manual=_manual(connection, during),
        similarity=_similarity(connection, during),
    )


def _counts(connection: Connection, query: Any) -> dict[Any, int]:
    return {row[0]: row[1] for row in connection.execute(query)}


def _during(since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    found = []
    if since is not None:
        found.append(events.c.day >= int(f"{since:%Y%m%d}"))
    if until is not None:
        found.append(events.c.day <= int(f"{until:%Y%m%d}"))
    return found


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _growth(connection: Connection, during: list[ColumnElement[bool]], period: Period) -> list[Growth]:
    at = (events.c.day // literal(100 if period is Period.MONTH else 1)).label("counted_by")
    act = events.c.act
    counts = (_sum(act == "created"), _sum(act.in_(_ARRIVED)), _sum(act == "updated"))
    wanted = act.in_((*_ARRIVED, "updated"))
    query = select(at, *counts).where(wanted, *during).group_by("counted_by").order_by("counted_by")
    return [Growth(*row) for row in connection.execute(query)]


def _rules(connection: Connection, during: list[ColumnElement[bool]]) -> list[RuleHits]:
    by_rule = events.c.act.in_((*_ARRIVED, ASKED, MERGED)) & (events.c.actor == "system")
    columns = (events.c.act, events.c.rule)
    query = select(*columns, func.count()).where(by_rule, *during).group_by(*columns).order_by(*columns)
    return [RuleHits(*row) for row in connection.execute(query)]


def _manual(connection: Connection, during: list[ColumnElement[bool]]) -> list[ManualWork]:
    directly = events.c.act.in_((MERGED, SPLIT)) & (events.c.rule == "")  # a decision of the queue counts once
    by_hand = (events.c.actor != "system") & ((events.c.act == DECIDED) | directly)
    columns = (events.c.role, events.c.act)
    query = select(*columns, func.count()).where(by_hand, *during).group_by(*columns).order_by(*columns)
    return [ManualWork(*row) for row in connection.execute(query)]


def _similarity(connection: Connection, during: list[ColumnElement[bool]]) -> list[Similarity]:
    low = (func.floor(events.c.score / float(_STEP)) * _STEP).label("low")
    counts = (_sum(events.c.act == "linked"), _sum(events.c.act == ASKED))
    scored = events.c.act.in_(("linked", ASKED)) & events.c.score.is_not(None)
    query = select(low, *counts).where(scored, *during).group_by("low").order_by("low")
    return [Similarity(int(row[0]), row[1], row[2]) for row in connection.execute(query)]
