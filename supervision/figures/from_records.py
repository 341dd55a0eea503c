"""Facts from the repository: visits and stays, what was ordered and done in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from records.store import Repository
from supervision.figures.collect import Row
from supervision.figures.persons import Persons
from supervision.figures.visit_rows import OF_ORDER, OF_VISIT, rows_of
from supervision.figures.visit_source import VisitSource
from supervision.record_qc.stored import Stored


class FromRecords(VisitSource):
    """Reads what visits are made of; ``repeats`` says which tests of a visit, by order, repeated others."""

    name, facts, of_resources = "repository", OF_VISIT, OF_ORDER

    def __init__(
        self,
        engine: Engine,
        repository: Repository,
        persons: Persons,
        repeats: Callable[[Stored], Mapping[str, Row]] = lambda stored: {},
    ) -> None:
        super().__init__(engine, repository)
        self._persons, self._repeats = persons, repeats

    def rows(self, stored: Stored) -> Mapping[str, list[Row]]:
        person = self._persons.of(stored.tenant, stored.record.patient)
        return rows_of(stored.record, person, self._repeats(stored))


__all__ = ["FromRecords"]
