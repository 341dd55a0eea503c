"""Who wants to be told of what, and what they are still to be told: rows written in the transaction that lands the
facts, so that nothing stored goes untold and nothing is told that was not stored.

An event names a resource and its version, never what it says: that is read when it is told, held to what whoever
asked may see then.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol
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
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from base.db import METADATA, NUMBER, OWN, insert_many
from base.keyring import KeyRing
from base.security import SealError
from exchange.fhir.searching import matches
from exchange.fhir.subscription import Asked, Wish, asked_of
from exchange.ledger import writing
from exchange.message import Json, MessageError
from records.consent import reaches
from records.facts import Facts
from records.kinds import ResourceError

_log = logging.getLogger(__name__)
ACTIVE, OFF, ERROR = "active", "off", "error"
_TOLD: Final = frozenset({"new", "changed"})
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_REMEMBERED: Final = 10_000

subscriptions = Table(
    "outbound_subscription",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("status", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", String(160), nullable=False),
    Column("changed", DateTime(timezone=True), nullable=False),
    Column("ends", DateTime(timezone=True)),
    Column("sealed", LargeBinary, nullable=False, info={"bound": lambda row: row.id.encode()}),
    Column("error", String(300), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("owner", String(40), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("last", DateTime(timezone=True)),
    Index("outbound_subscription_kind", "kind", "status"),
    info=OWN,
)
"""``tenant`` is who is told, ``author`` who asked for it; ``owner`` tells them until ``until``. What is wanted is
sealed: it names patients, and how the receiver is spoken to."""
events = Table(
    "outbound_event",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("subscription", String(64), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("source", String(200), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("local_id", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("outbound_event_subscription", "subscription", "number"),
    info=OWN,
)
"""What is still to be told. ``tenant`` is who is told, ``source`` whose the resource is."""


class Subscription(NamedTuple):
    """Somebody's wish to be told, and how it goes: how many notifications were delivered, when the last, how many
    wait."""

    id: str
    tenant: str
    status: str
    version: int
    author: str
    changed: datetime
    wish: Wish
    error: str
    delivered: int
    last: datetime | None
    waiting: int


class Subscriptions:
    """Subscriptions of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    def add(self, tenant: str, author: str, wish: Wish, active: bool) -> Subscription:
        """Tell somebody from now on."""
        number = str(uuid4())
        row = {"id": number, "tenant": tenant, "version": 1, "delivered": 0, "last": None}
        with writing(self._engine, durable=True) as connection:
            connection.execute(insert(subscriptions).values(row | self._said(number, author, wish, active)))
        found = self.get(number)
        assert found is not None  # just written
        return found

    def change(self, number: str, author: str, wish: Wish, active: bool) -> Subscription | None:
        """Want something else, stop, or begin again after an error: what waits is told then. None when there is no
        such one."""
        with writing(self._engine, durable=True) as connection:
            here = update(subscriptions).where(subscriptions.c.id == number)
            said = self._said(number, author, wish, active)
            done = connection.execute(here.values(said | {"version": subscriptions.c.version + 1}))
        return self.get(number) if done.rowcount else None

    def remove(self, number: str) -> bool:
        """Tell somebody no more; what waits is forgotten."""
        with writing(self._engine, durable=True) as connection:
            connection.execute(delete(events).where(events.c.subscription == number))
            return connection.execute(delete(subscriptions).where(subscriptions.c.id == number)).rowcount > 0

    def get(self, number: str) -> Subscription | None:
        found = self._found(subscriptions.c.id == number)
        return found[0] if found else None

    def listed(self, status: str = "", after: str = "", limit: int = 100) -> list[Subscription]:
        """Subscriptions by id, a page after one."""
        narrowed = [subscriptions.c.status == status] if status else []
        return self._found(subscriptions.c.id > after, *narrowed, limit=limit)

    def _found(self, *where: Any, limit: int = 1) -> list[Subscription]:
        query = select(subscriptions).where(*where).order_by(subscriptions.c.id).limit(limit)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            waits = select(events.c.subscription, func.count()).group_by(events.c.subscription)
            mine = waits.where(events.c.subscription.in_([row.id for row in rows]))
            counts = {row[0]: row[1] for row in connection.execute(mine)}
        return [self._opened(row, counts.get(row.id, 0)) for row in rows]

    def _opened(self, row: Row[Any], waiting: int) -> Subscription:
        over = row.ends is not None and row.ends <= datetime.now(UTC)
        status = OFF if over and row.status == ACTIVE else row.status
        head = (row.id, row.tenant, status, row.version, row.author, row.changed)
        return Subscription(*head, opened(self._ring, row), row.error, row.delivered, row.last, waiting)

    def _said(self, number: str, author: str, wish: Wish, active: bool) -> dict[str, Any]:
        now = datetime.now(UTC)
        sealed = self._ring.seal(msgspec.json.encode(wish), number.encode())
        row = {"kind": wish.kind, "status": ACTIVE if active else OFF, "author": author, "sealed": sealed}
        ends = wish.ends and wish.ends.astimezone(UTC)
        afresh = {"error": "", "attempts": 0, "due": now, "owner": "", "until": _LONG_AGO}
        return row | afresh | {"changed": now, "ends": ends}


