"""The FHIR server's desk: reads for whoever may, and sends what is to be stored through the intake, waiting a little
for what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from sqlalchemy import Connection, Engine

from api.access import Access, Principal
from api.errors import ApiError, outcome
from base import masking
from base.audit import AuditLog, Event
from base.settings import Settings
from base.tenancy import acting
from exchange.fhir.person import demographics
from exchange.fhir.searching import Query, SearchError, matches, read_query
from exchange.fhir.server import FhirReads, Page, SeveralError, bundle, presented, tenant_of
from exchange.fhir.writing import Asked, Entry, answered, refused, told
from exchange.intake import ConflictError, Intake, Sent
from exchange.landing import CONFLICT, REASONS
from exchange.ledger import DEAD, DONE
from exchange.message import Json
from exchange.trace import Ledger
from records.identity import Identity, IdentityError, MissingPersonError
from records.identity_changes import Cause
from records.store import Repository

_PERSONAL: Final = frozenset({"Patient", "RelatedPerson"})
_POLL_SECONDS: Final = 0.02
_OWN_PARAMETERS: Final = frozenset({"_source", "_region"})
_MATCH_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a Bundle that was sent: the facts, or why it was given up, or neither while it waits."""

    id: str
    facts: tuple[dict[str, Any], ...] = ()
    fault: Json | None = None
    waits: bool = False


