"""Facts from what is noted once and never changes, each note a row: questions asked in vain, uses of inference. How
far they were read is a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Table, select

from records.unanswered import questions
from records.uses import uses
from supervision.figures.collect import Batch, Gathered, Row, gathered
from supervision.figures.reading import day_of, mark_of, pages, start_of

_PAGE: Final = 10_000


class FromNotes:
    """Reads a table that has ``id``, ``tenant`` and ``at``; ``row`` tells what a note says beside its number and
    day."""

    def __init__(self, name: str, engine: Engine, table: Table, fact: str, row: Callable[[Any], Row]) -> None:
        self.name, self._engine, self._table = name, engine, table
        self._fact, self._row = fact, row

    def changed(self, mark: str) -> Iterator[Gathered]:
        """What was noted since a mark."""
        now = datetime.now(UTC)
        for batches, last in self._told(self._table.c.at >= start_of(mark)):
            yield Gathered(batches, mark_of(last))
        yield Gathered([], now.isoformat())

    def sweep(self, since: datetime, until: datetime) -> Iterator[Gathered]:
        """What was noted within a time."""
        at = self._table.c.at
        for batches, _ in self._told((at >= since) & (at < until)):
            yield Gathered(batches, "")

    def _told(self, noted: ColumnElement[bool]) -> Iterator[tuple[list[Batch], datetime]]:
        query = select(self._table).where(noted).order_by(self._table.c.at, self._table.c.id)
        for page in pages(self._engine, query, _PAGE):
            yield gathered(Batch(note.tenant, self._fact, [self._of(note)]) for note in page), page[-1].at

    def _of(self, note: Any) -> Row:
        return {"id": note.id, "date": day_of(note.at)} | self._row(note)


def from_questions(engine: Engine) -> FromNotes:
    """What was asked in vain."""
    return FromNotes("questions", engine, questions, "gaps", lambda q: {"kind": "question", "name": q.question})


def from_uses(engine: Engine) -> FromNotes:
    """What inference was used for."""
    return FromNotes("uses", engine, uses, "uses", _use)


def _use(use: Any) -> Row:
    who = {name: getattr(use, name) or None for name in ("department", "doctor", "disease")}
    return {"kind": use.kind, "answered": use.answered, "elapsed_ms": use.elapsed_ms} | who


__all__ = ["FromNotes", "from_questions", "from_uses"]
