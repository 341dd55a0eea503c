"""Facts from stored answers: names that nothing in the release stands for, as curators' work.

Answers are sealed, and what doctors type may hold more than a name: long texts and those with long numbers are left
out, so that nobody's document or telephone number becomes a fact. How far it was read is a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, select

from base.keyring import KeyRing
from records.journal_store import opened, requests
from supervision.figures.collect import Batch, Gathered, Row, gathered
from supervision.figures.reading import day_of, pages, start_of

_PAGE: Final = 1_000
_LONGEST: Final = 40
_NUMBERED: Final = re.compile(r"\d{6}")
_REVIEW: Final = "cn.yigong.review"


class FromAnswers:
    """Reads what answers list as not understood."""

    name = "answers"

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    def changed(self, mark: str) -> Iterator[Gathered]:
        """What was answered since a mark."""
        now = datetime.now(UTC)
        yield from self._told(requests.c.at >= start_of(mark))
        yield Gathered([], now.isoformat())

    def sweep(self, since: datetime, until: datetime) -> Iterator[Gathered]:
        """What was answered within a time."""
        yield from self._told((requests.c.at >= since) & (requests.c.at < until))

    def _told(self, answered: ColumnElement[bool]) -> Iterator[Gathered]:
        query = select(requests.c.id, requests.c.at, requests.c.tenant, requests.c.answer)
        query = query.where(answered, requests.c.tenant != "").order_by(requests.c.id)
        for page in pages(self._engine, query, _PAGE):
            batches = (Batch(row.tenant, "gaps", self._gaps(row)) for row in page)
            yield Gathered(gathered(batch for batch in batches if batch.rows), "")

    def _gaps(self, row: Any) -> list[Row]:
        answer = opened(self._ring, row.answer, row.id)[0]
        names = dict.fromkeys((item["kind"], item["text"].strip()) for item in _unmapped(answer) if item.get("text"))
        date = day_of(row.at)
        return [
            {"id": f"{row.id}-{n}", "date": date, "kind": "term", "subject": subject, "name": name}
            for n, (subject, name) in enumerate(names)
            if name and len(name) <= _LONGEST and not _NUMBERED.search(name)
        ]


def _unmapped(answer: Any) -> list[dict[str, str]]:
    """Of an answer to a hook, or of a plain review."""
    if not isinstance(answer, dict):
        return []
    extension = (answer.get("extension") or {}).get(_REVIEW) or {}
    return answer.get("unmapped") or extension.get("unmapped") or []


__all__ = ["FromAnswers"]
