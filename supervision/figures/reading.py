"""What sources that are read by time share. Rows are stored seconds after what they tell of: the last hour is read
again, but no more than that, so that whoever is behind gets on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from clinical.coded import china_day

_OVERLAP: Final = timedelta(hours=1)
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)


def start_of(mark: str) -> datetime:
    """From when on to read; without a mark everything."""
    return min(datetime.fromisoformat(mark), datetime.now(UTC) - _OVERLAP) if mark else _EVER


def mark_of(at: datetime) -> str:
    """A mark at a time as databases give it."""
    return zoned(at).isoformat()


def pages(engine: Engine, query: Any, rows: int) -> Iterator[Sequence[Any]]:
    """The rows of a query, so many at a time; whoever has enough of them may leave."""
    connection = engine.connect().execution_options(stream_results=True)
    with connection, connection.execute(query) as found:
        yield from found.partitions(rows)


def zoned(at: datetime) -> datetime:
    """A time as databases give it: without a zone it is UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def day_of(at: datetime) -> str:
    """The day in China of a time as databases give it."""
    return china_day(at).isoformat()


__all__ = ["day_of", "mark_of", "pages", "start_of", "zoned"]
