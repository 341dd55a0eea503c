"""What our FHIR server reads: one resource, its versions, searches. Rows are of whoever acts (``base.tenancy``), and
held to the wishes of the persons by the repository.

Ids are the sender's and count within an institution. A search over several says whose a resource is in
``meta.source``; where one id means several resources, ``_source`` picks one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlencode

import orjson
from sqlalchemy import Connection

from exchange.fhir.searching import PARAMETERS, Criterion, Hints, Query, SearchError, at, matches, span_of
from exchange.message import Json

_URN: Final = "urn:yigong:"
_PAGE: Final = 250
_SCANNED: Final = 20_000
"""So many rows a search looks at before it asks to be narrowed."""
_OF_ONE: Final = 5_000
_ENDLESS: Final = datetime.max.replace(tzinfo=UTC)


class Row(Protocol):
    """A stored resource, as ``records.store`` gives it."""

    @property
    def tenant(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def local_id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def resource(self) -> bytes: ...


class Old(Protocol):
    """One version of a resource."""

    @property
    def version(self) -> int: ...
    @property
    def sent(self) -> datetime: ...
    @property
    def deleted(self) -> bool: ...
    @property
    def resource(self) -> bytes: ...


class Repository(Protocol):
    """Where resources are kept (``records.store.Repository``)."""

    def get(self, connection: Connection, tenant: str, kind: str, local_id: str) -> Row | None: ...

    def of_records(
        self,
        connection: Connection,
        records: Iterable[int],
        kinds: Iterable[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 1000,
    ) -> Sequence[Row]: ...

    def search(
        self,
        connection: Connection,
        kind: str,
        *,
        records: Iterable[int] | None = None,
        local_ids: Iterable[str] | None = None,
        tenant: str = "",
        status: str = "",
        code: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[Row]: ...

    def history(self, connection: Connection, tenant: str, kind: str, local_id: str) -> Sequence[Old]: ...


class Sibling(Protocol):
    @property
    def id(self) -> int: ...


class People(Protocol):
    """Which records are one person's (``records.identity.Identity``)."""

    def record_of(self, connection: Connection, tenant: str, local_id: str) -> int | None: ...

    def person_of(self, connection: Connection, record: int) -> int: ...

    def records_of(self, connection: Connection, person: int) -> Sequence[Sibling]: ...


class SeveralError(Exception):
    """An id that means resources of several institutions: ``sources`` are theirs."""

    def __init__(self, sources: Sequence[str]) -> None:
        super().__init__(f"有 {len(sources)} 家机构的资源使用该 id，请以 _source 指明其一: {', '.join(sources)}")
        self.sources = sources


class Page(NamedTuple):
    """Found resources, the place after which the next page begins (empty at the end), how many there are if counted,
    and the persons they are of."""

    resources: tuple[Json, ...]
    next: str = ""
    total: int | None = None
    persons: frozenset[int] = frozenset()


class FhirReads:
    """Reading. ``own`` is the institution that asks: ids without ``_source`` are its own where it has such a one."""

    def __init__(self, repository: Repository, people: People) -> None:
        self._repository, self._people = repository, people

    def read(self, connection: Connection, kind: str, local_id: str, own: str, source: str = "") -> Json | None:
        """A resource as it stands now. Raises ``SeveralError``."""
        row = self._row(connection, kind, local_id, own, source)
        return None if row is None else presented(row.resource, row.tenant, row.version)

    def history(self, connection: Connection, kind: str, local_id: str, own: str, source: str = "") -> list[Json]:
        """A history Bundle's entries, the newest first; empty when nothing is known. Raises ``SeveralError``."""
        tenant = tenant_of(source) or self._tenant(connection, kind, local_id, own)
        versions = self._repository.history(connection, tenant, kind, local_id) if tenant else ()
        return [_version(kind, local_id, tenant, old) for old in reversed(versions)]

    def version(
        self, connection: Connection, kind: str, local_id: str, number: int, own: str, source: str = ""
    ) -> Json | None:
        """One version; None when there is no such one or it says that the sender took the resource back."""
        entries = self.history(connection, kind, local_id, own, source)
        found = (
            e["resource"] for e in entries if e.get("resource", {}).get("meta", {}).get("versionId") == str(number)
        )
        return next(found, None)

    def search(self, connection: Connection, query: Query, own: str, source: str = "") -> Page:
        """One page. Raises ``SearchError`` when a parameter is missing without which too much would be read."""
        records, persons = self._records(connection, query.hints.patients, own)
        if query.hints.patients and not records:
            return Page((), total=0)
        if records and (query.sort or query.total):
            return self._of_patient(connection, query, records, persons)
        if query.sort:
            raise SearchError("_sort", "须同时给出 patient：只能对一名患者的资源排序")
        return self._page(connection, query, records or None, tenant_of(source), persons)

    def _row(self, connection: Connection, kind: str, local_id: str, own: str, source: str) -> Row | None:
        tenant = tenant_of(source) or self._tenant(connection, kind, local_id, own)
        return self._repository.get(connection, tenant, kind, local_id) if tenant else None

    def _tenant(self, connection: Connection, kind: str, local_id: str, own: str) -> str:
        """Whose resource an id means; empty when nobody's."""
        if own and self._repository.get(connection, own, kind, local_id) is not None:
            return own
        found = self._repository.search(connection, kind, local_ids=(local_id,), limit=20)
        tenants = [row.tenant for row in found]
        if len(tenants) > 1:
            raise SeveralError([f"{_URN}{tenant}" for tenant in tenants])
        return tenants[0] if tenants else own

    def _records(self, connection: Connection, patients: Iterable[str], own: str) -> tuple[set[int], frozenset[int]]:
        """All records of the persons whom the institution that asks knows by these ids."""
        persons = set()
        for local_id in patients:
            record = self._people.record_of(connection, own, local_id) if own else None
            if record is not None:
                persons.add(self._people.person_of(connection, record))
        records = {sibling.id for person in persons for sibling in self._people.records_of(connection, person)}
        return records, frozenset(persons)

    def _of_patient(self, connection: Connection, query: Query, records: set[int], persons: frozenset[int]) -> Page:
        """Everything of a patient that fits, sorted."""
        hints = query.hints
        rows = self._repository.of_records(connection, records, (query.kind,), hints.since, hints.until, _OF_ONE)
        found = list(_fitting(rows, query))
        name = query.sort.removeprefix("-")
        if name:
            path = _time_path(query, name)
            found.sort(key=lambda r: _when(r, path), reverse=query.sort.startswith("-"))
        start = int(query.after) if query.after.isdecimal() else 0
        end = start + query.count
        return Page(tuple(found[start:end]), str(end) if end < len(found) else "", len(found), persons)

    def _page(
        self, connection: Connection, query: Query, records: set[int] | None, tenant: str, persons: frozenset[int]
    ) -> Page:
        """Rows by place until a page is full."""
        found: list[Json] = []
        after, scanned = _place(query.after), 0
        while True:
            rows = self._repository.search(connection, query.kind, **_narrowed(query.hints, records, tenant, after))
            for row in rows:
                after = (row.tenant, row.local_id)
                resource = presented(row.resource, row.tenant, row.version)
                if matches(resource, _decisive(query)):
                    found.append(resource)
                if len(found) > query.count:
                    return Page(tuple(found[:-1]), _after(found[-2]) if query.count else "", None, persons)
            scanned += len(rows)
            if len(rows) < _PAGE:
                return Page(tuple(found), "", len(found) if not query.after else None, persons)
            if scanned >= _SCANNED:
                raise SearchError("patient", "须给出患者，否则检索范围过大")


