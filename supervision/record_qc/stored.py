"""Visits of the repository as medical records, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine

from clinical.medical_record import MedicalRecord
from records.store import Kept, Repository
from supervision.record_qc.answering import Answers, answers
from supervision.record_qc.happenings import Past, is_transfer
from supervision.record_qc.resources import belongs_to, record_of

_PAGE: Final = 100
_MOST: Final = 20_000
_KINDS: Final = (
    *("Composition", "DocumentReference", "Condition", "Observation", "DiagnosticReport", "Procedure"),
    *("MedicationRequest", "ServiceRequest", "Patient", "Flag", "Communication", "Encounter"),
)


class Stored(NamedTuple):
    """A visit of an institution as a record. ``place`` is where to go on after it; ``answered`` what was found on
    orders of the patient there."""

    place: tuple[str, str]
    record: MedicalRecord
    answered: Answers

    @property
    def tenant(self) -> str:
        return self.place[0]


class Visits:
    """Visits that were sent, in the order of institutions and of their own numbers."""

    def __init__(self, engine: Engine, repository: Repository) -> None:
        self._engine, self._repository = engine, repository

    def of(
        self,
        tenant: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        after: tuple[str, str] | None = None,
    ) -> Iterator[Stored]:
        """Visits of an institution (of all in scope without one) that began within a time, after a place."""
        while True:
            with self._engine.connect() as connection:
                page = self._repository.search(
                    connection, "Encounter", tenant=tenant, since=since, until=until, after=after, limit=_PAGE
                )
                yield from (
                    self._stored(connection, one) for one in page if not is_transfer(orjson.loads(one.resource))
                )
            if len(page) < _PAGE:
                return
            after = (page[-1].tenant, page[-1].local_id)

    def one(self, tenant: str, visit: str) -> Stored | None:
        """A visit by its number; None when it is not known."""
        with self._engine.connect() as connection:
            kept = self._repository.get(connection, tenant, "Encounter", visit)
            return None if kept is None else self._stored(connection, kept)

    def latest(self, tenant: str, person: int) -> Stored | None:
        """The visit of a patient's record (by its number in the repository) that goes on, else the last one."""
        with self._engine.connect() as connection:
            found = self._repository.of_records(connection, [person], ("Encounter",), limit=_PAGE)
            read = [(one, orjson.loads(one.resource)) for one in found if one.tenant == tenant]
            visits = [(one, encounter) for one, encounter in read if not is_transfer(encounter)]
            running = (one for one, encounter in visits if encounter.get("status") == "in-progress")
            chosen = next(running, visits[0][0] if visits else None)
            return None if chosen is None else self._stored(connection, chosen)

    def owner(self, tenant: str, visit: str) -> int | None:
        """Whose visit it is, as the number of the patient's record; None when it is not known."""
        with self._engine.connect() as connection:
            kept = self._repository.get(connection, tenant, "Encounter", visit)
        return None if kept is None else kept.record

    def _stored(self, connection: Connection, kept: Kept) -> Stored:
        encounter = orjson.loads(kept.resource)
        around = []
        if kept.record is not None:
            around = self._repository.of_records(connection, [kept.record], _KINDS, limit=_MOST)
        read = [(one.kind, orjson.loads(one.resource)) for one in around]
        patient = next((resource for kind, resource in read if kind == "Patient"), None)
        about = [resource for _, resource in reversed(read) if belongs_to(resource, kept.local_id)]
        found = answers(resource for _, resource in read)
        record = record_of(encounter, patient, about, self._past(connection, kept), found)
        return Stored((kept.tenant, kept.local_id), record, found)

    def _past(self, connection: Connection, kept: Kept) -> list[Past]:
        """How a visit was sent, from the first time to the last."""
        if kept.version == 1:
            return []
        versions = self._repository.history(connection, kept.tenant, "Encounter", kept.local_id)
        return [Past(one.sent, orjson.loads(one.resource)) for one in versions if one.resource]
