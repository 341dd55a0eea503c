"""Similar cases at work: the index is made from the repository beside the requests, and whatever it finds is read
again as whoever asks may see it before it is shown."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine

from api.access import Principal
from api.errors import ApiError
from api.person_record import PersonRecords
from api.serving import Serving
from base.tenancy import acting, system
from inference.picture import findings_of
from inference.picture_parts import Stored
from inference.picture_timeline import named
from inference.picture_trends import trends
from inference.similar import Alike, Case, Cases, case_of
from knowledge.snapshot import Snapshot
from nlp.facts import read
from nlp.lexicon import Lexicon
from records.consent import reaches
from records.context import Region
from records.identity_unopened import Numbered, newer, newest, numbered
from records.store import Kept, Repository

_log = logging.getLogger(__name__)
_READ: Final = (
    *("Patient", "Condition", "AllergyIntolerance", "Observation", "Encounter"),
    *("MedicationRequest", "MedicationStatement", "MedicationDispense"),
)
_BATCH: Final = 25
_MOST_OF_ONE: Final = 400
_FIRST_SECONDS: Final = 2.0
"""How long whoever asks first waits for the index; what is not in it by then comes later."""
_PAUSE, _REST = 0.2, 2.0
"""Seconds between two batches while the index is made, and once it stands."""
_LOOKED_AT: Final = 4
"""So many times as many candidates are read again as are asked for: persons may withhold what made them alike."""


class Similar(NamedTuple):
    """A case that is alike, as it may be shown: ``own`` says whether it is of the institution that asks, which alone
    sees ``local_id`` and ``person``."""

    alike: Alike
    own: bool
    local_id: str
    person: int


class SimilarDesk:
    """Finds patients who are alike. ``most`` is how many records, the newest, are kept in memory; 0: none."""

    def __init__(
        self,
        engine: Engine,
        repository: Repository,
        shown: Repository,
        people: PersonRecords,
        region: Region,
        serving: Serving,
        most: int,
    ) -> None:
        self._engine, self._all, self._shown = engine, repository, shown
        self._people, self._region, self._serving, self._most = people, region, serving, most
        self._cases = Cases(serving.now.snapshot)
        self._before = self._newest = 0
        self._taken = 0
        self._whole = self._wanted = False
        self._lock = Lock()

    @property
    def whole(self) -> bool:
        """Whether every record that is to be kept was read once."""
        return self._whole

    def __len__(self) -> int:
        return len(self._cases)

    # -- the index -----------------------------------------------------------------------------

    async def keep_watch(self) -> None:
        """Keep up with the repository, once somebody asked for similar cases."""
        while True:
            try:
                await asyncio.to_thread(self.step if self._wanted and self._most else self.follow)
            except Exception as error:  # a record that cannot be read must not end the watch
                _log.error("similar cases not read", extra={"error": type(error).__name__})
            await asyncio.sleep(_REST if self._whole or not self._wanted else _PAUSE)

    def step(self) -> None:
        """Read the next few records, those that are new first; after the oldest it begins again. Raises
        ``SQLAlchemyError``."""
        self.follow()
        with self._lock, system("similar cases"), self._engine.connect() as connection:
            found = self._next(connection)
            if found:
                self._take(connection, found)

    def follow(self) -> None:
        """Begin anew with another release: concepts may have changed, and nothing holds on to one that was left."""
        with self._lock:
            if self._cases.snapshot is not self._serving.now.snapshot:
                self._cases = Cases(self._serving.now.snapshot)
                self._before = self._newest = self._taken = 0
                self._whole = False

    def _next(self, connection: Connection) -> Sequence[Numbered]:
        if self._newest:
            found = newer(connection, self._newest, _BATCH)
            if found:
                self._newest = found[-1].id
                return found
        found = newest(connection, _BATCH, self._before)
        self._newest = self._newest or (found[0].id if found else 0)
        self._taken += len(found)
        if len(found) < _BATCH or self._taken >= self._most:
            self._before = self._taken = 0
            self._whole = True
        else:
            self._before = found[-1].id
        return found

    def _take(self, connection: Connection, found: Sequence[Numbered]) -> None:
        rows = self._all.of_records(connection, [one.id for one in found], _READ, limit=_BATCH * _MOST_OF_ONE)
        by_record: dict[int | None, list[Kept]] = {}
        for row in rows:
            by_record.setdefault(row.record, []).append(row)
        made = [self._case(one.id, one.tenant, by_record.get(one.id, ())) for one in found]
        self._cases.put([case for case in made if case.has], [case.record for case in made if not case.has])
        self._cases.trim(self._most)

    def _case(self, record: int, tenant: str, rows: Iterable[Kept]) -> Case:
        """The case that rows of one record make."""
        stored = self._people.stored(rows)
        told = self._people.told(stored, str(record))
        snapshot = self._cases.snapshot
        series = trends(told.context, snapshot, told.sent)
        shown = [finding for finding, _ in findings_of(series, snapshot)]
        return case_of(record, tenant, told.context, told.history, [*shown, *_complaints(stored, snapshot)])

    # -- asking --------------------------------------------------------------------------------

    def of_patient(self, found: Principal, local_id: str) -> tuple[Case, frozenset[int]]:
        """The case of a patient, with the person, who is no match of their own. Raises ``ApiError`` 404."""
        record = self._people.read(found, local_id, False, "similar-cases")
        snapshot = record.told.served.snapshot
        series = trends(record.told.context, snapshot, record.told.sent)
        findings = [finding for finding, _ in findings_of(series, snapshot)]
        findings += _complaints(record.stored, snapshot)
        case = case_of(0, found.tenant, record.told.context, record.told.history, findings)
        return case, frozenset({record.person})

    def find(self, found: Principal, asked: Case, without: frozenset[int], limit: int) -> list[Similar]:
        """Patients whom the caller's scope reaches and who are alike by what the caller may see of them. Raises
        ``ApiError`` 422 where no cases are kept."""
        if not self._most:
            raise ApiError(422, "not-supported", "本机未启用相似病例检索（YIGONG_SIMILAR_CASES 为 0）")
        self._wanted = True
        until = time.monotonic() + _FIRST_SECONDS
        while not self._whole and time.monotonic() < until:
            self.step()
        near = self._cases.nearest(asked, found.scope.may_read, _LOOKED_AT * limit)
        with acting(found.scope), self._engine.connect() as connection:
            seen = [one for alike in near if (one := self._seen(connection, found, asked, alike.case)) is not None]
        return _distinct(seen, without, limit)

    def _seen(self, connection: Connection, found: Principal, asked: Case, case: Case) -> Similar | None:
        """A case as the caller may see it; None when nothing of it, or nothing that is alike."""
        row = numbered(connection, case.record)
        if row is None:
            return None
        rows = self._shown.of_records(connection, [case.record], _READ, limit=_MOST_OF_ONE)
        alike = self._cases.compared(asked, self._case(case.record, row.tenant, rows)) if rows else None
        return None if alike is None else Similar(alike, self._owns(found, row.tenant), row.local_id, row.person)

    def _owns(self, found: Principal, tenant: str) -> bool:
        """Whether a record is of an institution of the caller's own: who reads it through a league or county it is in
        reads it from outside."""
        if found.scope.everything:
            return True
        own = [path for path in (*found.scope.reads, *found.scope.writes) if not self._region.is_group(path)]
        return reaches(tenant, own)


def _complaints(stored: Iterable[Stored], snapshot: Snapshot) -> list[str]:
    """Findings that the reasons of visits name (主诉)."""
    words = (
        named(reason)
        for one in stored
        if one.resource.get("resourceType") == "Encounter"
        for reason in one.resource.get("reasonCode") or ()
    )
    text = "。".join(dict.fromkeys(filter(None, words)))
    return findings_in(text, snapshot)[0] if text else []


def findings_in(text: str, snapshot: Snapshot) -> tuple[list[str], list[str], list[str]]:
    """Findings, diseases and drugs (concepts) that a text says the patient has."""
    found: dict[str, dict[str, None]] = {"finding": {}, "disease": {}, "drug": {}}
    for fact in read(text, Lexicon.of(snapshot)):
        if fact.kind in found and fact.concept and fact.assertion == "present" and fact.who == "patient":
            found[fact.kind][fact.concept] = None
    return list(found["finding"]), list(found["disease"]), list(found["drug"])


def _distinct(seen: Iterable[Similar], without: frozenset[int], limit: int) -> list[Similar]:
    """One record of each person, the most alike, of equal ones that of one's own institution; nobody of
    ``without``."""
    best: dict[int, Similar] = {}
    for one in sorted(seen, key=lambda similar: (-similar.alike.score, not similar.own)):
        if one.person not in without:
            best.setdefault(one.person, one)
    return list(best.values())[:limit]


__all__ = ["Similar", "SimilarDesk", "findings_in"]
