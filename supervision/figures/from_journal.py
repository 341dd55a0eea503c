"""Facts from the journal of reviews: requests, what was shown and done with it, what that tells of orders, and names
that were not understood.

How far it was read is a time. An answer to a card may come days later: requests whose cards were answered since the
last time are told again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, select

from base.keyring import KeyRing
from records.journal_store import cards, feedback, opened, requests
from records.ledger import answered_cards
from supervision.figures.collect import Batch, Gathered, gathered
from supervision.figures.journal_rows import Alert, Call, Json, needs_person, of_alert, of_answer, of_request
from supervision.figures.persons import Persons
from supervision.figures.reading import mark_of, pages, start_of, zoned

_log = logging.getLogger(__name__)
_PAGE: Final = 2_000
_CARD: Final = "cn.yigong.finding"
_NUMBER: Final = "findingId"
Reader = Callable[[str, Any, datetime], Call]
"""What a stored request of a service says, as it was asked at a time."""


class FromJournal:
    """Reads the journal; ``ring`` opens what is sealed, ``read`` tells what a request says."""

    name = "journal"

    def __init__(self, engine: Engine, ring: KeyRing, persons: Persons, read: Reader) -> None:
        self._engine, self._ring, self._persons, self._read = engine, ring, persons, read

    def changed(self, mark: str) -> Iterator[Gathered]:
        """What was answered since a mark of what was asked before, then what was asked since, the oldest first."""
        now, begin = datetime.now(UTC), start_of(mark)
        answered = select(cards.c.request).join(feedback, feedback.c.card == cards.c.card)
        answered = answered.where(feedback.c.received >= begin)
        for batches, _ in self._told((requests.c.at < begin) & requests.c.id.in_(answered)):
            yield Gathered(batches, "")
        for batches, last in self._told(requests.c.at >= begin):
            yield Gathered(batches, mark_of(last))
        yield Gathered([], now.isoformat())

    def sweep(self, since: datetime, until: datetime) -> Iterator[Gathered]:
        """What was asked within a time, with what was shown."""
        for batches, _ in self._told((requests.c.at >= since) & (requests.c.at < until)):
            yield Gathered(batches, "")

    def _told(self, asked: ColumnElement[bool]) -> Iterator[tuple[list[Batch], datetime]]:
        """What requests tell, page by page, each with the time of its last."""
        query = select(requests).where(asked, requests.c.tenant != "").order_by(requests.c.at, requests.c.id)
        for page in pages(self._engine, query, _PAGE):
            shown = self._shown([row.id for row in page])
            yield gathered(batch for row in page for batch in self._of(row, shown[row.id])), page[-1].at

    def _shown(self, asked: Sequence[str]) -> Mapping[str, list[Any]]:
        """Cards of requests, each with its last answer."""
        query = answered_cards(cards.c.request.in_(asked))
        found: defaultdict[str, list[Any]] = defaultdict(list)
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                found[row.request].append(row)
        return found

    def _of(self, row: Any, shown: Sequence[Any]) -> Iterator[Batch]:
        """Rows of a request."""
        call, answer = self._call(row), opened(self._ring, row.answer, row.id)[0]
        yield Batch(row.tenant, "requests", [of_request(row, call)])
        yield Batch(row.tenant, "gaps", [*of_answer(row, answer, call)])
        concerned = call.patient and any(needs_person(card.family) for card in shown)
        person = self._persons.of(row.tenant, call.patient) if concerned else ""
        said = _cards(answer)
        for card in shown:
            for fact, told in of_alert(Alert(card, said.get(card.card, {}), call, person)):
                yield Batch(row.tenant, fact, [told])

    def _call(self, row: Any) -> Call:
        try:
            return self._read(row.service, opened(self._ring, row.request, row.id)[0], zoned(row.at))
        except Exception as error:  # what an earlier version stored must not end the collection
            _log.warning("a stored request could not be read", extra={"error": type(error).__name__})
            return Call()


def _cards(answer: Any) -> dict[str, Json]:
    """What an answer to a hook, or of a plain review, says of its findings, by their number."""
    if not isinstance(answer, dict):
        return {}
    found = [(card.get("extension") or {}).get(_CARD) or {} for card in answer.get("cards", ())]
    return {one[_NUMBER]: one for one in (*found, *answer.get("findings", ())) if _NUMBER in one}


__all__ = ["FromJournal", "Reader"]
