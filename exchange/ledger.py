"""Messages as they came and what became of each: the tables, and the values that those who fill them pass on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    String,
    Table,
    Text,
    select,
)

from base.db import METADATA, NUMBER, OWN
from base.security import sm3
from clinical.value import Value

WAITING, DONE, DEAD, CLOSED = "waiting", "done", "dead", "closed"
STATES: Final = (WAITING, DONE, DEAD, CLOSED)
"""Of a message: not yet stored; stored; given up, with a reason; given up and settled by a person."""
KEY: Final = 32
NUMBERS: Final = Sequence("exchange_number", metadata=METADATA)
"""Gives messages their numbers on PostgreSQL; SQLite has one writer, who counts on."""

messages = Table(
    "exchange_message",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("key", String(KEY), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("standard", String(20), nullable=False),
    Column("message_id", String(200), nullable=False),
    Column("kind", String(200), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("other", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("source", String(120), nullable=False),
    Column("received", DateTime(timezone=True), nullable=False),
    Column("state", String(12), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", String(20), nullable=False),
    Column("field", String(200), nullable=False),
    Column("problem", String(500), nullable=False),
    Column("finished", DateTime(timezone=True)),
    Column("record", BigInteger),
    Index("exchange_message_key", "key", unique=True),
    Index("exchange_message_state", "state", "number"),
    Index("exchange_message_tenant", "tenant", "received"),
    info=OWN,
)
"""``key`` is how a message is known outside; ``lane`` and ``other`` are its patients, blinded; ``revision`` is the
content that counts (a correction adds one)."""
contents = Table(
    "exchange_content",
    METADATA,
    Column("key", String(KEY), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("author", String(120), nullable=False),
    Column("sealed", LargeBinary, nullable=False, info={"bound": lambda row: row.key.encode()}),
    info=OWN,
)
work = Table(
    "exchange_work",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", String(200), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("other", String(32), nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("owner", String(40), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Index("exchange_work_due", "due", "number"),
    Index("exchange_work_lane", "lane", "number"),
    Index("exchange_work_other", "other", "number"),
    info=OWN,
)
"""Messages that wait, or that a worker holds until ``due``."""
steps = Table(
    "exchange_step",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("number", BigInteger, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("act", String(20), nullable=False),
    Column("actor", String(120), nullable=False),
    Column("detail", Text, nullable=False),
    Index("exchange_step_message", "number", "id"),
    info=OWN,
)
"""What happened to a message, in order: stored, put off, given up, done anew, corrected, closed."""
facts = Table(
    "exchange_fact",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String(200), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("local_id", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("act", String(10), nullable=False),
    Index("exchange_fact_resource", "tenant", "kind", "local_id", "number"),
    info=OWN,
)
"""Which resources came of a message and what became of each: ``new``, ``changed``, ``same``, ``deleted``, or
``stale`` where something sent later was there already."""
cursors = Table(
    "exchange_cursor",
    METADATA,
    Column("name", String(120), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("owner", String(40), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)
"""How far a stream of the broker was taken over, and who does it until when."""


class Arrival(Value, frozen=True, array_like=True):
    """A message at the door, sealed. ``key`` tells it from all others (tenant, standard, sender's number)."""

    key: str
    tenant: str
    standard: str
    message_id: str
    kind: str
    lane: str
    other: str
    digest: str
    size: int
    source: str
    received: datetime
    sealed: bytes


class Known(NamedTuple):
    """What is known of a message under a key."""

    digest: str
    state: str
    received: datetime


class Claimed(NamedTuple):
    """A message that a worker holds until its lease ends."""

    number: int
    key: str
    tenant: str
    standard: str
    kind: str
    lane: str
    other: str
    digest: str
    source: str
    received: datetime
    attempts: int
    crashes: int
    sealed: bytes


class Fact(NamedTuple):
    """One resource that a message put or took back, and what became of it."""

    kind: str
    local_id: str
    version: int
    act: str


class Ended(NamedTuple):
    """How one message ended: ``state`` done, with its facts, or dead, with the reason."""

    claimed: Claimed
    state: str
    detail: Mapping[str, object]
    facts: tuple[Fact, ...] = ()
    record: int | None = None
    reason: str = ""
    field: str = ""
    problem: str = ""


def message_key(tenant: str, standard: str, message_id: str) -> str:
    """How a message is known: the same for the same sender, standard and number, and telling nothing of them."""
    return sm3(f"{tenant}\0{standard}\0{message_id}".encode())[:KEY]


def known(connection: Connection, keys: Iterable[str]) -> dict[str, Known]:
    """What is known of messages, by key; those never seen are left out."""
    columns = (messages.c.key, messages.c.digest, messages.c.state, messages.c.received)
    rows = connection.execute(select(*columns).where(messages.c.key.in_(list(keys))))
    return {row.key: Known(row.digest, row.state, row.received) for row in rows}


@contextmanager
def writing(engine: Engine, durable: bool = False) -> Iterator[Connection]:
    """A transaction that writes from its beginning: on SQLite it waits for its turn instead of failing midway.
    ``durable``: what it commits also survives a loss of power (PostgreSQL always sees to that)."""
    with engine.connect() as connection:
        lite = connection.dialect.name == "sqlite"
        if lite and durable:
            connection.exec_driver_sql("PRAGMA synchronous=FULL")
            connection.rollback()  # the pragma began a transaction
        try:
            with connection.begin():
                if lite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        finally:
            if lite and durable:
                connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
