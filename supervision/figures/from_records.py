"""Facts from the repository: visits that anything was sent of since the last time, read whole and told anew.

How far it was read is the number of the last message. A message that was stored out of its turn, or done anew long
after it came, has a number below that: a sweep over the visits of some days finds those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, select

from records.identity_store import records
from records.kinds import NUMBERS
from records.store import Repository, heads
from supervision.figures.collect import Batch, Gathered, gathered
from supervision.figures.visit_rows import OF_ORDER, OF_VISIT, Row, rows_of
from supervision.record_qc.stored import Stored, Visits

_MESSAGES: Final = 500
_OVERLAP: Final = 200
"""Messages that are read again: workers store some of them out of turn."""
_TOGETHER: Final = 500
_VISIT: Final = NUMBERS["Encounter"]
_WHOLE: Final = {NUMBERS[kind]: fact for kind, fact in OF_ORDER.items()}


class FromRecords:
    """Reads the repository; ``pseudonym`` turns the number of a person into what facts know them by."""

    name = "repository"

    def __init__(self, engine: Engine, repository: Repository, pseudonym: Callable[[str], str]) -> None:
        self._engine, self._pseudonym = engine, pseudonym
        self._visits = Visits(engine, repository)

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
            elif row.deleted and row.kind in _WHOLE:
                gone.append(Batch(row.tenant, _WHOLE[row.kind], [_taken_back(row.local)]))
            elif row.encounter:
                visits[row.tenant, row.encounter] = None
        return [*visits], gone

    def _of(self, tenant: str, visit: str) -> Iterable[Batch]:
        stored = self._visits.one(tenant, visit)
        if stored is None:
            return [Batch(tenant, fact, [_taken_back(visit)]) for fact in OF_VISIT]
        return self._told(stored)

    def _told(self, stored: Stored) -> list[Batch]:
        """All rows of a visit; of what it is not, that it is not: an outpatient who was admitted after all."""
        rows = rows_of(stored.record, self._person(stored))
        not_it = {fact: [_taken_back(stored.record.id)] for fact in OF_VISIT if fact not in rows}
        return [Batch(stored.tenant, fact, some) for fact, some in (rows | not_it).items()]

    def _person(self, stored: Stored) -> str:
        """The person, whichever institution they were seen in; empty when nobody knows."""
        here = (records.c.tenant == stored.tenant, records.c.local_id == stored.record.patient)
        with self._engine.connect() as connection:
            number = connection.execute(select(records.c.person).where(*here)).scalar()
        return "" if number is None else self._pseudonym(f"person {number}")


def _taken_back(local: str) -> Row:
    return {"id": local, "deleted": True}


__all__ = ["FromRecords"]
