"""What sources that are read by time share. Rows are stored seconds after what they tell of: what lies just before a
mark is read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from clinical.coded import CHINA

_OVERLAP: Final = timedelta(hours=1)
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)


def start_of(mark: str) -> datetime:
    """From when on to read; without a mark everything."""
    return datetime.fromisoformat(mark) - _OVERLAP if mark else _EVER


def pages(engine: Engine, query: Any, rows: int) -> Iterator[Sequence[Any]]:
    """The rows of a query, so many at a time."""
    with engine.connect() as connection:
        yield from connection.execution_options(stream_results=True).execute(query).partitions(rows)


def zoned(at: datetime) -> datetime:
    """A time as databases give it: without a zone it is UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def day_of(at: datetime) -> str:
    """The day in China of a time as databases give it."""
    return zoned(at).astimezone(CHINA).date().isoformat()


__all__ = ["day_of", "pages", "start_of", "zoned"]
