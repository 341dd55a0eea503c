"""Facts from questions that nothing in the release answered. How far it was read is a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, select

from records.unanswered import questions
from supervision.figures.collect import Batch, Gathered, Row, gathered
from supervision.figures.reading import day_of, mark_of, pages, start_of

_PAGE: Final = 10_000


class FromQuestions:
    """Reads what was asked in vain."""

    name = "questions"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def changed(self, mark: str) -> Iterator[Gathered]:
        """What was asked since a mark."""
        now = datetime.now(UTC)
        for batches, last in self._told(questions.c.at >= start_of(mark)):
            yield Gathered(batches, mark_of(last))
        yield Gathered([], now.isoformat())

    def sweep(self, since: datetime, until: datetime) -> Iterator[Gathered]:
        """What was asked within a time."""
        for batches, _ in self._told((questions.c.at >= since) & (questions.c.at < until)):
            yield Gathered(batches, "")

    def _told(self, asked: ColumnElement[bool]) -> Iterator[tuple[list[Batch], datetime]]:
        query = select(questions).where(asked).order_by(questions.c.at, questions.c.id)
        for page in pages(self._engine, query, _PAGE):
            yield gathered(Batch(row.tenant, "gaps", [_gap(row)]) for row in page), page[-1].at


def _gap(row: Any) -> Row:
    return {"id": row.id, "date": day_of(row.at), "kind": "question", "name": row.question}


__all__ = ["FromQuestions"]
