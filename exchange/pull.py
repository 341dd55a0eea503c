"""Tables fetched from hospitals that cannot send: new rows of files or of a query become messages of the intake.

A page of rows is accepted by the intake before the cursor moves: killed between the two, the page is read again, and
its messages are known by what they say and where it stood. Rows go out by patient in their order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Engine, String, Table, Text, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, OWN
from base.security import sm3
from base.tenancy import Scope, acting
from exchange.intake import BusyError, Intake, Sent
from exchange.ledger import writing
from exchange.pull_config import DatabaseSource, Pull, PullError
from exchange.pull_source import (
    At,
    Cells,
    Database,
    DatabaseRow,
    Files,
    Found,
    SourceAwayError,
    behind,
    first,
    place,
    placed,
)
from exchange.tables._templates import CellError
from exchange.tables.rows import subject

_log = logging.getLogger(__name__)
ROWS: Final = 200
"""Rows of one message at most."""
_PAGE: Final = 2_000
_TOGETHER: Final = 100
_BUSY_TRIES: Final = 20
_SEEN: Final = 200_000

cursors = Table(
    "pull_cursor",
    METADATA,
    Column("pull", String(60), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("tenant", String(200), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("position", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    info=OWN,
)
"""How far each source was read: ``place`` is empty for a database, else a digest of a file's name and content."""


