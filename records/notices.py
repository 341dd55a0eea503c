"""Notices of risk: whose results are to be looked at again, and what was told of them unasked.

A patient's record is marked due in the transaction that stores a new result, so that no result goes unlooked at. A
notice stands from the crossing of a threshold until the values that raised it were measured again and lie below:
while it stands, the same crossing is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from base.db import METADATA, OWN, alone, inserting
from base.keyring import KeyRing
from clinical.value import Value
from records.facts import Facts

KINDS: Final = frozenset({"Observation", "Condition", "Procedure", "Encounter"})
"""Types of resources after which risks are looked at again."""
_SETTLE: Final = timedelta(seconds=2)
"""Results of one round come in one by one: they are looked at together."""
_LEASE: Final = timedelta(seconds=60)
_MOST_ATTEMPTS: Final = 5
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
Json = dict[str, Any]
_TOLD: Final = frozenset({"new", "changed"})

due = Table(
    "risk_due",
    METADATA,
    Column("record", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", String(200), nullable=False),
    Column("mark", Integer, nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("risk_due_due", "due"),
    info=OWN,
)
"""``mark`` counts what arrived, so that what comes during a look is looked at too; ``until`` somebody looks."""
notices = Table(
    "risk_notice",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("topic", String(60), nullable=False),
    Column("level", String(12), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("ended", DateTime(timezone=True)),
    Column("seen", DateTime(timezone=True)),
    Column("seen_by", String(80), nullable=False),
    Column("sealed", LargeBinary, nullable=False, info={"bound": lambda row: row.id.encode()}),
    Index("risk_notice_record", "record", "topic"),
    Index("risk_notice_tenant", "tenant", "at"),
    info=OWN,
)


class Told(Value, frozen=True):
    """What a notice says: the patient's id in the institution, the topic's title, what to do, what it rests on as the
    API shows it, ``fields`` that must be measured again before it ends, by score, and ``basis``: the resources it
    rests on, those of other institutions with these before them."""

    patient: str
    title: str
    advice: str
    summary: str
    fields: dict[str, tuple[str, ...]] = {}
    detail: dict[str, Any] = {}
    basis: tuple[str, ...] = ()


class Notice(NamedTuple):
    """A notice with its state."""

    id: str
    tenant: str
    record: int
    topic: str
    level: str
    at: datetime
    ended: datetime | None
    seen: datetime | None
    seen_by: str
    told: Told


class Due(NamedTuple):
    """A record that is to be looked at, as it was claimed."""

    record: int
    tenant: str
    mark: int


class MissingNoticeError(Exception):
    """There is no such notice within reach."""


# -- what is to be looked at -------------------------------------------------------------------


class Watched:
    """A repository that marks records whose risks may have changed."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def put(
        self,
        connection: Connection,
        tenant: str,
        record: int | None,
        resources: Sequence[Json],
        *,
        message: int,
        at: datetime,
    ) -> Sequence[Any]:
        """See ``Repository.put``."""
        placed = self._facts.put(connection, tenant, record, resources, message=message, at=at)
        if record is not None and any(p.kind in KINDS and str(p.outcome) in _TOLD for p in placed):
            mark(connection, tenant, record, datetime.now(UTC))
        return placed

    def remove(
        self, connection: Connection, tenant: str, references: Sequence[str], *, message: int, at: datetime
    ) -> Sequence[Any]:
        """See ``Repository.remove``."""
        return self._facts.remove(connection, tenant, references, message=message, at=at)


def mark(connection: Connection, tenant: str, record: int, now: datetime) -> None:
    """Have the risks of a record looked at soon."""
    row = {"record": record, "tenant": tenant, "mark": 1, "due": now + _SETTLE, "until": _LONG_AGO, "attempts": 0}
    made = inserting(connection, due)
    again = {"mark": due.c.mark + 1, "attempts": 0}
    connection.execute(made.on_conflict_do_update(index_elements=["record"], set_=again), row)


def claim(engine: Engine, now: datetime, most: int = 50) -> list[Due]:
    """Records that are due, held for a minute by whoever claims them."""
    waits = select(due).where(due.c.due <= now, due.c.until < now).order_by(due.c.due)
    with engine.connect() as connection:
        if connection.execute(waits.limit(1)).first() is None:
            return []
    with engine.begin() as connection:
        alone(connection)
        rows = connection.execute(waits.limit(most).with_for_update(skip_locked=True)).all()
        mine = update(due).where(due.c.record.in_([row.record for row in rows]))
        connection.execute(mine.values(until=now + _LEASE, attempts=due.c.attempts + 1))
    return [Due(row.record, row.tenant, row.mark) for row in rows]


def done(engine: Engine, one: Due) -> None:
    """A record was looked at; what arrived meanwhile is looked at next."""
    with engine.begin() as connection:
        alone(connection)
        here = due.c.record == one.record
        if connection.execute(delete(due).where(here, due.c.mark == one.mark)).rowcount == 0:
            connection.execute(update(due).where(here).values(until=_LONG_AGO, attempts=0))