class FhirDesk:
    """Everything a route does that is more than reading the request."""

    def __init__(
        self,
        settings: Settings,
        access: Access,
        engine: Engine,
        intake: Intake,
        ledger: Ledger,
        repository: Repository,
        identity: Identity,
        audit: AuditLog,
    ) -> None:
        self._settings, self.access, self._engine = settings, access, engine
        self._intake, self._ledger, self._repository, self._identity = intake, ledger, repository, identity
        self._reads, self._audit = FhirReads(repository, identity), audit

    # -- reading -----------------------------------------------------------------------------

    def read(self, found: Principal, kind: str, local_id: str, source: str, version: int = 0) -> Json:
        """A resource, or one of its versions. Raises ``ApiError`` 404, 409."""
        with self._reading(found) as connection, _several():
            if version:
                resource = self._reads.version(connection, kind, local_id, version, found.tenant, source)
            else:
                resource = self._reads.read(connection, kind, local_id, found.tenant, source)
        if resource is None:
            raise ApiError(404, "not-found", f"没有 {kind}/{local_id}，或不在可查看的范围内")
        self._note(found, f"{kind}/{local_id}", tenant_of(resource["meta"]["source"]))
        return self._shown(found, resource)

    def history(self, found: Principal, kind: str, local_id: str, source: str) -> Json:
        """Every version. Raises ``ApiError`` 404, 409."""
        with self._reading(found) as connection, _several():
            entries = self._reads.history(connection, kind, local_id, found.tenant, source)
        if not entries:
            raise ApiError(404, "not-found", f"没有 {kind}/{local_id}，或不在可查看的范围内")
        self._note(found, f"{kind}/{local_id}/_history", found.tenant)
        shown = [e | {"resource": self._shown(found, e["resource"])} if "resource" in e else e for e in entries]
        return {"resourceType": "Bundle", "type": "history", "total": len(shown), "entry": shown}

    def search(self, found: Principal, kind: str, query: str, base: str) -> Json:
        """A searchset. ``_region=true`` looks in all institutions for a patient whom one's own institution knows;
        what the person withholds stays out. Raises ``SearchError``."""
        pairs = parse_qsl(query, keep_blank_values=True)
        given = dict(pair for pair in pairs if pair[0] in _OWN_PARAMETERS)
        asked = read_query(kind, [pair for pair in pairs if pair[0] not in _OWN_PARAMETERS])
        wide = given.get("_region") == "true"
        if wide and not asked.hints.patients:
            raise SearchError("_region", "须同时给出 patient：全域检索限一名患者")
        principal = self._wide(found) if wide else found
        with self._reading(principal) as connection:
            if kind == "Patient" and (wanted := _described(asked)):
                page = self._patients(connection, asked, wanted)
            else:
                page = self._reads.search(connection, asked, found.tenant, given.get("_source", ""))
        self._note_page(found, kind, page, "region" if wide else "")
        return bundle(page._replace(resources=tuple(self._shown(found, r) for r in page.resources)), base, query)

    def everything(self, found: Principal, local_id: str, wide: bool, limit: int) -> Json:
        """All that is known of a patient, the newest first. Raises ``ApiError`` 404."""
        principal = self._wide(found) if wide else found
        with self._reading(principal) as connection:
            person = self._asked_person(connection, found, local_id)
            with self.access.glass(principal, person) as broken:
                records = [one.id for one in self._identity.records_of(connection, person)]
                rows = self._repository.of_records(connection, records, limit=limit)
        detail = {"region": wide, "count": len(rows)} | ({"glass": True} if broken else {})
        self._audit.note(_read(found, f"person/{person}", "everything", detail))
        kept = [self._shown(found, presented(row.resource, row.tenant, row.version)) for row in rows]
        entries = [{"resource": r, "search": {"mode": "match"}} for r in kept]
        return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}

    def _asked_person(self, connection: Connection, found: Principal, local_id: str) -> int:
        """The person behind an id of one's own institution, or behind an outward number where the glass was broken
        for them. Raises ``ApiError`` 404."""
        record = self._identity.record_of(connection, found.tenant, local_id)
        if record is not None:
            return self._identity.person_of(connection, record)
        with suppress(MissingPersonError):
            person = self._identity.by_number(connection, local_id)
            if self.access.broke_glass(found, person):
                return person
        raise ApiError(404, "not-found", f"本机构没有 Patient/{local_id}")

    def match(self, found: Principal, patient: Json, limit: int, certain: bool) -> Json:
        """``$match``: persons that a description may mean, the surest first, with score and grade. Raises
        ``ApiError`` 422."""
        with self._reading(found) as connection:
            try:
                candidates = self._identity.find(connection, demographics(patient), limit)
            except IdentityError as error:
                raise ApiError(422, "processing", str(error)) from None
            kept = [c for c in candidates if c.certain or not certain]
            entries = [e for c in kept if (e := self._matched(connection, c)) is not None]
        self._audit.note(_read(found, "person", "match", {"count": len(entries)}))
        shown = [e | {"resource": self._shown(found, e["resource"])} for e in entries]
        return {"resourceType": "Bundle", "type": "searchset", "total": len(shown), "entry": shown}

    def merge(self, found: Principal, survivor: str, retired: str) -> str:
        """``$merge``: two ids of one's own institution are one person; gives the person's outward number. Raises
        ``ApiError`` 404, 422."""
        tenant = found.home()
        with acting(found.scope), self._engine.begin() as connection:
            stays, goes = (self._identity.record_of(connection, tenant, one) for one in (survivor, retired))
            if stays is None or goes is None:
                raise ApiError(404, "not-found", "两名患者均须已在本机构登记")
            cause = Cause(found.name, datetime.now(UTC), "机构声明两个患者标识为同一人", rule="$merge")
            try:
                if not self._identity.join(connection, stays, goes, cause):
                    raise ApiError(409, "business-rule", "有人已确认两个标识不是同一人，请先在主索引中更正")
                number = self._identity.number(self._identity.person_of(connection, stays))
            except IdentityError as error:
                raise ApiError(422, "business-rule", str(error)) from None
        self._audit.note(
            Event(found.name, "person.merge", f"{tenant}/Patient/{survivor}"[:160], tenant, found.source)
        )
        return number

    def _matched(self, connection: Connection, candidate: Any) -> Json | None:
        """A candidate as an entry, with the ids of the person in all institutions that whoever asks reaches."""
        records = self._identity.records_of(connection, candidate.person)
        kept = (self._repository.get(connection, one.tenant, "Patient", one.local_id) for one in records)
        row = next((one for one in kept if one is not None), None)
        if row is None:
            return None
        links = [{"system": f"urn:yigong:{one.tenant}", "value": one.local_id} for one in records]
        number = {"system": "urn:yigong:person", "value": self._identity.number(candidate.person)}
        resource = presented(row.resource, row.tenant, row.version)
        resource["identifier"] = [*resource.get("identifier", ()), number, *links]
        grade = {"url": _MATCH_GRADE, "valueCode": str(candidate.grade)}
        return {
            "resource": resource,
            "search": {"extension": [grade], "mode": "match", "score": candidate.probability},
        }

    def _patients(self, connection: Connection, asked: Query, wanted: Json) -> Page:
        """Patients by name, number or phone, through the index of persons."""
        try:
            found = self._identity.look_up(connection, demographics(wanted), asked.count)
        except IdentityError:
            return Page((), total=0)
        rows = (self._repository.get(connection, one.tenant, "Patient", one.local_id) for one in found)
        kept = [presented(row.resource, row.tenant, row.version) for row in rows if row is not None]
        exact = [c for c in asked.criteria if c.name not in ("name", "identifier", "phone")]
        return Page(tuple(resource for resource in kept if matches(resource, exact)))

    def _wide(self, found: Principal) -> Principal:
        """Whoever asks, reading in the whole league: what persons withhold the repository keeps back."""
        if found.scope.everything:
            return found
        return replace(found, scope=replace(found.scope, reads=(*found.scope.reads, self._settings.league)))

    @contextmanager
    def _reading(self, found: Principal) -> Any:
        with acting(found.scope), self._engine.connect() as connection:
            yield connection

    def _shown(self, found: Principal, resource: Json) -> Json:
        """Without ``person.identify`` names and numbers are masked."""
        personal = resource.get("resourceType") in _PERSONAL
        return masking.patient(resource) if personal and not found.may("person.identify") else resource

    def _note(self, found: Principal, subject: str, tenant: str) -> None:
        self._audit.note(_read(found, f"{tenant}/{subject}", "read", {}))

    def _note_page(self, found: Principal, kind: str, page: Page, why: str) -> None:
        detail = {"type": kind, "count": len(page.resources)}
        for person in page.persons:
            self._audit.note(_read(found, f"person/{person}", why or "search", detail))
        if not page.persons:
            self._audit.note(_read(found, kind, why or "search", detail))

    # -- writing -----------------------------------------------------------------------------

    async def store(self, found: Principal, sent: Json, message_id: str = "") -> Stored:
        """Send one Bundle through the intake and wait for what becomes of it. Raises ``BusyError``, ``ApiError`` 409
        for a message id that was used for something else."""
        tenant = found.home()
        with acting(found.scope):
            try:
                asked = Sent(tenant, "fhir", orjson.dumps(sent), message_id, "Bundle", found.name)
                receipt = await self._intake.accept(asked)
            except ConflictError as error:
                raise ApiError(409, "duplicate", str(error)) from None
        return await self._fate(found, receipt.id)

    async def batch(self, found: Principal, asked: Asked, base: str) -> Json:
        """Each entry for itself, in its place."""
        done: dict[int, Json] = {}
        for sent, places in asked.bundles:
            done |= entries_of(sent, places, await self.store(found, sent))
        read = {entry.place: await asyncio.to_thread(self._answer, found, entry, base) for entry in asked.reads}
        return answered(asked, done, read)

    def _answer(self, found: Principal, entry: Entry, base: str) -> Json:
        """A reading entry of a batch."""
        path, _, query = entry.url.lstrip("/").partition("?")
        kind, _, local_id = path.partition("/")
        try:
            resource = (
                self.read(found, kind, local_id, "")
                if local_id
                else self.search(found, kind, query, f"{base}/{kind}")
            )
        except ApiError as error:
            return {
                "response": {"status": str(error.status), "outcome": outcome(error.code, error.message, error.path)}
            }
        except SearchError as error:
            return {"response": {"status": "400", "outcome": outcome("invalid", error.problem, error.parameter)}}
        return {"resource": resource, "response": {"status": "200 OK"}}

    async def _fate(self, found: Principal, key: str) -> Stored:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.fhir_wait_seconds
        while True:
            told = await asyncio.to_thread(self._traced, found, key)
            if told["state"] == DONE:
                return Stored(key, tuple(told["facts"]))
            if told["state"] == DEAD:
                return Stored(key, fault=told["dead"])
            if loop.time() > until:
                return Stored(key, waits=True)
            await asyncio.sleep(_POLL_SECONDS)

    def _traced(self, found: Principal, key: str) -> dict[str, Any]:
        with acting(replace(found.scope, reads=(*found.scope.reads, *found.scope.writes))):
            return self._ledger.trace(key)


