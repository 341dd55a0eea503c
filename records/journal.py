"""What was asked, answered and thought of it: requests, findings and feedback, kept for replay.

Request bodies hold patient data: they are packed, sealed with SM4 and bound to their id. Writing
happens on a thread of its own, in batches a quarter of a second apart, because a thread that wakes
for every entry takes the interpreter away from the reviews; the batches of a busy worker are sealed
and stored by a process beside it. A review never waits for either. When the queue is full, entries
are dropped, counted and reported: care goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import Engine, select

from base.batches import Batches
from base.keyring import KeyRing
from base.tenancy import system
from clinical.value import replace
from records.journal_store import (
    Entry,
    Feedback,
    Shown,
    as_json,
    cards,
    cards_of,
    feedback,
    feedback_of,
    opened,
    policy_of,
    requests,
    store,
)
from records.journal_writer import Writer, WriterError

_log = logging.getLogger(__name__)
QUEUE_LIMIT: Final = 10_000
_BATCH: Final = 200
_GATHER_SECONDS: Final = 0.25
_BUSY: Final = 20
"""Entries in one batch from which on a process of its own is worth its memory."""


class JournalError(Exception):
    """An entry that is asked for does not exist or cannot be read."""


class Journal:
    """Writes in the background; reads at once. ``ring`` seals what may name a patient."""

    def __init__(self, engine: Engine, ring: KeyRing, limit: int = QUEUE_LIMIT) -> None:
        self._engine, self._ring = engine, ring
        self._writer: Writer | None = None
        self.dropped = 0
        self.failed = 0
        self._batches: Batches[Entry | Feedback] = Batches("journal", self._take, _BATCH, limit, _GATHER_SECONDS)

    # -- writing -------------------------------------------------------------------------

    def write(self, item: Entry | Feedback) -> None:
        """Queue an entry or feedback; never blocks, never raises."""
        self.dropped += not self._batches.offer(item)

    def flush(self, timeout: float = 10) -> bool:
        """Wait until everything queued so far is stored; False when that took too long."""
        return self._batches.flush(timeout)

    def _take(self, batch: list[Entry | Feedback]) -> None:
        try:
            with system("journal"):
                self._store(batch)
        except Exception as error:  # the journal must outlive a database that is away
            self.failed += len(batch)
            _log.error("journal not written", extra={"error": type(error).__name__, "count": len(batch)})

    def _store(self, batch: Sequence[Entry | Feedback]) -> None:
        entries = [item for item in batch if isinstance(item, Entry)]
        given = [item for item in batch if isinstance(item, Feedback)]
        if len(entries) < _BUSY or not self._beside(entries, given):
            store(self._engine, self._ring, entries, given)

    def _beside(self, entries: list[Entry], given: list[Feedback]) -> bool:
        """Have the process store them; False when nothing of them is stored, so that the next attempt is made
        here: a batch is stored whole or not at all, and a process may end between storing and saying so."""
        plain = [_plain(entry) for entry in entries]
        try:
            if self._writer is None:
                self._writer = Writer(self._engine.url.render_as_string(hide_password=False), self._ring)
            self._writer.store(plain, given)
        except (WriterError, OSError) as error:
            _log.warning("journal batch not stored by its process", extra={"error": str(error)})
            if self._writer is not None and not self._writer.alive():
                self._writer.close()
                self._writer = None
            return self._is_stored(entries[0].id)
        return True

    def _is_stored(self, entry_id: str) -> bool:
        with self._engine.connect() as connection:
            return connection.execute(select(requests.c.id).where(requests.c.id == entry_id)).first() is not None

    # -- reading -------------------------------------------------------------------------

    def entry(self, entry_id: str) -> Entry:
        """A stored request with its answer. Raises ``JournalError`` when there is none."""
        with self._engine.connect() as connection:
            row = connection.execute(select(requests).where(requests.c.id == entry_id)).first()
            if row is None:
                raise JournalError(f"there is no stored review {entry_id!r}")
            try:
                request, seen, region = opened(self._ring, row.request, row.id)
                answer = opened(self._ring, row.answer, row.id)[0]
            except orjson.JSONDecodeError as error:
                raise JournalError(f"the stored review {entry_id!r} cannot be read: {error}") from None
            shown = cards_of(connection, entry_id, answer)
            policy = policy_of(connection, row.policy)
        return Entry(
            row.id,
            row.at,
            row.service,
            row.release,
            row.client,
            request,
            answer,
            shown,
            row.gaps,
            row.faults,
            row.elapsed_ms,
            seen=seen,
            tenant=row.tenant,
            region=region,
            policy=policy,
        )

    def answers(self, entry: Entry) -> list[Feedback]:
        """What was answered to the cards of a stored request, in order."""
        mine = select(feedback).where(feedback.c.card.in_([one.card for one in entry.shown]))
        with self._engine.connect() as connection:
            return [feedback_of(self._ring, row) for row in connection.execute(mine.order_by(feedback.c.number))]

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


def _plain(entry: Entry) -> Entry:
    """With request and answer as JSON."""
    if isinstance(entry.request, bytes) and isinstance(entry.answer, bytes):
        return entry
    return replace(entry, request=as_json(entry.request), answer=as_json(entry.answer))


__all__ = ["Entry", "Feedback", "Journal", "JournalError", "Shown", "cards", "feedback", "requests"]