def failed(engine: Engine, one: Due, now: datetime) -> bool:
    """A record could not be looked at: later again, longer each time; True when it is given up until something new
    arrives."""
    with engine.begin() as connection:
        alone(connection)
        here = due.c.record == one.record
        attempts = connection.execute(select(due.c.attempts).where(here)).scalar() or 0
        if attempts >= _MOST_ATTEMPTS:
            connection.execute(delete(due).where(here))
            return True
        connection.execute(update(due).where(here).values(until=_LONG_AGO, due=now + _LEASE * attempts))
    return False


# -- what was told -----------------------------------------------------------------------------


class Notices:
    """Notices of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    def settle(
        self,
        one: Due,
        now: datetime,
        found: Mapping[str, tuple[str, Told]],
        over: Callable[[str, Told], bool],
        higher: Callable[[str, str], bool],
        publish: Callable[[Connection, Notice], None],
    ) -> list[str]:
        """Bring the notices of a record up to what was ``found`` (level and words by topic) above a threshold: new
        ones are made, one that got worse is made anew, one that is ``over`` ends; each that is new or ends is
        published in the same transaction. Gives the topics that were newly told."""
        new: list[Notice] = []
        with self._engine.begin() as connection:
            alone(connection)
            standing = {n.topic: n for n in self._standing(connection, one.record)}
            gone: list[Notice] = []
            for topic, (level, told) in found.items():
                before = standing.get(topic)
                if before is None or higher(level, before.level):
                    gone += [before] if before else []
                    new.append(self._tell(connection, one, topic, level, told, now))
            gone += [n for n in standing.values() if n.topic not in found and over(n.topic, n.told)]
            for notice in (*self._end(connection, gone, now), *new):
                publish(connection, notice)
        return [notice.topic for notice in new]

    def listed(
        self, *, standing: bool = True, topic: str = "", before: datetime | None = None, limit: int = 100
    ) -> list[Notice]:
        """Notices, the newest first: only those that stand, or all."""
        query = select(notices).order_by(notices.c.at.desc(), notices.c.id).limit(limit)
        if standing:
            query = query.where(notices.c.ended.is_(None))
        if topic:
            query = query.where(notices.c.topic == topic)
        if before is not None:
            query = query.where(notices.c.at < before)
        with self._engine.connect() as connection:
            return [self._opened(row) for row in connection.execute(query)]

    def raised(self, records: Collection[int], since: datetime) -> list[Notice]:
        """Notices of some records that were raised at a time or later."""
        here = select(notices).where(notices.c.record.in_(records), notices.c.at >= since).order_by(notices.c.at)
        with self._engine.connect() as connection:
            return [self._opened(row) for row in connection.execute(here)]

    def acknowledge(self, number: str, by: str, now: datetime) -> Notice:
        """Somebody saw it; the first who did stays. Raises ``MissingNoticeError``."""
        with self._engine.begin() as connection:
            alone(connection)
            here = notices.c.id == number
            connection.execute(
                update(notices).where(here, notices.c.seen.is_(None)).values(seen=now, seen_by=by[:80])
            )
            row = connection.execute(select(notices).where(here)).one_or_none()
        if row is None:
            raise MissingNoticeError(f"there is no notice {number!r}")
        return self._opened(row)

    def _standing(self, connection: Connection, record: int) -> list[Notice]:
        here = select(notices).where(notices.c.record == record, notices.c.ended.is_(None))
        return [self._opened(row) for row in connection.execute(here)]

    def _end(self, connection: Connection, gone: Sequence[Notice], now: datetime) -> list[Notice]:
        if gone:
            here = notices.c.id.in_([notice.id for notice in gone])
            connection.execute(update(notices).where(here).values(ended=now))
        return [notice._replace(ended=now) for notice in gone]

    def _tell(self, connection: Connection, one: Due, topic: str, level: str, told: Told, now: datetime) -> Notice:
        number = str(uuid4())
        sealed = self._ring.seal(msgspec.json.encode(told), number.encode())
        row = {"id": number, "tenant": one.tenant, "record": one.record, "topic": topic, "level": level, "at": now}
        connection.execute(insert(notices).values(row | {"seen_by": "", "sealed": sealed}))
        return Notice(number, one.tenant, one.record, topic, level, now, None, None, "", told)

    def _opened(self, row: Row[Any]) -> Notice:
        told = msgspec.json.decode(self._ring.unseal(row.sealed, row.id.encode()), type=Told)
        times = (row.at, row.ended, row.seen)
        return Notice(row.id, row.tenant, row.record, row.topic, row.level, *times, row.seen_by, told)


__all__ = ["Due", "Facts", "MissingNoticeError", "Notice", "Notices", "Told", "Watched", "claim", "done", "failed"]
