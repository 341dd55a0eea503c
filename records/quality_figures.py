"""Scores of institutions: how much of what was checked held, by dimension, resource type, rule and day.

Messages append what they count; here it is added to the day's figures. A score is 100 times the share of checks that
held, a rejecting rule counting three times a warning; an institution's score is the mean of its dimensions. What was
never checked has no score: it is not good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, or_, select

from base.db import alone, inserting
from base.tenancy import system
from records.quality import RESOURCES
from records.quality_rules import WEIGHTS, Dimension, Rule
from records.quality_tables import days, tallies

_LOCK: Final = 7195031
_BATCH: Final = 1000
GROUPS: Final = ("tenant", "dimension", "kind", "rule", "day")
"""What scores can be given by."""


class Score(NamedTuple):
    """Score of a group (values of what it was asked by); None where nothing was checked."""

    group: tuple[str, ...]
    checked: int
    failed: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figures: of tenants (with all below), from a day to a day (both included), of a dimension or type."""

    since: str
    until: str
    tenants: tuple[str, ...] = ()
    dimension: str = ""
    kind: str = ""
    rule: str = ""


class Standing(NamedTuple):
    """An institution in the ranking: its rank (equal scores share one), score, and score by dimension."""

    rank: int
    tenant: str
    score: float
    dimensions: dict[str, float]
    resources: int
    checked: int
    failed: int


def roll_up(engine: Engine) -> int:
    """Add to the days' figures what messages counted since. Safe to call from several workers. Gives how many
    messages were added."""
    total = 0
    with system("figures of quality"):
        while True:
            with engine.begin() as connection:
                alone(connection, _LOCK)
                query = select(tallies).order_by(tallies.c.id).limit(_BATCH)
                rows = connection.execute(query).all()
                if rows:
                    _add(connection, _summed(rows))
                    ids = [row.id for row in rows]
                    connection.execute(delete(tallies).where(tallies.c.id.in_(ids)))
            total += len(rows)
            if len(rows) < _BATCH:
                return total


def _summed(rows: Iterable[Any]) -> dict[tuple[str, str, str, str], list[int]]:
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for row in rows:
        for kind, rules in orjson.loads(row.counts).items():
            for rule, (checked, failed) in rules.items():
                held = sums.setdefault((row.tenant, row.day, kind[:40], rule), [0, 0])
                held[0] += checked
                held[1] += failed
    return sums


def _add(connection: Connection, sums: Mapping[tuple[str, str, str, str], list[int]]) -> None:
    rows = [
        {"tenant": tenant, "day": day, "kind": kind, "rule": rule, "checked": checked, "failed": failed}
        for (tenant, day, kind, rule), (checked, failed) in sorted(sums.items())
    ]
    made = inserting(connection, days)
    change = {name: days.c[name] + made.excluded[name] for name in ("checked", "failed")}
    connection.execute(made.on_conflict_do_update(index_elements=list(days.primary_key), set_=change), rows)


def replace_counts(
    connection: Connection, tenant: str, day: str, rule: str, counts: Mapping[str, tuple[int, int]]
) -> None:
    """The figures of a survey on a day: run twice it counts once."""
    connection.execute(delete(days).where(days.c.tenant == tenant, days.c.day == day, days.c.rule == rule))
    if counts:
        key = {"tenant": tenant, "day": day, "rule": rule}
        rows = [key | {"kind": k, "checked": n, "failed": f} for k, (n, f) in counts.items()]
        connection.execute(insert(days), rows)


class Figures:
    """Scores within the scope of whoever asks. ``rules`` tell dimension and weight of what was counted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def scores(self, asked: Asked, by: tuple[str, ...], rules: Iterable[Rule]) -> list[Score]:
        """Scores by groups, in the order of their names."""
        known = {rule.id: rule for rule in rules}
        groups: dict[tuple[str, ...], _Sum] = {}
        for row in self._rows(asked):
            rule = known.get(row.rule)
            if rule is None or (asked.dimension and rule.dimension != asked.dimension):
                continue
            values = {"dimension": rule.dimension.value, "rule": row.rule}
            key = tuple(values.get(name) or getattr(row, name) for name in by)
            groups.setdefault(key, _Sum()).add(row.checked, row.failed, rule)
        return [Score(key, sum_.checked, sum_.failed, sum_.score()) for key, sum_ in sorted(groups.items())]

    def ranking(self, asked: Asked, rules: Iterable[Rule]) -> list[Standing]:
        """Institutions by score, the best first."""
        by_tenant: dict[str, dict[str, Score]] = {}
        for score in self.scores(asked, ("tenant", "dimension"), rules):
            by_tenant.setdefault(score.group[0], {})[score.group[1]] = score
        received = {group[0]: number for group, number in self.volume(asked, ("tenant",)).items()}
        made = [_standing(tenant, found, received.get(tenant, 0)) for tenant, found in by_tenant.items()]
        ranked = sorted((one for one in made if one), key=lambda one: (-one.score, one.tenant))
        better = {one.tenant: sum(other.score > one.score for other in ranked) for one in ranked}
        return [one._replace(rank=better[one.tenant] + 1) for one in ranked]

    def volume(self, asked: Asked, by: tuple[str, ...]) -> dict[tuple[str, ...], int]:
        """Resources received, by groups of tenant, kind and day; messages are not among them."""
        counts: dict[tuple[str, ...], int] = {}
        for row in self._rows(asked, volume=True):
            if row.kind != "Message":
                key = tuple(str(getattr(row, name)) for name in by)
                counts[key] = counts.get(key, 0) + row.checked
        return counts

    def _rows(self, asked: Asked, volume: bool = False) -> list[Any]:
        roll_up(self._engine)
        here = [days.c.day >= asked.since, days.c.day <= asked.until, (days.c.rule == RESOURCES) == volume]
        if asked.tenants:
            here.append(or_(*map(_below, asked.tenants)))
        if asked.kind:
            here.append(days.c.kind == asked.kind)
        if asked.rule and not volume:
            here.append(days.c.rule == asked.rule)
        with self._engine.connect() as connection:
            return list(connection.execute(select(days).where(*here)))


class _Sum:
    """What was checked and failed in a group, with weights."""

    __slots__ = ("_weighed", "_wrong", "checked", "failed")

    def __init__(self) -> None:
        self.checked = self.failed = self._weighed = self._wrong = 0

    def add(self, checked: int, failed: int, rule: Rule) -> None:
        weight = WEIGHTS[rule.severity]
        self.checked += checked
        self.failed += failed
        self._weighed += weight * checked
        self._wrong += weight * failed

    def score(self) -> float | None:
        return round(100 * (1 - self._wrong / self._weighed), 2) if self._weighed else None


def _standing(tenant: str, found: Mapping[str, Score], resources: int) -> Standing | None:
    dimensions = {name: score.score for name, score in found.items() if score.score is not None}
    if not dimensions:
        return None
    checked, failed = (sum(getattr(score, name) for score in found.values()) for name in ("checked", "failed"))
    ordered: dict[str, float] = {d.value: dimensions[d.value] for d in Dimension if d.value in dimensions}
    return Standing(0, tenant, round(sum(ordered.values()) / len(ordered), 2), ordered, resources, checked, failed)


def _below(tenant: str) -> ColumnElement[bool]:
    return or_(days.c.tenant == tenant, days.c.tenant.startswith(f"{tenant}/", autoescape=True))