def presented(resource: bytes, tenant: str, version: int) -> Json:
    """A stored resource as it goes out: with its version, and whose it is."""
    made: Json = orjson.loads(resource)
    meta = dict(made.get("meta") or {})
    made["meta"] = meta | {"versionId": str(version), "source": f"{_URN}{tenant}"}
    return made


def tenant_of(source: str) -> str:
    """The institution that a ``meta.source`` names; empty for none. Raises ``SearchError``."""
    if source and not source.startswith(_URN):
        raise SearchError("_source", f"须以 {_URN} 开头")
    return source.removeprefix(_URN)


def bundle(page: Page, base: str, query: str) -> Json:
    """A searchset; ``base`` is the URL of the type, ``query`` what was asked."""
    links = [{"relation": "self", "url": f"{base}?{query}" if query else base}]
    if page.next:
        pairs = [part for part in query.split("&") if part and not part.startswith("_after=")]
        pairs.append(urlencode({"_after": page.next}))
        links.append({"relation": "next", "url": f"{base}?{'&'.join(pairs)}"})
    entries = [
        {"fullUrl": f"{base}/{resource['id']}", "resource": resource, "search": {"mode": "match"}}
        for resource in page.resources
    ]
    made: Json = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if page.total is not None:
        made["total"] = page.total
    return made | ({"entry": entries} if entries else {})


def _fitting(rows: Iterable[Row], query: Query) -> Iterator[Json]:
    criteria = _decisive(query)
    for row in rows:
        resource = presented(row.resource, row.tenant, row.version)
        if matches(resource, criteria):
            yield resource


def _decisive(query: Query) -> tuple[Criterion, ...]:
    """What is decided on the resource: not the patient, whom each institution calls by an id of its own."""
    return tuple(c for c in query.criteria if c.name not in ("patient", "subject"))


def _narrowed(hints: Hints, records: set[int] | None, tenant: str, after: tuple[str, str] | None) -> dict[str, Any]:
    def only(values: frozenset[str]) -> str:
        return next(iter(values)) if len(values) == 1 else ""

    return {
        "records": records,
        "local_ids": hints.ids or None,
        "tenant": tenant,
        "status": only(hints.statuses),
        "code": only(hints.codes),
        "since": hints.since,
        "until": hints.until,
        "after": after,
        "limit": _PAGE,
    }


def _place(text: str) -> tuple[str, str] | None:
    tenant, bar, local_id = text.rpartition("|")
    return (tenant, local_id) if bar else None


def _after(resource: Json) -> str:
    return f"{tenant_of(resource['meta']['source'])}|{resource['id']}"


def _time_path(query: Query, name: str) -> tuple[str, ...]:
    return PARAMETERS[query.kind][name].paths


def _when(resource: Json, paths: tuple[str, ...]) -> datetime:
    spans = (span_of(value) for path in paths for value in at(resource, path))
    return next((span[0] for span in spans if span is not None), _ENDLESS)


def _version(kind: str, local_id: str, tenant: str, old: Old) -> Json:
    """An entry of a history."""
    request = {"method": "DELETE" if old.deleted else "PUT", "url": f"{kind}/{local_id}"}
    response = {"status": "204" if old.deleted else "200", "lastModified": old.sent.isoformat()}
    entry: Json = {"request": request, "response": response | {"etag": f'W/"{old.version}"'}}
    return entry if old.deleted else entry | {"resource": presented(old.resource, tenant, old.version)}


__all__ = ["FhirReads", "Page", "SeveralError", "bundle", "presented", "tenant_of"]