@dataclass(slots=True)
class Cursor:
    """Where the reading of a place stands; ``version`` 0: it was never read."""

    place: str
    version: int = 0
    position: dict[str, Any] = field(default_factory=dict)
    rows: int = 0
    messages: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one run brought: rows, messages kept, messages that were known, rows that no message can be made of (they
    are among the dead letters, each alone), files that are still being written."""

    rows: int = 0
    messages: int = 0
    known: int = 0
    unreadable: int = 0
    waiting: int = 0

    def __add__(self, other: Pulled) -> Pulled:
        mine, theirs = _counts(self), _counts(other)
        return Pulled(*(a + b for a, b in zip(mine, theirs, strict=True)))


def _counts(pulled: Pulled) -> tuple[int, ...]:
    return pulled.rows, pulled.messages, pulled.known, pulled.unreadable, pulled.waiting


class _Row(NamedTuple):
    """A row in our headings, and what tells where it stood."""

    cells: Cells
    mark: str


class _Grouped:
    """Rows of one patient as messages. A row that nothing can be made of goes alone, so that what is given up for it
    is nothing else."""

    def __init__(self) -> None:
        self.messages: list[list[_Row]] = []
        self._closed = True

    def add(self, row: _Row, *, alone: bool) -> None:
        if alone or self._closed or len(self.messages[-1]) >= ROWS:
            self.messages.append([])
        self.messages[-1].append(row)
        self._closed = alone


class Puller:
    """Runs one pull over and over. ``say`` hears of every page how many rows it had."""

    def __init__(
        self, engine: Engine, intake: Intake, pull: Pull, say: Callable[[int], None] = lambda rows: None
    ) -> None:
        self._engine, self._intake, self._pull, self._say = engine, intake, pull, say
        source = pull.source
        self._source = Database(source) if isinstance(source, DatabaseSource) else Files(source, pull.folder)
        self._scope = Scope(f"pull/{pull.name}", (pull.tenant,), (pull.tenant,))

    async def run(self) -> Pulled:
        """Fetch what is new. Raises ``PullError``, ``SourceAwayError``, ``BusyError``; what was fetched by then
        stays."""
        with acting(self._scope):
            if isinstance(self._source, Files):
                return await self._all_files(self._source)
            return await self._pages(self._source)

    # -- files -----------------------------------------------------------------------------

    async def _all_files(self, files: Files) -> Pulled:
        ready, waiting = await asyncio.to_thread(files.settled)
        told = Pulled(waiting=waiting)
        for found in ready:
            cursor = self._cursor(sm3(f"{found.path.name}\0{found.digest}".encode()))
            if not cursor.done:
                told += await self._file(files, found, cursor)
        return told

    async def _file(self, files: Files, found: Found, cursor: Cursor) -> Pulled:
        """What is left of one file."""
        try:
            rows = await asyncio.to_thread(files.rows, found)
        except SourceAwayError:
            return Pulled(waiting=1)
        mapping = self._pull.mapping(rows[0]) if rows else {}
        told = Pulled()
        while not cursor.done:
            page = rows[cursor.rows : cursor.rows + _PAGE]
            places = range(cursor.rows, cursor.rows + len(page))
            marked = [_Row(self._ours(c, mapping), f"{cursor.place}:{n}") for n, c in zip(places, page, strict=True)]
            sent = await self._sent(marked)
            cursor.done = cursor.rows + len(page) >= len(rows)
            self._move(cursor, sent)
            told += sent
        return told

    # -- databases -------------------------------------------------------------------------

    async def _pages(self, database: Database) -> Pulled:
        source = self._pull.source
        assert isinstance(source, DatabaseSource)
        cursor, told, more = self._cursor(""), Pulled(), True
        last: At | None = None
        kept = cursor.position.get("at")
        since = behind(placed(kept), source.overlap) if kept else first(source.start)
        while more:
            rows, more = await asyncio.to_thread(database.page, since if last is None else last, last)
            if not rows:
                break
            seen = cursor.position.get("seen", {})
            new = [row for row in rows if row.digest not in seen]
            sent = await self._sent(self._marked(new))
            last = rows[-1].at
            cursor.position = _position(cursor.position, rows, source.overlap)
            if new:
                self._move(cursor, sent)
            told += sent
        return told

    def _marked(self, rows: Sequence[DatabaseRow]) -> list[_Row]:
        """A row that changes and changes back is another message each time: its place behind the cursor tells."""
        if not rows:
            return []
        mapping = self._pull.mapping(rows[0].cells)
        return [_Row(self._ours(row.cells, mapping), row.digest) for row in rows]

    # -- rows to messages --------------------------------------------------------------------

    def _ours(self, cells: Mapping[str, str], mapping: Mapping[str, str]) -> Cells:
        """A row under our headings and in our words, without empty cells."""
        values, made = self._pull.values, {}
        for theirs, heading in mapping.items():
            text = cells[theirs]
            said = values.get(heading, {}).get(text, text)
            if said:
                made[heading] = said
        return made

    async def _sent(self, rows: Sequence[_Row]) -> Pulled:
        """Have rows kept by the intake, those of a patient in their order, many patients at a time."""
        patients: dict[str, _Grouped] = {}
        unreadable = 0
        for row in rows:
            wrong = self._is_unreadable(row)
            unreadable += wrong
            patients.setdefault(subject(row.cells), _Grouped()).add(row, alone=wrong)
        gate = asyncio.Semaphore(_TOGETHER)
        known = sum(await asyncio.gather(*(self._of_patient(one.messages, gate) for one in patients.values())))
        self._say(len(rows))
        return Pulled(len(rows), sum(len(one.messages) for one in patients.values()) - known, known, unreadable)

    def _is_unreadable(self, row: _Row) -> bool:
        try:
            self._pull.into.resource_of(row.cells)
        except CellError:
            return True
        return False

    async def _of_patient(self, messages: Sequence[Sequence[_Row]], gate: asyncio.Semaphore) -> int:
        """How many of a patient's messages were known."""
        async with gate:
            return sum([await self._accepted(self._message(rows)) for rows in messages])

    def _message(self, rows: Sequence[_Row]) -> Sent:
        said = {"template": self._pull.template, "rows": [row.cells for row in rows]}
        raw = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        marks = "\0".join((self._pull.name, *(row.mark for row in rows)))
        number = f"pull:{sm3(marks.encode() + raw)[:32]}"
        return Sent(self._pull.tenant, "tables", raw, number, source=f"pull/{self._pull.name}")

    async def _accepted(self, sent: Sent) -> bool:
        """Whether the message was known. Waits for an intake that is full. Raises ``BusyError``."""
        for left in reversed(range(_BUSY_TRIES)):
            try:
                return (await self._intake.accept(sent)).duplicate
            except BusyError as busy:
                if not left:
                    raise
                await asyncio.sleep(busy.seconds)
        raise AssertionError("unreachable")

    # -- the cursor --------------------------------------------------------------------------

    def _cursor(self, where: str) -> Cursor:
        with self._engine.connect() as connection:
            row = connection.execute(select(cursors).where(*self._here(where))).first()
        if row is None:
            return Cursor(where)
        return Cursor(where, row.version, orjson.loads(row.position), row.rows, row.messages, row.done)

    def _here(self, where: str) -> tuple[Any, ...]:
        c = cursors.c
        return c.pull == self._pull.name, c.place == where, c.tenant == self._pull.tenant

    def _move(self, cursor: Cursor, sent: Pulled) -> None:
        """Put down how far it is read. Raises ``PullError`` when another process moved it meanwhile: that lost
        nothing, both sent the same messages."""
        values = {"position": orjson.dumps(cursor.position).decode(), "done": cursor.done, "at": datetime.now(UTC)}
        cursor.rows, cursor.messages = cursor.rows + sent.rows, cursor.messages + sent.messages
        values |= {"rows": cursor.rows, "messages": cursor.messages, "version": cursor.version + 1}
        own = {"pull": self._pull.name, "place": cursor.place, "tenant": self._pull.tenant}
        try:
            with writing(self._engine, durable=True) as connection:
                if cursor.version:
                    here = (*self._here(cursor.place), cursors.c.version == cursor.version)
                    moved = connection.execute(update(cursors).where(*here).values(values)).rowcount == 1
                else:
                    connection.execute(insert(cursors).values(own | values))
                    moved = True
        except IntegrityError:
            moved = False
        if not moved:
            raise PullError("name", f"another process runs the pull {self._pull.name}: let one of them run")
        cursor.version += 1


def _position(before: Mapping[str, Any], rows: Sequence[DatabaseRow], overlap: int) -> dict[str, Any]:
    """The cursor behind a page, with digests of the rows that the next reading meets again. Raises ``PullError`` when
    these are too many."""
    known: dict[str, list[str]] = dict(before.get("seen", {}))
    known |= {row.digest: place(row.at) for row in rows}
    at = rows[-1].at
    if "at" in before:
        at = max(at, placed(before["at"]))
    again: Any = behind(at, overlap)
    seen = {digest: kept for digest, kept in known.items() if _at_or_after(placed(kept), again)}
    if len(seen) > _SEEN:
        raise PullError("source.overlap", f"makes each pull read more than {_SEEN} rows again: take less")
    return {"at": place(at), "seen": seen}


def _at_or_after(at: At, other: Any) -> bool:
    return bool(at >= other)


__all__ = ["Pull", "PullError", "Pulled", "Puller", "SourceAwayError"]