def entries_of(sent: Json, places: Iterable[int], stored: Stored) -> dict[int, Json]:
    """Entries of the answer for a Bundle that was sent."""
    if stored.fault is not None:
        return refused(places, str(status_of(stored.fault)), fault_of(stored))
    if stored.waits:
        said = outcome("informational", f"已接收，尚未入库: /api/v1/exchange/messages/{stored.id}")
        said["issue"][0]["severity"] = "information"
        return refused(places, "202 Accepted", said)
    return told(sent, places, stored.facts)


def status_of(fault: Json) -> int:
    """HTTP status of a message that was given up."""
    return {"unreadable": 400, CONFLICT: 409, "fault": 500, "crash": 500}.get(str(fault["reason"]), 422)


def fault_of(stored: Stored) -> Json:
    """Why a message was given up, as an OperationOutcome; it stays here and can be done anew."""
    fault = stored.fault or {}
    text = f"{fault.get('title') or REASONS.get(str(fault.get('reason')), '')}: {fault.get('problem', '')}"
    made = outcome("processing", text, str(fault.get("field") or ""))
    made["issue"][0]["diagnostics"] = f"{fault.get('field', '')} 报文 {stored.id}".strip()
    return made


def _described(asked: Query) -> Json:
    """A Patient as a query describes one: by what only the index of persons can find."""
    made: Json = {}
    for criterion in asked.criteria:
        value = criterion.values[0]
        if criterion.name == "name":
            made["name"] = [{"text": value}]
        elif criterion.name == "identifier":
            system, _, number = value.rpartition("|")
            made["identifier"] = [{"system": system, "value": number} if system else {"value": number}]
        elif criterion.name == "phone":
            made["telecom"] = [{"system": "phone", "value": value.rpartition("|")[2]}]
    if made:
        beside = {"gender": "gender", "birthdate": "birthDate"}
        made |= {beside[c.name]: c.values[0].removeprefix("eq") for c in asked.criteria if c.name in beside}
    return made


@contextmanager
def _several() -> Any:
    try:
        yield
    except SeveralError as error:
        raise ApiError(409, "multiple-matches", str(error), "_source") from None


def _read(found: Principal, subject: str, why: str, detail: dict[str, Any]) -> Event:
    return Event(found.name, "person.read", subject[:160], found.tenant, found.source, why, detail)
