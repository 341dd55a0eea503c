"""Facts from visits that are over: whether the service would have suggested what the doctor decided.

They are held against the release in force when they are told; a sweep holds the visits of some days against today's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Engine

from records.store import Repository
from supervision.figures.collect import Row
from supervision.figures.concordance import Concordances
from supervision.figures.persons import Persons
from supervision.figures.visit_rows import who_of
from supervision.figures.visit_source import VisitSource
from supervision.record_qc.stored import Stored

_WHO: Final = ("department", "doctor", "disease", "person")


class FromConcordance(VisitSource):
    """Holds visits against a release."""

    name, facts = "concordance", ("concordance",)

    def __init__(self, engine: Engine, repository: Repository, persons: Persons, concordances: Concordances) -> None:
        super().__init__(engine, repository)
        self._persons, self._concordances = persons, concordances

    def rows(self, stored: Stored) -> Mapping[str, list[Row]]:
        record, found = stored.record, self._concordances.of(stored.record)
        if found is None:
            return {}
        who = who_of(record, self._persons.of(stored.tenant, record.patient))
        row: Row = {"id": record.id, "date": found.day} | {name: who[name] for name in _WHO}
        row |= {"first": found.first, "among": found.among}
        row |= {"plan_offered": found.offered, "plan_followed": found.followed}
        return {"concordance": [row]}


__all__ = ["FromConcordance"]
