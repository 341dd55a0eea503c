"""Codes at intake: beside a hospital's code stands the standard's that a person confirmed; what nobody mapped is
counted by hospital, the most frequent first, for those who make maps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, delete, insert, select

from base.db import alone, inserting
from base.tenancy import system
from clinical.codes import HospitalCode, code_for
from records.code_maps import CodeMaps, Translation
from records.code_tables import sightings, unmapped
from records.facts import Facts
from records.quality_tables import day_of

Json = dict[str, Any]
_LOOK_SECONDS: Final = 5.0
_BATCH: Final = 1000
_LOCK: Final = 7195032
_OF_HL7: Final = ("http://terminology.hl7.org/", "http://hl7.org/fhir/", "urn:ietf:", "urn:iso:")
_DEEPEST: Final = 12


class Sighting(NamedTuple):
    """A code that stands alone: of no standard, and mapped to none. ``place`` is where (``Observation.code``)."""

    system: str
    code: str
    place: str
    display: str


class Unmapped(NamedTuple):
    """How often a code was seen that nobody mapped; days are Chinese."""

    tenant: str
    system: str
    code: str
    place: str
    display: str
    seen: int
    first: str
    last: str


class Coder:
    """Puts standard codes beside hospitals' own. Confirmed maps are held in memory; new ones show within seconds."""

    def __init__(self, engine: Engine, maps: CodeMaps) -> None:
        self._engine, self._maps = engine, maps
        self._known: dict[str, dict[tuple[str, str], tuple[Translation, ...]]] = {}
        self._mark: tuple[Any, ...] = ()
        self._looked = 0.0

    def annotate(self, tenant: str, resources: Sequence[Json]) -> tuple[list[Json], list[Sighting]]:
        """The resources with standard codings added, and the codes that nobody mapped. What is changed is a copy."""
        known = self._of(tenant)
        found: list[Sighting] = []
        made = [_Walk(known, found).resource(resource) for resource in resources]
        return made, found

    def keep(self, connection: Connection, tenant: str, found: Sequence[Sighting], at: datetime) -> None:
        """Count unmapped codes of a message, in the message's own transaction."""
        if found:
            told = [[*sighting, day_of(at)] for sighting in found]
            connection.execute(insert(sightings).values(tenant=tenant, seen=orjson.dumps(told)))

    def _of(self, tenant: str) -> dict[tuple[str, str], tuple[Translation, ...]]:
        now = time.monotonic()
        if not self._looked or now - self._looked > _LOOK_SECONDS:
            mark = self._maps.changed()
            if mark != self._mark:
                self._known, self._mark = {}, mark
            self._looked = now
        if tenant not in self._known:
            self._known[tenant] = self._maps.confirmed(tenant)
        return self._known[tenant]

    # -- the work list -------------------------------------------------------------------------

    def work_list(self, tenant: str, source: str = "", limit: int = 100, offset: int = 0) -> list[Unmapped]:
        """Codes that nobody mapped, the most frequent first, of a tenant and all below it in scope."""
        add_up(self._engine)
        below = unmapped.c.tenant.startswith(f"{tenant}/", autoescape=True)
        query = select(unmapped).where((unmapped.c.tenant == tenant) | below)
        query = query.where(unmapped.c.system == source) if source else query
        place = (unmapped.c.code, unmapped.c.tenant, unmapped.c.system, unmapped.c.place)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(unmapped.c.seen.desc(), *place).offset(offset).limit(limit))
            return [Unmapped(*(getattr(row, name) for name in Unmapped._fields)) for row in rows]


