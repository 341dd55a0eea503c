"""What every connected system sent and was told, hour by hour, and when it was last heard of.

A system is known by the institution whose data it carries, its kind and its name. Whoever stores messages appends
what a batch comes to, in the batch's own transaction; ``roll_up`` adds it to the hours. Nothing here names a patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    delete,
    select,
    update,
)

from base.db import METADATA, NUMBER, OWN, alone, insert_many, inserting
from base.retention import forget
from base.spread import spread, together
from base.tenancy import system

_LOCK: Final = 7195041
_BATCH: Final = 1_000
KEPT_DAYS: Final = 400
"""So long hours are kept: a year and what one looks back to compare."""
_LONGEST_NAME: Final = 120
COUNTS: Final = ("arrived", "done", "failed")


class Kind(StrEnum):
    """How a system is connected."""

    CLIENT = "client"
    LISTENER = "mllp"
    PULL = "pull"
    SUBSCRIPTION = "subscription"


KINDS: Final = {
    Kind.CLIENT: "接口客户端",
    Kind.LISTENER: "MLLP 连接",
    Kind.PULL: "定时拉取",
    Kind.SUBSCRIPTION: "订阅推送",
}


class System(NamedTuple):
    """A connected system."""

    tenant: str
    kind: Kind
    name: str

    @property
    def label(self) -> str:
        """How a policy names it within an institution: ``client/his-a``."""
        return f"{self.kind.value}/{self.name}"


tallies = Table(
    "traffic_tally",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("name", String(_LONGEST_NAME), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("arrived", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("spread", Text, nullable=False),
    info=OWN,
)
"""What one batch adds to the hour of ``at``, until it is added: batches must not wait for one another."""
hours = Table(
    "traffic_hour",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("name", String(_LONGEST_NAME), nullable=False),
    Column("hour", DateTime(timezone=True), nullable=False),
    Column("arrived", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("spread", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "kind", "name", "hour"),
    Index("traffic_hour_hour", "hour"),
    info=OWN,
)
"""``arrived`` in the hour; ``done`` and ``failed``: ended in it; ``spread``: how long what was done had taken."""
systems = Table(
    "traffic_system",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("name", String(_LONGEST_NAME), nullable=False),
    Column("first", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
    Column("tried", DateTime(timezone=True), nullable=False),
    Column("trouble", String(200), nullable=False),
    Column("retired", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant", "kind", "name"),
    info=OWN,
)
"""``seen``: when it last sent, answered or said that it lives; ``trouble``: why the last try to reach it failed;
``retired``: taken out of service on purpose, until it is heard of again."""


class Ending(NamedTuple):
    """One message or notification that ended: how long it had taken, and whether it got where it should."""

    system: System
    seconds: float
    good: bool


def of_source(tenant: str, source: str) -> System:
    """The system that a message came from, by what the message says of its source."""
    head, mark, rest = source.partition("/")
    if mark and head == Kind.PULL:
        return System(tenant, Kind.PULL, rest[:_LONGEST_NAME])
    if source.partition(":")[0] == Kind.LISTENER:
        return System(tenant, Kind.LISTENER, (source.partition(":")[2] or source)[:_LONGEST_NAME])
    return System(tenant, Kind.CLIENT, source[:_LONGEST_NAME])


# -- counting --------------------------------------------------------------------------------------


def count_arrived(connection: Connection, arrived: Iterable[System], at: datetime) -> None:
    """Messages arrived now."""
    counted: dict[System, int] = {}
    for one in arrived:
        counted[one] = counted.get(one, 0) + 1
    insert_many(connection, tallies, [_tally(one, at, arrived=count) for one, count in counted.items()])


def count_ended(connection: Connection, ended: Iterable[Ending], at: datetime) -> None:
    """Messages ended now."""
    by: dict[System, list[Ending]] = {}
    for one in ended:
        by.setdefault(one.system, []).append(one)
    insert_many(connection, tallies, [_ended(named, at, some) for named, some in by.items()])


def _ended(named: System, at: datetime, some: Sequence[Ending]) -> dict[str, Any]:
    took = [one.seconds for one in some if one.good]
    return _tally(named, at, done=len(took), failed=len(some) - len(took), spread=_written(spread(took)))


def _tally(named: System, at: datetime, **given: Any) -> dict[str, Any]:
    zero = {"arrived": 0, "done": 0, "failed": 0, "spread": "{}"}
    return {"tenant": named.tenant, "kind": named.kind.value, "name": named.name, "at": at} | zero | given


def heard(connection: Connection, named: System, at: datetime, trouble: str = "") -> None:
    """A system said that it lives, or was tried: with ``trouble`` in vain, which is not being heard of. One that was
    never reached is put down as last seen when it was first tried."""
    _hear(connection, [(named, at, trouble)])


def retire(connection: Connection, named: System) -> bool:
    """Take a system out of service; False when there is none."""
    c = systems.c
    here = (c.tenant == named.tenant, c.kind == named.kind.value, c.name == named.name)
    return connection.execute(update(systems).where(*here).values(retired=True)).rowcount == 1


def _hear(connection: Connection, told: Iterable[tuple[System, datetime, str]]) -> None:
    well: list[dict[str, Any]] = []
    ill: list[dict[str, Any]] = []
    for s, at, trouble in told:
        row = {"tenant": s.tenant, "kind": s.kind.value, "name": s.name, "first": at, "seen": at, "tried": at}
        (ill if trouble else well).append(row | {"trouble": trouble[:200], "retired": False})
    _newer(connection, well, ("seen", "tried", "trouble", "retired"))
    _newer(connection, ill, ("tried", "trouble"))


def _newer(connection: Connection, rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """Put down what was heard later than what stands."""
    if rows:
        made = inserting(connection, systems)
        change = {name: made.excluded[name] for name in names}
        later = systems.c.tried <= made.excluded.tried
        key = list(systems.primary_key)
        connection.execute(made.on_conflict_do_update(index_elements=key, set_=change, where=later), rows)


# -- adding up -------------------------------------------------------------------------------------


def roll_up(engine: Engine) -> int:
    """Add to the hours what batches counted since. Safe to call from several processes. Gives how many batches were
    added."""
    total = 0
    with system("traffic of connected systems"):
        while True:
            with engine.connect() as connection:
                if connection.execute(select(tallies.c.id).limit(1)).first() is None:
                    return total
            with engine.begin() as connection:
                alone(connection, _LOCK)
                rows = connection.execute(select(tallies).order_by(tallies.c.id).limit(_BATCH)).all()
                if rows:
                    _add(connection, rows)
                    _hear(connection, _last(rows))
                    connection.execute(delete(tallies).where(tallies.c.id.in_([row.id for row in rows])))
            total += len(rows)
            if len(rows) < _BATCH:
                return total


def prune(engine: Engine, now: datetime) -> int:
    """Forget hours that are too old: how many."""
    return forget(engine, now, KEPT_DAYS, hours.c.hour)


def _add(connection: Connection, rows: Sequence[Any]) -> None:
    """Nobody else adds meanwhile: what stands is read, and written with what came."""
    by: dict[tuple[str, str, str, datetime], list[Any]] = {}
    for row in rows:
        by.setdefault(_key(row, row.at), []).append(row)
    for row in connection.execute(select(hours).where(hours.c.hour.in_({key[-1] for key in by}))):
        by.get(_key(row, row.hour), []).append(row)
    made = inserting(connection, hours)
    change = {name: made.excluded[name] for name in (*COUNTS, "spread")}
    upsert = made.on_conflict_do_update(index_elements=list(hours.primary_key), set_=change)
    connection.execute(upsert, [_summed(key, some) for key, some in sorted(by.items())])


def _key(row: Any, at: datetime) -> tuple[str, str, str, datetime]:
    return row.tenant, row.kind, row.name, at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _summed(key: tuple[str, str, str, datetime], rows: Sequence[Any]) -> dict[str, Any]:
    named = dict(zip(("tenant", "kind", "name", "hour"), key, strict=True))
    counted = {name: sum(getattr(row, name) for row in rows) for name in COUNTS}
    return named | counted | {"spread": _written(together(read_spread(row.spread) for row in rows))}


def _last(rows: Iterable[Any]) -> list[tuple[System, datetime, str]]:
    """When each system was last heard of in these batches: a message that failed here came from somebody who lives,
    a notification that failed did not arrive."""
    last: dict[System, datetime] = {}
    for row in rows:
        told = row.done if row.kind == Kind.SUBSCRIPTION else row.arrived
        if told:
            named = system_of(row)
            last[named] = max(row.at, last.get(named, row.at))
    return [(named, at, "") for named, at in sorted(last.items())]


def system_of(row: Any) -> System:
    return System(row.tenant, Kind(row.kind), row.name)


def _written(counts: Mapping[int, int]) -> str:
    return orjson.dumps({str(number): count for number, count in counts.items()}).decode()


def read_spread(text: str) -> dict[int, int]:
    return {int(number): count for number, count in orjson.loads(text).items()}
