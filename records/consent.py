"""What a person lets other institutions see, and the one place that holds every read across institutions to it.

A wish is kept with the record through which it was told; a person's wishes are the strictest of all their records',
so that a merge of two persons keeps both and a split gives each its own back. An institution always sees what it
recorded itself. Whoever breaks the glass (``emergency``) sees all, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    SmallInteger,
    String,
    Table,
    delete,
    insert,
    select,
)

from base.db import METADATA, NUMBER, OWN
from base.tenancy import LEVELS, current, may_write, system
from clinical.value import Value
from records.privacy import Category

flags = Table(
    "consent_flag",
    METADATA,
    Column("record", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", String(200), nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("withheld", SmallInteger, nullable=False),
    Column("confidential", Boolean, nullable=False),
    info=OWN,
)
told = Table(
    "consent_history",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("record", BigInteger, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("withheld", SmallInteger, nullable=False),
    Column("confidential", Boolean, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("why", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("consent_history_record", "record", "number"),
    info=OWN,
)


class Wishes(Value, frozen=True):
    """What a person decided: ``closed`` (nothing goes to other institutions), categories withheld, and
    ``confidential``, somebody whose very presence is not for others."""

    closed: bool = False
    withheld: Category = Category.NONE
    confidential: bool = False

    def with_(self, other: Wishes) -> Wishes:
        """The stricter of both in every point."""
        return Wishes(
            self.closed or other.closed, self.withheld | other.withheld, self.confidential or other.confidential
        )

    def allow(self, category: Category) -> bool:
        """Whether another institution may see a fact of these categories."""
        if self.closed or self.confidential:
            return False
        return not category & (self.withheld | Category.RESTRICTED)


OPEN: Final = Wishes()
"""Nobody said anything: the region shares for treatment."""


class Told(Value, frozen=True):
    """A change of wishes: who recorded it, when and why."""

    wishes: Wishes
    actor: str
    why: str
    at: datetime


class Sibling(Protocol):
    """A record of a person, as ``records.identity`` gives it."""

    @property
    def id(self) -> int: ...


class Persons(Protocol):
    """What is asked of ``records.identity``."""

    def person_of(self, connection: Connection, record: int) -> int: ...

    def records_of(self, connection: Connection, person: int) -> Sequence[Sibling]: ...


class Private(Protocol):
    """A stored fact, as far as somebody's wishes concern it."""

    @property
    def tenant(self) -> str: ...

    @property
    def record(self) -> int | None: ...

    @property
    def category(self) -> Category: ...


_P = TypeVar("_P", bound=Private)
_EMERGENCY: Final[ContextVar[str]] = ContextVar("emergency", default="")


@contextmanager
def emergency(why: str) -> Iterator[None]:
    """Reads within see what is withheld. The caller has the right to it and has it audited."""
    if not why.strip():
        raise ValueError("an emergency access must say why")
    token = _EMERGENCY.set(why)
    try:
        yield
    finally:
        _EMERGENCY.reset(token)


def reaches(tenant: str, own: Iterable[str]) -> bool:
    """Whether a tenant is one of some paths or below one."""
    return any(tenant == path or tenant.startswith(f"{path}/") for path in own)


def is_group(tenant: str) -> bool:
    """Whether a path is of a league or county, which only holds institutions: by its depth, where no registry says
    otherwise."""
    return tenant.count("/") < LEVELS.index("hospital")


class Consents:
    """Wishes of persons. ``persons`` tells which records are one person's, ``groups`` which paths are no institution
    of their own: who reaches an institution through the league it is in, reads it from outside."""

    def __init__(self, persons: Persons, groups: Callable[[str], bool] = is_group) -> None:
        self._persons, self._groups = persons, groups

    def tell(
        self, connection: Connection, tenant: str, record: int, wishes: Wishes, *, actor: str, why: str, at: datetime
    ) -> None:
        """Put down what a person decides, through their record in an institution; replaces what that record said."""
        row = {
            "record": record,
            "tenant": tenant,
            "closed": wishes.closed,
            "withheld": int(wishes.withheld),
            "confidential": wishes.confidential,
        }
        may_write(flags, [row])
        connection.execute(delete(flags).where(flags.c.record == record))
        if wishes != OPEN:
            connection.execute(insert(flags).values(row))
        connection.execute(insert(told).values(row | {"actor": actor, "why": why, "at": at.astimezone(UTC)}))

    def of(self, connection: Connection, records: Iterable[int]) -> Wishes:
        """The wishes of a person, all of whose records are given."""
        query = select(flags).where(flags.c.record.in_(list(records)))
        with system("wishes hold wherever the person told them"):
            return strictest(connection.execute(query))

    def history(self, connection: Connection, record: int) -> list[Told]:
        """What was put down through a record, in order."""
        query = select(told).where(told.c.record == record).order_by(told.c.number)
        return [Told(_wishes(row), row.actor, row.why, row.at) for row in connection.execute(query)]

    def visible(self, connection: Connection, found: Sequence[_P]) -> list[_P]:
        """Of stored facts those that whoever acts may see: all of their own institution; of others what the persons
        do not withhold. The system's own work sees all."""
        scope = current()
        if scope is None or scope.everything or _EMERGENCY.get():
            return list(found)
        own = [path for path in (*scope.reads, *scope.writes) if not self._groups(path)]
        foreign = {f.record for f in found if f.record is not None and not reaches(f.tenant, own)}
        wishes = self._each(connection, foreign) if foreign else {}
        return [f for f in found if reaches(f.tenant, own) or wishes.get(f.record, OPEN).allow(f.category)]

    def _each(self, connection: Connection, records: Iterable[int]) -> dict[int | None, Wishes]:
        """Wishes by record; nobody looks for siblings while nobody wishes anything."""
        with system("wishes of the persons whose facts are read"):
            if connection.execute(select(flags.c.record).limit(1)).first() is None:
                return {}
            found: dict[int | None, Wishes] = {}
            for record in records:
                if record not in found:
                    person = self._persons.person_of(connection, record)
                    siblings = {sibling.id for sibling in self._persons.records_of(connection, person)} | {record}
                    found |= dict.fromkeys(siblings, self.of(connection, siblings))
        return found


def strictest(rows: Iterable[Any]) -> Wishes:
    """What rows of ``flags`` come to that are one person's; one of an outer join may be empty."""
    found = OPEN
    for row in rows:
        if row.closed is not None:
            found = found.with_(_wishes(row))
    return found


def _wishes(row: Any) -> Wishes:
    return Wishes(row.closed, Category(row.withheld), row.confidential)


__all__ = [
    *("OPEN", "Consents", "Persons", "Sibling", "Told", "Wishes"),
    *("emergency", "flags", "is_group", "reaches", "strictest"),
]