class _Walk:
    """One pass over a resource: its CodeableConcepts, each with what is confirmed of its codings."""

    def __init__(self, known: Mapping[tuple[str, str], tuple[Translation, ...]], found: list[Sighting]) -> None:
        self._known, self._found = known, found

    def resource(self, resource: Json) -> Json:
        kind = str(resource.get("resourceType", ""))
        changed = {
            key: made
            for key, value in resource.items()
            if isinstance(value, dict | list) and (made := self._value(value, f"{kind}.{key}", 0)) is not value
        }
        return {**resource, **changed} if changed else resource

    def _value(self, value: Any, place: str, depth: int) -> Any:
        """The value itself where nothing in it changed."""
        if depth > _DEEPEST:
            return value
        if isinstance(value, list):
            made = [self._value(one, place, depth + 1) for one in value]
            return made if any(a is not b for a, b in zip(made, value, strict=True)) else value
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("coding"), list):
            return self._concept(value, place)
        changed = {
            key: made
            for key, one in value.items()
            if isinstance(one, dict | list) and (made := self._value(one, f"{place}.{key}", depth + 1)) is not one
        }
        return {**value, **changed} if changed else value

    def _concept(self, concept: dict[str, Any], place: str) -> dict[str, Any]:
        codings = [coding for coding in concept["coding"] if isinstance(coding, dict)]
        added = list(self._added(codings))
        if not any(self._is_settled(coding) for coding in codings):
            self._found += [s for coding in codings if (s := _sighting(coding, place, concept)) is not None]
        return {**concept, "coding": [*concept["coding"], *added]} if added else concept

    def _is_settled(self, coding: Json) -> bool:
        """Whether a coding is a standard's, or somebody decided what it means (that it means nothing there is)."""
        return _is_plain(coding) and (
            (coding["system"], coding["code"]) in self._known or _of_standard(coding["system"], coding["code"])
        )

    def _added(self, codings: Sequence[Json]) -> Iterator[dict[str, str]]:
        there = {(coding.get("system"), coding.get("code")) for coding in codings if _is_plain(coding)}
        for coding in codings:
            key = (coding.get("system"), coding.get("code"))
            for told in self._known.get(key, ()) if _is_plain(coding) else ():  # type: ignore[arg-type]
                if (told.system, told.code) not in there:
                    there.add((told.system, told.code))
                    yield {"system": told.system, "code": told.code, "display": told.display}


def _is_plain(coding: Json) -> bool:
    return isinstance(coding.get("system"), str) and isinstance(coding.get("code"), str)


@lru_cache(maxsize=16384)
def _of_standard(uri: str, code: str) -> bool:
    """Whether a code is of a system that everybody knows: HL7's own, or a standard's with a code of its form."""
    return (
        uri.startswith(_OF_HL7)
        and not uri.startswith("http://hl7.org/fhir/sid/")
        or (not isinstance(code_for(uri, code), HospitalCode))
    )


def _sighting(coding: Json, place: str, concept: Json) -> Sighting | None:
    if not _is_plain(coding) or not coding["code"].strip():
        return None
    display = coding.get("display") or concept.get("text") or ""
    told = display if isinstance(display, str) else ""
    return Sighting(coding["system"][:200], coding["code"][:80], place[:80], told[:400])


def add_up(engine: Engine) -> int:
    """Add what messages saw to the work list. Safe to call from several workers. Gives how many messages."""
    total = 0
    with system("codes that nobody mapped"):
        while True:
            with engine.begin() as connection:
                alone(connection, _LOCK)
                rows = connection.execute(select(sightings).order_by(sightings.c.id).limit(_BATCH)).all()
                if rows:
                    _add(connection, rows)
                    connection.execute(delete(sightings).where(sightings.c.id.in_([row.id for row in rows])))
            total += len(rows)
            if len(rows) < _BATCH:
                return total


def _add(connection: Connection, rows: Sequence[Any]) -> None:
    sums: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for row in rows:
        for uri, code, place, display, day in orjson.loads(row.seen):
            key = (row.tenant, uri, code, place)
            held = sums.setdefault(key, {"display": display, "seen": 0, "first": day, "last": day})
            held["seen"] += 1
            held["first"], held["last"] = min(held["first"], day), max(held["last"], day)
            held["display"] = display or held["display"]
    made = inserting(connection, unmapped)
    change = {name: made.excluded[name] for name in ("display", "last")}
    change |= {"seen": unmapped.c.seen + made.excluded.seen}
    values = [
        {"tenant": tenant, "system": uri, "code": code, "place": place} | held
        for (tenant, uri, code, place), held in sorted(sums.items())
    ]
    connection.execute(made.on_conflict_do_update(index_elements=list(unmapped.primary_key), set_=change), values)


class CodedFacts:
    """A repository that keeps resources with the standard codes added, and counts what nobody mapped."""

    def __init__(self, facts: Facts, coder: Coder) -> None:
        self._facts, self._coder = facts, coder

    def put(
        self,
        connection: Connection,
        tenant: str,
        record: int | None,
        resources: Sequence[Json],
        *,
        message: int,
        at: datetime,
    ) -> Sequence[Any]:
        coded, found = self._coder.annotate(tenant, resources)
        placed = self._facts.put(connection, tenant, record, coded, message=message, at=at)
        self._coder.keep(connection, tenant, found, at)
        return placed

    def remove(
        self, connection: Connection, tenant: str, references: Sequence[str], *, message: int, at: datetime
    ) -> Sequence[Any]:
        return self._facts.remove(connection, tenant, references, message=message, at=at)
