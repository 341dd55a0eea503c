"""What was asked, answered and thought of it: requests, findings and feedback, kept for replay.

Request bodies hold patient data: they are packed, sealed with SM4 and bound to their id. Writing
happens on a thread of its own, in batches a quarter of a second apart, because a thread that wakes
for every entry takes the interpreter away from the reviews; the batches of a busy worker are sealed
and stored by a process beside it. A review never waits for either. When the queue is full, entries
are dropped, counted and reported: care goes on.
"""

from __future__ import annotations

import logging
import queue
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import orjson
import zstandard
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    select,
)

from base.db import METADATA, insert_many
from base.security import seal, sm3, unseal
from records.journal_writer import Writer, WriterError
from records.memory import Known, note_acknowledged, note_shown

_log = logging.getLogger(__name__)
QUEUE_LIMIT: Final = 10_000
_BATCH: Final = 200
_GATHER_SECONDS: Final = 0.25
_BUSY: Final = 20
"""Entries in one batch from which on a process of its own is worth its memory."""
_SEEN, _ASKED = "yigong.seen", "yigong.request"

requests = Table(
    "journal_request",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("service", String(60), nullable=False),
    Column("release", String(64), nullable=False),
    Column("client", String(200), nullable=False, default=""),
    Column("digest", String(64), nullable=False),
    Column("findings", Integer, nullable=False),
    Column("gaps", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("elapsed_ms", Float, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Index("journal_request_at", "at"),
)
cards = Table(
    "journal_card",
    METADATA,
    Column("card", String(36), primary_key=True),
    Column("request", String(36), nullable=False, index=True),
    Column("rule", String(160), nullable=False, index=True),
    Column("version", String(20), nullable=False),
    Column("family", String(40), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("cause", String(160), nullable=False, default=""),
    Column("orders", String(400), nullable=False, default=""),
    Column("patient", String(32), nullable=False, default=""),
    Column("at", DateTime(timezone=True)),
    Index("journal_card_at", "at"),
)
feedback = Table(
    "journal_feedback",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("card", String(36), nullable=False, index=True),
    Column("service", String(60), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", String(80), nullable=False, default=""),
    Column("suggestions", String(400), nullable=False, default=""),
    Column("comment", LargeBinary, nullable=False, default=b""),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("received", DateTime(timezone=True), nullable=False),
)


class JournalError(Exception):
    """An entry that is asked for does not exist or cannot be read."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A card that was shown: its uuid, the rule behind it, the cause it speaks of and the orders."""

    card: str
    rule: str
    version: str
    family: str
    severity: str
    cause: str = ""
    orders: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered request. ``request`` and ``answer`` are JSON-able and may hold patient data; ``patient``
    is the hash ``records.memory`` knows the patient by, ``seen`` what it knew when this was answered."""

    id: str
    at: datetime
    service: str
    release: str
    client: str
    request: Any
    answer: Any
    shown: tuple[Shown, ...]
    gaps: int
    faults: int
    elapsed_ms: float
    patient: str = ""
    seen: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a clinician did with a card. ``outcome`` is ``accepted`` or ``overridden``."""

    card: str
    service: str
    outcome: str
    at: datetime
    reason: str = ""
    suggestions: tuple[str, ...] = ()
    comment: str = ""


class Journal:
    """Writes in the background; reads at once. ``key`` (16 bytes) seals what may name a patient."""

    def __init__(self, engine: Engine, key: bytes, limit: int = QUEUE_LIMIT) -> None:
        self._engine, self._key = engine, key
        self._waiting: queue.Queue[Entry | Feedback | threading.Event] = queue.Queue(limit)
        self._hurry = threading.Event()
        self._writer: Writer | None = None
        self.dropped = 0
        self.failed = 0
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # -- writing -------------------------------------------------------------------------

    def write(self, item: Entry | Feedback) -> None:
        """Queue an entry or feedback; never blocks, never raises."""
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            self.dropped += 1

    def flush(self, timeout: float = 10) -> bool:
        """Wait until everything queued so far is stored; False when that took too long."""
        done = threading.Event()
        self._hurry.set()
        try:
            self._waiting.put(done, timeout=timeout)
            return done.wait(timeout)
        except queue.Full:
            return False
        finally:
            self._hurry.clear()

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            if not self._hurry.is_set() and self._waiting.qsize() < _BATCH:
                self._hurry.wait(_GATHER_SECONDS)
            while len(batch) < _BATCH:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            try:
                self._store(batch)
            except Exception as error:  # the journal must outlive a database that is away
                self.failed += len(batch)
                _log.error("journal not written", extra={"error": type(error).__name__, "count": len(batch)})
            for item in batch:
                if isinstance(item, threading.Event):
                    item.set()

    def _store(self, batch: Sequence[Entry | Feedback | threading.Event]) -> None:
        entries = [item for item in batch if isinstance(item, Entry)]
        given = [item for item in batch if isinstance(item, Feedback)]
        if len(entries) < _BUSY or not self._beside(entries, given):
            store(self._engine, self._key, entries, given)

    def _beside(self, entries: list[Entry], given: list[Feedback]) -> bool:
        """Have the process store them; False when it is gone or failed: a batch is stored whole or not at all,
        so that the next attempt is made here."""
        plain = [replace(e, request=orjson.dumps(e.request), answer=orjson.dumps(e.answer)) for e in entries]
        try:
            if self._writer is None:
                self._writer = Writer(self._engine.url.render_as_string(hide_password=False), self._key)
            self._writer.store(plain, given)
        except (WriterError, OSError) as error:
            _log.warning("journal batch not stored by its process", extra={"error": str(error)})
            if self._writer is not None and not self._writer.alive():
                self._writer.close()
                self._writer = None
            return False
        return True

    # -- reading -------------------------------------------------------------------------

    def entry(self, entry_id: str) -> Entry:
        """A stored request with its answer. Raises ``JournalError`` when there is none."""
        with self._engine.connect() as connection:
            row = connection.execute(select(requests).where(requests.c.id == entry_id)).first()
            if row is None:
                raise JournalError(f"there is no stored review {entry_id!r}")
            shown = connection.execute(select(cards).where(cards.c.request == entry_id)).all()
        bound = row.id.encode()
        request = _unpacked(unseal(self._key, row.request, bound))
        seen = {}
        if isinstance(request, dict) and _SEEN in request:
            seen, request = msgspec.convert(request[_SEEN], dict[str, Known]), request[_ASKED]
        return Entry(
            row.id,
            row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC),
            row.service,
            row.release,
            row.client,
            request,
            _unpacked(unseal(self._key, row.answer, bound)),
            tuple(Shown(c.card, c.rule, c.version, c.family, c.severity, c.cause, c.orders) for c in shown),
            row.gaps,
            row.faults,
            row.elapsed_ms,
            seen=seen,
        )

    def since(self, start: datetime, limit: int) -> list[str]:
        """Ids of requests stored since a time, the newest ``limit`` of them, oldest first."""
        query = select(requests.c.id).where(requests.c.at >= start).order_by(requests.c.at.desc()).limit(limit)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())[::-1]

    def latest(self, limit: int = 100) -> list[str]:
        """Ids of the newest stored requests."""
        query = select(requests.c.id).order_by(requests.c.at.desc()).limit(limit)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())


def store(engine: Engine, key: bytes, entries: Sequence[Entry], given: Sequence[Feedback]) -> None:
    """Seal and store entries and feedback in one transaction; requests and answers may be JSON bytes already."""
    shown = [_card_row(entry, card) for entry in entries for card in entry.shown]
    causes = [(entry.patient, card.cause, entry.at) for entry in entries for card in entry.shown]
    pack = zstandard.ZstdCompressor(level=1).compress
    rows = [_entry_row(key, entry, pack) for entry in entries]  # before the transaction: sealing takes longest
    with engine.begin() as connection:
        insert_many(connection, requests, rows)
        insert_many(connection, cards, shown)
        insert_many(connection, feedback, [_feedback_row(key, item) for item in given])
        note_shown(connection, causes)
        for item in given:
            _acknowledge(connection, item)


def _entry_row(key: bytes, entry: Entry, pack: Callable[[bytes], bytes]) -> dict[str, Any]:
    asked, bound = _json(entry.request), entry.id.encode()
    if entry.seen:
        asked = orjson.dumps({_SEEN: msgspec.to_builtins(entry.seen), _ASKED: orjson.Fragment(asked)})
    request = pack(asked)
    return {
        "id": entry.id,
        "at": entry.at,
        "service": entry.service,
        "release": entry.release,
        "client": entry.client,
        "digest": sm3(request),  # equal requests pack alike, in a seventh of the bytes
        "findings": len(entry.shown),
        "gaps": entry.gaps,
        "faults": entry.faults,
        "elapsed_ms": entry.elapsed_ms,
        "request": seal(key, request, bound),
        "answer": seal(key, pack(_json(entry.answer)), bound),
    }


def _json(value: Any) -> bytes:
    return value if isinstance(value, bytes) else orjson.dumps(value)


def _feedback_row(key: bytes, item: Feedback) -> dict[str, Any]:
    return {
        "card": item.card,
        "service": item.service,
        "outcome": item.outcome,
        "reason": item.reason,
        "suggestions": " ".join(item.suggestions)[:400],
        "comment": seal(key, item.comment.encode(), item.card.encode()) if item.comment else b"",
        "at": item.at,
        "received": datetime.now(UTC),
    }


def _unpacked(plain: bytes) -> Any:
    """JSON as it was stored: packed by zstandard, and by earlier versions by zlib or not at all."""
    if plain[:4] == zstandard.FRAME_HEADER:
        return orjson.loads(zstandard.decompress(plain))
    return orjson.loads(plain if plain[:1] in b"{[" else zlib.decompress(plain))


def _card_row(entry: Entry, card: Shown) -> dict[str, Any]:
    return {
        "card": card.card,
        "request": entry.id,
        "rule": card.rule,
        "version": card.version,
        "family": card.family,
        "severity": card.severity,
        "cause": card.cause[:160],
        "orders": card.orders[:400],
        "patient": entry.patient,
        "at": entry.at,
    }


def _acknowledge(connection: Connection, given: Feedback) -> None:
    """An override with a reason keeps its cause quiet for a while: see ``rules.policy``."""
    if given.outcome != "overridden" or not (given.reason or given.comment):
        return
    card = connection.execute(
        select(cards.c.patient, cards.c.cause, cards.c.orders).where(cards.c.card == given.card)
    ).first()
    if card is not None and card.patient:
        note_acknowledged(connection, card.patient, card.cause, card.orders, given.at)
