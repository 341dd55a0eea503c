"""Everything on record of one person, as whoever asks may see it: found, held to consent and privacy, read as nouns
and understood by the release being served."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import orjson
from sqlalchemy import Connection, Engine

from api.access import Access, Principal
from api.errors import ApiError
from api.regional import merged, placed, read_list, told_by
from api.serving import Served, Serving
from base.settings import Settings
from base.tenancy import acting
from clinical.logic import Unknown
from clinical.patient import Condition, PatientContext
from clinical.value import replace
from exchange.fhir.context import ReadError, read_context
from inference.picture_parts import Stored
from records.context import KINDS, History, Part, Region
from records.identity import Identity, MissingPersonError
from records.kinds import Json
from records.store import Kept, Repository

MOST: Final = 5_000
"""Resources of a person that are looked at: the newest."""
_LISTED: Final = frozenset(kind for kinds in KINDS.values() for kind in kinds)


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a person: ``context`` and ``history`` (all diagnoses ever) resolved against ``served``;
    ``sent`` observations by reference; ``patients`` what institutions say of who it is, the newest first; ``parts``
    what each institution told."""

    served: Served
    context: PatientContext
    history: tuple[Condition, ...]
    sent: dict[str, Json]
    patients: tuple[Json, ...]
    parts: tuple[Part, ...]

    def ever(self) -> PatientContext:
        """Everything that was done, from each who tells it, understood: what is over, and what two tell, too."""
        bare = PatientContext(self.context.id, self.context.as_of)
        facts: dict[str, tuple[Any, ...]] = {}
        for part in self.parts:
            for name, told in told_by(part, bare, ("conditions", "allergies")):
                facts[name] = (*facts.get(name, ()), *told)
        resolved, _, _ = self.served.terminology.resolve(replace(bare, **facts), ())
        return resolved


@dataclass(frozen=True, slots=True)
class Record:
    """A person's record: ``number`` is their outward one, ``stored`` every resource, the newest first; ``glass`` says
    whether this was an emergency access, ``cut`` whether there is more than was looked at."""

    person: int
    number: str
    told: Told
    stored: tuple[Stored, ...]
    glass: bool
    cut: bool


