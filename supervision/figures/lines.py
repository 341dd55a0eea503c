"""Warning lines that institutions draw for themselves, in place of the declared ones; they hold for all below.

A line without a value is none: the indicator warns nobody there. One that is only watched may have two, with a range
between them (床位紧张或闲置).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, DateTime, Engine, Float, String, Table, delete, insert, select

from base.db import METADATA, OWN
from base.tenancy import system
from supervision.figures.indicator import NO_LIMITS, Indicator, Limits

warning_lines = Table(
    "figure_line",
    METADATA,
    Column("tenant", String(200), primary_key=True),
    Column("indicator", String(80), primary_key=True),
    Column("low", Float),
    Column("value", Float),
    Column("author", String(120), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    info=OWN,
)
_PLACES: Final = ("institution", "hospital", "county", "league")
"""Dimensions that name an institution, the nearest first."""


class Drawn(NamedTuple):
    """A line that an institution drew, or two."""

    tenant: str
    indicator: str
    value: float | None
    author: str
    at: datetime
    low: float | None = None


class Lines(NamedTuple):
    """Lines as they stand, by institution and indicator; ``home`` is whose hold for a figure of no institution."""

    drawn: Mapping[tuple[str, str], Drawn]
    home: str

    def concern(self, one: Indicator) -> bool:
        """Whether an indicator has a line anywhere."""
        return one.limits != NO_LIMITS or any(name == one.name for _, name in self.drawn)

    def of(self, one: Indicator, by: tuple[str, ...], group: tuple[str | None, ...]) -> Limits:
        """The lines that hold for a group: those of its institution or of the nearest above it, else the declared."""
        named = dict(zip(by, group, strict=True))
        tenant = next((named[place] for place in _PLACES if named.get(place)), None) or self.home
        while tenant:
            drawn = self.drawn.get((tenant, one.name))
            if drawn is not None:
                return one.limited(drawn.low, drawn.value)
            tenant = tenant.rpartition("/")[0]
        return one.limits


class WarningLines:
    """Draws and finds lines."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def draw(self, tenant: str, one: Indicator, value: float | None, author: str, low: float | None = None) -> Drawn:
        """A line of an institution, or two of what is watched, in place of what it had."""
        made = Drawn(tenant, one.name, value, author, datetime.now(UTC), low)
        with self._engine.begin() as connection:
            self._erase(connection, tenant, one)
            connection.execute(insert(warning_lines).values(made._asdict()))
        return made

    def erase(self, tenant: str, one: Indicator) -> None:
        """From now on the line above holds again."""
        with self._engine.begin() as connection:
            self._erase(connection, tenant, one)

    def _erase(self, connection: Connection, tenant: str, one: Indicator) -> None:
        here = (warning_lines.c.tenant == tenant, warning_lines.c.indicator == one.name)
        connection.execute(delete(warning_lines).where(*here))

    def listed(self) -> list[Drawn]:
        """Lines within the scope of whoever asks."""
        query = select(warning_lines).order_by(warning_lines.c.indicator, warning_lines.c.tenant)
        with self._engine.connect() as connection:
            return [_read(row) for row in connection.execute(query)]

    def standing(self, home: str) -> Lines:
        """All lines: those of a league hold for whoever is below, though they may not read it."""
        with system("warning lines"):
            return Lines({(one.tenant, one.indicator): one for one in self.listed()}, home)


def _read(row: Any) -> Drawn:
    at = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)
    return Drawn(row.tenant, row.indicator, row.value, row.author, at, row.low)


__all__ = ["Drawn", "Lines", "WarningLines", "warning_lines"]
