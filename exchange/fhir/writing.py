"""What a FHIR client sends to be stored, as Bundles for the intake (one of a transaction or a single resource,
several of a batch), and the answer, from what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

from exchange.message import Json, MessageError

_CREATED, _OK, _GONE = "201 Created", "200 OK", "204 No Content"
_STATUS: Final = {"new": _CREATED, "changed": _OK, "same": _OK, "stale": "409 Conflict", "deleted": _GONE}
_URN: Final = "urn:uuid:"
_READS: Final = frozenset({"GET", "HEAD"})


class Entry(NamedTuple):
    """An entry of a batch that reads: its place, and the query as it stands behind the base."""

    place: int
    url: str


class Asked(NamedTuple):
    """A Bundle taken apart: ``bundles`` to be stored, each with the places of its entries, and entries that read."""

    bundles: tuple[tuple[Json, tuple[int, ...]], ...]
    reads: tuple[Entry, ...]
    size: int
    kind: str


def single(resource: Any, kind: str, local_id: str = "") -> Json:
    """A transaction of one resource: put to an id, or created under a new one. Raises ``MessageError``."""
    if not isinstance(resource, dict):
        raise MessageError("body", "须为资源")
    if resource.get("resourceType") != kind:
        raise MessageError("resourceType", f"须为 {kind}，与地址一致")
    if local_id and resource.get("id") != local_id:
        raise MessageError("id", "须与地址中的 id 一致")
    named = resource | {"id": local_id or str(uuid4())}
    return _bundle("transaction", [_entry(named, "PUT" if local_id else "POST")])


def deletion(kind: str, local_id: str) -> Json:
    """A transaction that takes a resource back."""
    return _bundle("transaction", [{"request": {"method": "DELETE", "url": f"{kind}/{local_id}"}}])


def taken_apart(sent: Any) -> Asked:
    """A transaction (all or nothing, writes only) or a batch (each entry for itself). Raises ``MessageError``."""
    if not isinstance(sent, dict) or sent.get("resourceType") != "Bundle":
        raise MessageError("resourceType", "须为 Bundle")
    kind, entries = sent.get("type"), sent.get("entry")
    if kind not in ("transaction", "batch"):
        raise MessageError("type", "须为 transaction 或 batch")
    if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) for e in entries):
        raise MessageError("entry", "须为至少含一条的列表")
    reads = tuple(Entry(n, str(e["request"].get("url", ""))) for n, e in enumerate(entries) if _reads(e))
    placed = {read.place for read in reads}
    writes = [n for n in range(len(entries)) if n not in placed]
    if kind == "transaction":
        if reads:
            raise MessageError(f"entry[{reads[0].place}].request.method", "是读取，请以 batch 发送")
        return Asked(((_numbered(sent), tuple(writes)),), (), len(entries), kind)
    each = [(_bundle("transaction", [_new_id(entries[n])]), (n,)) for n in writes]
    return Asked(tuple(each), reads, len(entries), kind)


def answered(asked: Asked, done: Mapping[int, Json], read: Mapping[int, Json]) -> Json:
    """The response Bundle: ``done`` and ``read`` are entries by place."""
    entries = [done.get(n) or read.get(n) or {"response": {"status": "500"}} for n in range(asked.size)]
    return {"resourceType": "Bundle", "type": f"{asked.kind}-response", "entry": entries}


def told(bundle: Json, places: Iterable[int], facts: Iterable[Mapping[str, Any]]) -> dict[int, Json]:
    """Entries of the answer by place, from what became of the resources of a stored Bundle."""
    by_name = {str(fact["resource"]): fact for fact in facts}
    return {n: _fate(_name(e), by_name.get(_name(e))) for n, e in zip(places, bundle["entry"], strict=True)}


def refused(places: Iterable[int], status: str, outcome: Json) -> dict[int, Json]:
    """The same, of a Bundle that was not stored."""
    return {n: {"response": {"status": status, "outcome": outcome}} for n in places}


def _fate(name: str, fact: Mapping[str, Any] | None) -> Json:
    if fact is None:
        return {"response": {"status": _OK}}
    location = f"{name}/_history/{fact['version']}"
    response = {"status": _STATUS.get(str(fact["act"]), _OK), "location": location, "etag": f'W/"{fact["version"]}"'}
    return {"response": response}


def _name(entry: Json) -> str:
    resource = entry.get("resource")
    if isinstance(resource, dict):
        return f"{resource.get('resourceType')}/{resource.get('id')}"
    return str((entry.get("request") or {}).get("url", ""))


def _reads(entry: Json) -> bool:
    request = entry.get("request")
    return isinstance(request, dict) and request.get("method") in _READS


def _numbered(sent: Json) -> Json:
    """A transaction with ids for what it creates. Who sends the same Bundle again without naming it means it again:
    it gets a name of its own."""
    made = sent | {"entry": [_new_id(entry) for entry in sent["entry"]]}
    return made if sent.get("identifier") or sent.get("id") else made | {"id": str(uuid4())}


def _new_id(entry: Json) -> Json:
    """An entry whose resource has an id: its own, the UUID that the Bundle calls it by, or a new one."""
    resource = entry.get("resource")
    if not isinstance(resource, dict) or resource.get("id"):
        return entry
    called, request = str(entry.get("fullUrl") or ""), entry.get("request")
    if isinstance(request, dict) and request.get("method") == "PUT":
        named = str(request.get("url", "")).partition("/")[2]
    else:
        named = called.removeprefix(_URN) if called.startswith(_URN) else str(uuid4())
    return entry | {"resource": resource | {"id": named}}


def _entry(resource: Json, method: str) -> Json:
    url = f"{resource['resourceType']}/{resource['id']}" if method == "PUT" else resource["resourceType"]
    return {"resource": resource, "request": {"method": method, "url": url}}


def _bundle(kind: str, entries: list[Json]) -> Json:
    return {"resourceType": "Bundle", "id": str(uuid4()), "type": kind, "entry": entries}