class PersonRecords:
    """Reads persons' records. ``repository`` holds what is read to the persons' wishes."""

    def __init__(
        self,
        settings: Settings,
        access: Access,
        engine: Engine,
        repository: Repository,
        identity: Identity,
        region: Region,
        serving: Serving,
    ) -> None:
        self._settings, self._access, self._engine = settings, access, engine
        self._repository, self._identity, self._region, self._serving = repository, identity, region, serving

    def read(self, found: Principal, number: str, wide: bool, why: str) -> Record:
        """The record behind an id of one's own institution or a person's outward number; ``wide``: of the whole
        league. The access is audited. Raises ``ApiError`` 404."""
        principal = self._wide(found) if wide else found
        with self._reading(principal) as connection:
            person = self._person(connection, found, number)
            with self._access.glass(principal, person) as broken:
                records = [one.id for one in self._identity.records_of(connection, person)]
                rows = self._repository.of_records(connection, records, limit=MOST + 1)
        detail = {"region": wide, "count": len(rows)} | ({"glass": True} if broken else {})
        self._access.note(found, "person.read", f"person/{person}", why, **detail)
        return self._record(person, number, rows, broken)

    def _person(self, connection: Connection, found: Principal, number: str) -> int:
        """Who is meant: somebody whom the caller's own scope holds a record of, or for whom the glass is broken."""
        with acting(found.scope):
            record = self._identity.record_of(connection, found.tenant, number)
            if record is not None:
                return self._identity.person_of(connection, record)
            try:
                person = self._identity.by_number(connection, number)
            except MissingPersonError:
                raise _unknown() from None
            if self._identity.records_of(connection, person) or self._access.broke_glass(found, person):
                return person
        raise _unknown()

    def _wide(self, found: Principal) -> Principal:
        """Whoever asks, reading in the whole league: what persons withhold the repository keeps back."""
        if found.scope.everything:
            return found
        scope = dataclasses.replace(found.scope, reads=(*found.scope.reads, self._settings.league))
        return dataclasses.replace(found, scope=scope)

    @contextmanager
    def _reading(self, found: Principal) -> Iterator[Connection]:
        with acting(found.scope), self._engine.connect() as connection:
            yield connection

    # -- what was found, as nouns --------------------------------------------------------------

    def _record(self, person: int, number: str, rows: Sequence[Kept], glass: bool) -> Record:
        stored = self.stored(rows[:MOST])
        told = self.told(stored, number)
        return Record(person, self._identity.number(person), told, stored, glass, len(rows) > MOST)

    def stored(self, rows: Iterable[Kept]) -> tuple[Stored, ...]:
        """Resources with the names of their institutions."""
        name = self._region.directory.name
        return tuple(Stored(row.tenant, name(row.tenant), row.at, orjson.loads(row.resource)) for row in rows)

    def told(self, stored: Sequence[Stored], number: str) -> Told:
        """What resources of one person say, understood by the release being served."""
        now, served = datetime.now(UTC), self._serving.now
        patients = tuple(one.resource for one in stored if one.resource.get("resourceType") == "Patient")
        parts, bare = tuple(self._parts(stored)), _bare(number, patients, now)
        context, _ = merged(bare, History(parts))
        context, _, _ = served.terminology.resolve(context, ())
        ever = tuple(condition for part in parts for condition in _conditions(part, bare))
        resolved, _, _ = served.terminology.resolve(replace(bare, conditions=ever), ())
        history = () if isinstance(resolved.conditions, Unknown) else resolved.conditions
        return Told(served, context, history, _sent(stored), patients, parts)

    def _parts(self, stored: Iterable[Stored]) -> Iterator[Part]:
        """What reviews read of a patient, by institution, with its path in their references."""
        by_tenant: dict[str, list[msgspec.Raw]] = {}
        for one in stored:
            if one.resource.get("resourceType") in _LISTED:
                made = (msgspec.Raw(orjson.dumps(resource)) for resource in spread(one.resource))
                by_tenant.setdefault(one.tenant, []).extend(made)
        for tenant, raws in sorted(by_tenant.items()):
            yield Part(tenant, self._region.directory.name(tenant), False, False, tuple(raws))


def _sent(stored: Iterable[Stored]) -> dict[str, Json]:
    return {
        f"{one.tenant}/Observation/{resource['id']}": resource
        for one in stored
        if one.resource.get("resourceType") == "Observation"
        for resource in spread(one.resource)
    }


def spread(resource: Json) -> Iterator[Json]:
    """A resource; of an observation with components (the two pressures) these too, each as an observation."""
    yield resource
    components = resource.get("component") if resource.get("resourceType") == "Observation" else None
    for number, part in enumerate(components if isinstance(components, list) else ()):
        if isinstance(part, dict) and "code" in part:
            rest = {k: v for k, v in resource.items() if k not in ("component", "valueQuantity", "referenceRange")}
            yield {**rest, **part, "id": f"{resource.get('id')}.{number}"}


def _bare(number: str, patients: Sequence[Json], now: datetime) -> PatientContext:
    """Who it is, without any list."""
    for patient in patients:
        try:
            return read_context({"patientId": number}, {"patient": patient}, now).context
        except ReadError:  # checked when it was stored, by other rules perhaps
            continue
    return PatientContext(number, now)


def _conditions(part: Part, bare: PatientContext) -> Iterator[Condition]:
    """All diagnoses of an institution, those that are over too."""
    raws = [raw for raw in part.resources if b'"resourceType":"Condition"' in bytes(raw)]
    for condition in read_list("conditions", raws, bare.as_of) if raws else ():
        yield placed(condition, part, bare)


def _unknown() -> ApiError:
    return ApiError(404, "not-found", "没有该患者的档案，或不在您的权限范围内")


__all__ = ["MOST", "PersonRecords", "Record", "Told", "spread"]
