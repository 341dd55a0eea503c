"""Visits of the repository that anything was sent of since the last time, read whole and told anew.

How far it was read is the number of the last message. A message that was stored out of its turn, or done anew long
after it came, has a number below that: a sweep over the visits of some days finds those.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Final

from sqlalchemy import Connection, Engine, select

from records.kinds import NUMBERS
from records.resource_rows import heads
from records.store import Repository
from supervision.figures.collect import Batch, Gathered, Row, gathered
from supervision.record_qc.stored import Stored, Visits

_MESSAGES: Final = 500
_OVERLAP: Final = 200
"""Messages that are read again: workers store some of them out of turn."""
_TOGETHER: Final = 500
_VISIT: Final = NUMBERS["Encounter"]


class VisitSource(ABC):
    """Reads the repository. ``facts`` are those that a visit has at most one row of, under its own number;
    ``of_resources`` those whose rows bear the number of a resource, by its type."""

    name: ClassVar[str]
    facts: ClassVar[tuple[str, ...]]
    of_resources: ClassVar[Mapping[str, str]] = {}

    def __init__(self, engine: Engine, repository: Repository) -> None:
        self._engine, self._visits = engine, Visits(engine, repository)
        self._whole = {NUMBERS[kind]: fact for kind, fact in self.of_resources.items()}

    @abstractmethod
    def rows(self, stored: Stored) -> Mapping[str, list[Row]]:
        """All rows of a visit, by fact."""

    def changed(self, mark: str) -> Iterator[Gathered]:
        """What came since a mark, some hundred messages at a time."""
        since = max(0, int(mark or 0) - _OVERLAP)
        while True:
            with self._engine.connect() as connection:
                query = select(heads.c.message).where(heads.c.message > since).distinct()
                numbers = connection.execute(query.order_by(heads.c.message).limit(_MESSAGES)).scalars().all()
                if not numbers:
                    return
                touched, gone = self._touched(connection, since, numbers[-1])
            told = [*gone, *(batch for place in touched for batch in self._of(*place))]
            yield Gathered(gathered(told), str(numbers[-1]))
            since = numbers[-1]

    def sweep(self, since: datetime, until: datetime) -> Iterator[Gathered]:
        """Visits that began within a time."""
        told: list[Batch] = []
        for number, stored in enumerate(self._visits.of(since=since, until=until), start=1):
            told += self._told(stored)
            if number % _TOGETHER == 0:
                yield Gathered(gathered(told), "")
                told = []
        yield Gathered(gathered(told), "")

    def _touched(self, connection: Connection, since: int, until: int) -> tuple[list[tuple[str, str]], list[Batch]]:
        """Visits that messages said something of, and rows that they took back."""
        columns = (heads.c.tenant, heads.c.kind, heads.c.local, heads.c.encounter, heads.c.deleted)
        query = select(*columns).where(heads.c.message > since, heads.c.message <= until)
        visits: dict[tuple[str, str], None] = {}
        gone: list[Batch] = []
        for row in connection.execute(query):
            if row.kind == _VISIT:
                visits[row.tenant, row.local] = None
            elif row.deleted and row.kind in self._whole:
                gone.append(Batch(row.tenant, self._whole[row.kind], [_taken_back(row.local)]))
            elif row.encounter:
                visits[row.tenant, row.encounter] = None
        return [*visits], gone

    def _of(self, tenant: str, visit: str) -> Iterable[Batch]:
        stored = self._visits.one(tenant, visit)
        if stored is None:
            return [Batch(tenant, fact, [_taken_back(visit)]) for fact in self.facts]
        return self._told(stored)

    def _told(self, stored: Stored) -> list[Batch]:
        """All rows of a visit; of what it is not, that it is not: an outpatient who was admitted after all."""
        rows = self.rows(stored)
        not_it = {fact: [_taken_back(stored.record.id)] for fact in self.facts if fact not in rows}
        return [Batch(stored.tenant, fact, some) for fact, some in ({**rows} | not_it).items()]


def _taken_back(local: str) -> Row:
    return {"id": local, "deleted": True}


__all__ = ["VisitSource"]
