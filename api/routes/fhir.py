"""``/fhir``: a FHIR R4 server over what the region knows. Writes go through the intake like every other message."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.access import Access
from api.bodies import FHIR, asked_fhir
from api.errors import outcome, respond
from api.fhir_desk import FhirDesk, Stored, entries_of, fault_of, status_of
from api.fhir_rights import permission
from exchange.fhir.capability import statement
from exchange.fhir.searching import SearchError
from exchange.fhir.services import SERVICES
from exchange.fhir.writing import answered, deletion, single, taken_apart
from exchange.message import Json, MessageError

_MOST: Final = 1_000


def router(desk: FhirDesk) -> APIRouter:
    """Reading, searching, writing, ``$match``, ``$everything``, and the list of named services."""
    routes = APIRouter(tags=["FHIR"])
    access = desk.access
    _service(routes, access, desk)
    _persons(routes, access, desk)
    _resources(routes, access, desk)
    _history(routes, access, desk)
    return routes


def _service(routes: APIRouter, access: Access, desk: FhirDesk) -> None:
    @routes.get("/fhir/metadata")
    async def metadata(request: Request) -> Response:
        return _answer(200, statement(_base(request)))

    @routes.get("/api/v1/services")
    async def services() -> Response:
        listed = [
            {"number": s.number, "name": s.name, "resource": s.subject.resource, "call": s.call()} for s in SERVICES
        ]
        return respond(200, {"services": listed})

    @routes.post("/fhir", **asked_fhir("A transaction or batch"))
    async def bundle(request: Request) -> Response:
        found, asked = access.need(request, "record.write"), taken_apart(_json(await request.body()))
        if any(True for _ in asked.reads):
            access.need(request, "record.read")
        if asked.kind == "batch":
            return _answer(200, await desk.batch(found, asked, _base(request)))
        ((sent, places),) = asked.bundles
        stored = await desk.store(found, sent, _message_id(request))
        if stored.fault is not None:
            return _answer(status_of(stored.fault), fault_of(stored))
        return (
            _waiting(stored) if stored.waits else _answer(200, answered(asked, entries_of(sent, places, stored), {}))
        )


def _persons(routes: APIRouter, access: Access, desk: FhirDesk) -> None:
    @routes.post("/fhir/Patient/$match", **asked_fhir("Parameters with a Patient, or a Patient"))
    async def match(request: Request) -> Response:
        found = access.need(request, "person.read")
        patient, limit, certain = _asked_patient(_json(await request.body()))
        return _answer(200, await asyncio.to_thread(desk.match, found, patient, limit, certain))

    @routes.post("/fhir/Patient/$merge", **asked_fhir("Parameters: source-patient is one with target-patient"))
    async def merge(request: Request) -> Response:
        found = access.need(request, "person.merge")
        source, target = _asked_merge(_json(await request.body()))
        number = await asyncio.to_thread(desk.merge, found, target, source)
        made = {"name": "person", "valueIdentifier": {"system": "urn:yigong:person", "value": number}}
        return _answer(200, {"resourceType": "Parameters", "parameter": [made]})

    @routes.get("/fhir/Patient/{local_id}/$everything")
    def everything(local_id: str, request: Request, _count: int = _MOST, _region: bool = False) -> Response:
        found = access.need(request, "record.read")
        return _answer(200, desk.everything(found, local_id, _region, max(1, min(_count, _MOST))))


def _resources(routes: APIRouter, access: Access, desk: FhirDesk) -> None:
    @routes.get("/fhir/{kind}")
    def search(kind: str, request: Request) -> Response:
        found = access.need(request, permission(kind, "read"))
        return _answer(200, desk.search(found, kind, request.url.query, f"{_base(request)}/{kind}"))

    @routes.post("/fhir/{kind}", **asked_fhir("A resource without id, or with the one you give it"))
    async def create(kind: str, request: Request) -> Response:
        found = access.need(request, permission(kind, "write"))
        resource = _json(await request.body())
        given = resource.get("id", "") if isinstance(resource, dict) else ""
        return await _put(desk, found, single(resource, kind, given if isinstance(given, str) else ""), request)

    @routes.get("/fhir/{kind}/{local_id}")
    def read(kind: str, local_id: str, request: Request, _source: str = "") -> Response:
        found = access.need(request, permission(kind, "read"))
        return _resource(desk.read(found, kind, local_id, _source))

    @routes.put("/fhir/{kind}/{local_id}", **asked_fhir("The resource, with the id of the URL"))
    async def update(kind: str, local_id: str, request: Request) -> Response:
        found = access.need(request, permission(kind, "write"))
        return await _put(desk, found, single(_json(await request.body()), kind, local_id), request)

    @routes.delete("/fhir/{kind}/{local_id}")
    async def delete(kind: str, local_id: str, request: Request) -> Response:
        found = access.need(request, permission(kind, "write"))
        return await _put(desk, found, deletion(kind, local_id), request)


def _history(routes: APIRouter, access: Access, desk: FhirDesk) -> None:
    @routes.get("/fhir/{kind}/{local_id}/_history")
    def history(kind: str, local_id: str, request: Request, _source: str = "") -> Response:
        found = access.need(request, permission(kind, "read"))
        return _answer(200, desk.history(found, kind, local_id, _source))

    @routes.get("/fhir/{kind}/{local_id}/_history/{version}")
    def version(kind: str, local_id: str, version: int, request: Request, _source: str = "") -> Response:
        found = access.need(request, permission(kind, "read"))
        return _resource(desk.read(found, kind, local_id, _source, version))


async def _put(desk: FhirDesk, found: Any, sent: Json, request: Request) -> Response:
    """Store one resource; the answer says which version it now is, and is the resource itself where asked for."""
    stored = await desk.store(found, sent, _message_id(request))
    if stored.fault is not None:
        return _answer(status_of(stored.fault), fault_of(stored))
    if stored.waits:
        return _waiting(stored)
    response = entries_of(sent, (0,), stored)[0]["response"]
    status = int(response["status"][:3])
    if status == 409:
        return _answer(409, outcome("conflict", "已存有更晚发送的版本，本次未入库"))
    headers = (
        {"Location": f"{_base(request)}/{response['location']}", "ETag": response["etag"]}
        if "location" in response
        else {}
    )
    if status == 204:
        return Response(status_code=204)
    return Response(orjson.dumps(sent["entry"][0]["resource"]), status, headers, FHIR)


def _waiting(stored: Stored) -> Response:
    said = outcome("informational", "已接收，尚未入库，请按 Content-Location 查询")
    said["issue"][0]["severity"] = "information"
    return respond(202, said, {"Content-Location": f"/api/v1/exchange/messages/{stored.id}"})


def _resource(resource: Json) -> Response:
    meta = resource["meta"]
    return Response(orjson.dumps(resource), 200, {"ETag": f'W/"{meta["versionId"]}"'}, FHIR)


def _answer(status: int, body: Json) -> Response:
    return Response(orjson.dumps(body), status, None, FHIR)


def _asked_patient(sent: Any) -> tuple[Json, int, bool]:
    """The Patient of a ``$match``, how many are wanted, whether only certain ones. Raises ``MessageError``."""
    if isinstance(sent, dict) and sent.get("resourceType") == "Patient":
        return sent, 10, False
    listed = sent.get("parameter") if isinstance(sent, dict) else None
    given = {p.get("name"): p for p in listed if isinstance(p, dict)} if isinstance(listed, list) else {}
    patient = given.get("resource", {}).get("resource")
    if not isinstance(patient, dict) or patient.get("resourceType") != "Patient":
        raise MessageError("parameter", "须含名为 resource 的一项，其中为 Patient")
    count = given.get("count", {}).get("valueInteger", 10)
    if not isinstance(count, int) or not 1 <= count <= 100:
        raise MessageError("parameter.count", "须在 1 至 100 之间")
    return patient, count, given.get("onlyCertainMatches", {}).get("valueBoolean") is True


def _asked_merge(sent: Any) -> tuple[str, str]:
    """Ids of the patient that is given up and of the one that stays. Raises ``MessageError``."""
    listed = sent.get("parameter") if isinstance(sent, dict) else None
    given = {p.get("name"): p for p in listed if isinstance(p, dict)} if isinstance(listed, list) else {}
    ids = []
    for name in ("source-patient", "target-patient"):
        reference = given.get(name, {}).get("valueReference")
        kind, _, local_id = str(reference.get("reference") if isinstance(reference, dict) else "").partition("/")
        if kind != "Patient" or not local_id:
            raise MessageError(f"parameter.{name}", "须为以 id 指明 Patient 的 valueReference")
        ids.append(local_id)
    return ids[0], ids[1]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MessageError("body", "不是 JSON") from None


def _message_id(request: Request) -> str:
    """The number a sender gives a call, so that one repeated after a broken line is stored once."""
    return request.headers.get("x-request-id", "")[:200]


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/") + "/fhir"


__all__ = ["SearchError", "router"]
