"""Facts from the journal of reviews: requests, and what was shown and done with it.

How far it was read is a time. Entries are stored seconds after they happened, and an answer to a card may come days
later: cards that were answered since the last time are told again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, func, or_, select

from clinical.coded import CHINA
from records.journal_store import cards, feedback, requests
from supervision.figures.collect import Batch, Gathered, Row, gathered

_OVERLAP: Final = timedelta(hours=1)
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
_PAGE: Final = 10_000


class FromJournal:
    """Reads the journal."""

    name = "journal"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def changed(self, mark: str) -> Iterator[Gathered]:
        """What was asked, shown or answered since a mark."""
        now = datetime.now(UTC)
        since = datetime.fromisoformat(mark) - _OVERLAP if mark else _EVER
        answered = select(feedback.c.card).where(feedback.c.received >= since)
        yield from self._told(requests.c.at >= since, or_(cards.c.at >= since, cards.c.card.in_(answered)))
        yield Gathered([], now.isoformat())

    def sweep(self, since: datetime, until: datetime) -> Iterator[Gathered]:
        """What was asked within a time, with what was shown."""
        within = (requests.c.at >= since) & (requests.c.at < until)
        yield from self._told(within, within)

    def _told(self, asked: ColumnElement[bool], shown: ColumnElement[bool]) -> Iterator[Gathered]:
        columns = [requests.c[name] for name in ("id", "tenant", "at", "service", "findings", "gaps", "faults")]
        query = select(*columns, requests.c.elapsed_ms).where(asked, requests.c.tenant != "")
        for rows in self._pages(query.order_by(requests.c.id)):
            yield Gathered(gathered(Batch(row.tenant, "requests", [_request(row)]) for row in rows), "")
        last = (
            select(feedback.c.card, func.max(feedback.c.number).label("number")).group_by(feedback.c.card).subquery()
        )
        told = select(feedback).join(last, feedback.c.number == last.c.number).subquery()
        query = (
            select(
                cards,
                requests.c.tenant,
                requests.c.at.label("asked"),
                *(told.c.outcome, told.c.reason, told.c.comment, told.c.at.label("answered")),
            )
            .join(requests, requests.c.id == cards.c.request)
            .outerjoin(told, told.c.card == cards.c.card)
            .where(shown, requests.c.tenant != "")
        )
        for rows in self._pages(query.order_by(cards.c.card)):
            yield Gathered(gathered(Batch(row.tenant, "findings", [_finding(row)]) for row in rows), "")

    def _pages(self, query: Any) -> Iterator[Sequence[Any]]:
        with self._engine.connect() as connection:
            yield from connection.execution_options(stream_results=True).execute(query).partitions(_PAGE)


def _request(row: Any) -> Row:
    told = {name: getattr(row, name) for name in ("service", "findings", "gaps", "faults", "elapsed_ms")}
    return {"id": row.id, "date": day_of(row.at)} | told


def _finding(row: Any) -> Row:
    response = {"accepted": "accepted", "overridden": "overridden"}.get(row.outcome or "", "none")
    reasoned = bool(row.reason or row.comment) if response == "overridden" else None
    shown = row.at or row.asked
    told = {"severity": row.severity, "family": row.family, "rule": row.rule}
    told["reason"] = row.reason or None if response == "overridden" else None
    told["response_seconds"] = _seconds(shown, row.answered) if response != "none" else None
    return {"id": row.card, "date": day_of(shown), "response": response, "reasoned": reasoned} | told


def _seconds(shown: datetime, answered: datetime) -> float | None:
    """How long an answer took; None when clocks of the two systems disagree."""
    took = (_zoned(answered) - _zoned(shown)).total_seconds()
    return took if took >= 0 else None


def _zoned(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def day_of(at: datetime) -> str:
    """The day in China of a time as databases give it: without a zone it is UTC."""
    return _zoned(at).astimezone(CHINA).date().isoformat()


__all__ = ["FromJournal", "day_of"]