def opened(ring: KeyRing, row: Any) -> Wish:
    """What a subscription wants. Raises ``SealError``."""
    return msgspec.json.decode(ring.unseal(row.sealed, row.id.encode()), type=Wish)


# -- who is told of a fact ---------------------------------------------------------------------


class Persons(Protocol):
    """What is asked of ``records.identity``."""

    def record_of(self, connection: Connection, tenant: str, local_id: str) -> int | None: ...

    def person_of(self, connection: Connection, record: int) -> int: ...


def concerns(
    connection: Connection, persons: Persons, subscriber: str, asked: Asked, source: str, record: int | None
) -> bool:
    """Whether a fact of an institution, hanging on a record, is within a subscriber's reach and of whom they asked
    for."""
    if not asked.region and not reaches(source, (subscriber,)):
        return False
    if not asked.patients:
        return True
    if record is None:
        return False
    person = persons.person_of(connection, record)
    known = (persons.record_of(connection, subscriber, local_id) for local_id in asked.patients)
    return any(r is not None and persons.person_of(connection, r) == person for r in known)


class Announcing:
    """Puts resources where ``facts`` keeps them, and puts down who is to be told of what is new or changed, in one
    transaction. Of what is taken back nobody is told (FHIR R4 wants it so): a sender that withdraws a result sends it
    as ``entered-in-error``."""

    def __init__(self, facts: Facts, ring: KeyRing, persons: Persons) -> None:
        self._facts, self._ring, self._persons = facts, ring, persons
        self._read: dict[tuple[str, int], Asked | None] = {}

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
        """See ``Repository.put``. Raises ``ResourceError`` for a Subscription: one that is merely stored would do
        nothing."""
        if any(resource.get("resourceType") == "Subscription" for resource in resources):
            raise ResourceError("resourceType", "订阅须以 POST /fhir/Subscription 登记，不随报文发送")
        placed = self._facts.put(connection, tenant, record, resources, message=message, at=at)
        told = [(r, p) for r, p in zip(resources, placed, strict=True) if str(p.outcome) in _TOLD]
        if told:
            self._announce(connection, tenant, record, told)
        return placed

    def remove(
        self, connection: Connection, tenant: str, references: Sequence[str], *, message: int, at: datetime
    ) -> Sequence[Any]:
        """See ``Repository.remove``."""
        return self._facts.remove(connection, tenant, references, message=message, at=at)

    def _announce(
        self, connection: Connection, tenant: str, record: int | None, told: Sequence[tuple[Json, Any]]
    ) -> None:
        now, rows = datetime.now(UTC), []
        for one in connection.execute(_WANTING, {"kinds": sorted({p.kind for _, p in told}), "now": now}):
            asked = self._asked(one)
            mine = [p for r, p in told if asked and p.kind == one.kind and meets(r, asked)]
            if mine and asked and concerns(connection, self._persons, one.tenant, asked, tenant, record):
                rows += [_event(one, tenant, p, now) for p in mine]
        insert_many(connection, events, rows)

    def _asked(self, row: Any) -> Asked | None:
        """The criteria of a subscription, read once a version; None when they cannot be, which stops no message."""
        key = (row.id, row.version)
        if key not in self._read:
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            try:
                self._read[key] = asked_of(opened(self._ring, row))
            except (SealError, MessageError) as error:
                _log.error("subscription not read", extra={"subscription": row.id, "error": type(error).__name__})
                self._read[key] = None
        return self._read[key]


_ASKED: Final = (subscriptions.c.id, subscriptions.c.tenant, subscriptions.c.kind, subscriptions.c.version)
_WANTING: Final = select(*_ASKED, subscriptions.c.sealed).where(
    subscriptions.c.kind.in_(bindparam("kinds", expanding=True)),
    subscriptions.c.status.in_((ACTIVE, ERROR)),
    or_(subscriptions.c.ends.is_(None), subscriptions.c.ends > bindparam("now")),
)
"""Subscriptions to some types; one in error still collects what it will be told when it is well again."""


def meets(resource: Mapping[str, Any], asked: Asked) -> bool:
    """Whether a resource is as asked; whose it is, each institution says in numbers of its own."""
    return matches(resource, [c for c in asked.query.criteria if c.name not in ("patient", "subject")])


def _event(one: Any, source: str, placed: Any, now: datetime) -> dict[str, Any]:
    row = {"subscription": one.id, "tenant": one.tenant, "source": source, "at": now}
    return row | {"kind": placed.kind, "local_id": placed.local_id, "version": placed.version}
