"""What is known of connected systems: figures of hours, and when each was last heard of, held to the scope of whoever
asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, Table, select

from base.spread import Spread, quantile, together
from records.traffic import System, hours, read_spread, system_of, systems


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of a system over some hours; ``took``: how long what was done had taken, from arrival to stored (or from
    stored to delivered)."""

    arrived: int = 0
    done: int = 0
    failed: int = 0
    took: Spread = field(default_factory=dict)

    def __add__(self, other: Figures) -> Figures:
        counts = (self.arrived + other.arrived, self.done + other.done, self.failed + other.failed)
        return Figures(*counts, together((self.took, other.took)))

    @property
    def ended(self) -> int:
        return self.done + self.failed

    @property
    def success(self) -> float | None:
        """Share of what ended that got where it should; None where nothing ended."""
        return self.done / self.ended if self.ended else None

    @property
    def p50(self) -> float | None:
        """Seconds that half of what was done took at most; None where nothing was."""
        return quantile(self.took, 0.5)

    @property
    def p95(self) -> float | None:
        return quantile(self.took, 0.95)


class Hour(NamedTuple):
    """A system's figures of one hour."""

    system: System
    hour: datetime
    figures: Figures


class Heard(NamedTuple):
    """When a system was first and last heard of, last tried, and what went wrong then."""

    system: System
    first: datetime
    seen: datetime
    tried: datetime
    trouble: str
    retired: bool


class Health(NamedTuple):
    """How a system is. ``expected``: it should be heard of all the time; ``seen``: when it last was (None: never);
    ``trouble``: why the last try to reach it failed; ``backlog``: what waits, ``oldest`` since when; ``dead``: what
    was given up and not settled; ``hours``: the last day, the newest first."""

    system: System
    title: str = ""
    expected: bool = False
    seen: datetime | None = None
    trouble: str = ""
    retired: bool = False
    backlog: int = 0
    oldest: datetime | None = None
    dead: int = 0
    hours: tuple[tuple[datetime, Figures], ...] = ()

    @property
    def day(self) -> Figures:
        """The last day as one."""
        return sum((figures for _, figures in self.hours), Figures())

    def recent(self, least: int) -> Figures:
        """The newest hours in which at least so many messages ended, of the last day; the whole day when it had
        fewer."""
        found = Figures()
        for _, figures in self.hours:
            found += figures
            if found.ended >= least:
                break
        return found


class Traffic:
    """What was counted, held to the scope of whoever asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def heard(self, tenant: str = "") -> list[Heard]:
        """Systems that were ever heard of or tried, of an institution and what is below it."""
        query = select(systems).where(*_below(systems, tenant))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(*systems.primary_key)).all()
        return [Heard(system_of(row), row.first, row.seen, row.tried, row.trouble, row.retired) for row in rows]

    def hours(self, since: datetime, until: datetime, tenant: str = "", label: str = "") -> list[Hour]:
        """Every hour in which something happened, the oldest first; ``label`` (``client/his-a``) picks a system."""
        query = select(hours).where(hours.c.hour >= since, hours.c.hour < until, *_below(hours, tenant))
        if label:
            kind, _, name = label.partition("/")
            query = query.where(hours.c.kind == kind, hours.c.name == name)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(hours.c.hour, *hours.primary_key)).all()
        return [Hour(system_of(row), row.hour, _figures(row)) for row in rows]


def _figures(row: Any) -> Figures:
    return Figures(row.arrived, row.done, row.failed, read_spread(row.spread))


def _below(table: Table, tenant: str) -> list[Any]:
    if not tenant:
        return []
    return [(table.c.tenant == tenant) | table.c.tenant.startswith(f"{tenant}/", autoescape=True)]
