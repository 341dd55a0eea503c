"""Terminology over FHIR: CodeSystem, ValueSet and ConceptMap with ``$lookup``, ``$validate-code``, ``$expand`` and
``$translate``, over the same code systems that ``/api/v1/terms`` keeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.access import Access, Principal
from api.bodies import FHIR, asked_fhir
from api.errors import ApiError, bad_field
from api.terms_desk import TermsDesk
from base.tenancy import acting
from exchange.message import Json, MessageError
from records.code_exchange import code_system_json, value_set_json
from records.code_systems import CodeSystem
from records.value_sets import ValueSet

_MOST: Final = 1_000
_HOLDS: Final = 50


def router(access: Access, desk: TermsDesk) -> APIRouter:
    """Goes before the generic routes of ``/fhir``: these types are kept in tables of their own."""
    routes = APIRouter(prefix="/fhir", tags=["FHIR"])
    _of_codes(routes, access, desk)
    _of_sets(routes, access, desk)
    _of_maps(routes, access, desk)
    _code_systems(routes, access, desk)
    _value_sets(routes, access, desk)
    return routes


def _of_codes(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/CodeSystem/$lookup")
    def lookup(request: Request, system: str = "", code: str = "", version: str = "") -> Response:
        found = _asks(access, request, system=system, code=code)
        with acting(found.scope):
            told = desk.systems.lookup(found.home(), system, code, version)
        concept = told.concept
        listed = [_named("name", "valueString", told.system.title), _named("version", "valueString", told.version)]
        listed.append(_named("display", "valueString", concept.display))
        listed += [_part("designation", value=("valueString", name)) for name in concept.synonyms]
        listed += [
            _part("property", code=("valueCode", k), value=("valueString", v)) for k, v in concept.properties.items()
        ]
        parent = [("parent", concept.parent)] if concept.parent else []
        below = [("child", child) for child in told.children]
        listed += [_part("property", code=("valueCode", k), value=("valueCode", v)) for k, v in (*parent, *below)]
        return _parameters(listed)

    @routes.get("/CodeSystem/$validate-code")
    def valid(request: Request, url: str = "", code: str = "", display: str = "", version: str = "") -> Response:
        found = _asks(access, request, url=url, code=code)
        with acting(found.scope):
            told = desk.systems.validate_code(found.home(), url, code, display, version)
        return _validated(told)


def _of_sets(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/ValueSet/$validate-code")
    def member(request: Request, url: str = "", system: str = "", code: str = "", version: str = "") -> Response:
        found = _asks(access, request, url=url, code=code)
        with acting(found.scope):
            told = desk.sets.validate_code(found.home(), url, system, code, version)
        return _validated(told)

    @routes.get("/ValueSet/$expand")
    def expand(
        request: Request, url: str = "", filter: str = "", offset: int = 0, count: int = _MOST, version: str = ""
    ) -> Response:
        found = _asks(access, request, url=url)
        start, most = max(0, min(offset, 10_000_000)), max(0, min(count, _MOST))
        with acting(found.scope):
            given = desk.sets.named(found.home(), url, version)
            told = desk.sets.expand(found.home(), url, version, filter, start, most)
        return _answer(200, value_set_json(given, told))


def _of_maps(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/ConceptMap/$translate")
    def translate(request: Request, system: str = "", code: str = "", targetsystem: str = "") -> Response:
        found = _asks(access, request, system=system, code=code)
        with acting(found.scope):
            told = desk.maps.translate(found.home(), system, code, targetsystem)
        listed = [_named("result", "valueBoolean", bool(told))]
        for one in told:
            coding = {"system": one.system, "code": one.code, "display": one.display}
            meant = ("valueCode", one.equivalence)
            listed.append(_part("match", equivalence=meant, concept=("valueCoding", coding)))
        return _parameters(listed)


def _code_systems(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/CodeSystem")
    def search(request: Request, url: str = "", _id: str = "", title: str = "", identifier: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            systems = desk.systems.listed(found.home(), title)
            kept = [s for s in systems if _fits(s, url, _id, identifier)][:_HOLDS]
            return _bundle([_code_system(desk, one, whole=False) for one in kept])

    @routes.get("/CodeSystem/{name}")
    def read(name: str, request: Request, version: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            owner = desk.systems.named(found.home(), name)
            return _answer(200, _code_system(desk, owner, whole=True, version=version))

    @routes.post("/CodeSystem", **_WRITING)
    async def create(request: Request) -> Response:
        return _kept(access, desk, request, await request.body(), "")

    @routes.put("/CodeSystem/{name}", **_WRITING)
    async def update(name: str, request: Request) -> Response:
        return _kept(access, desk, request, await request.body(), name)


def _kept(access: Access, desk: TermsDesk, request: Request, body: bytes, name: str) -> Response:
    """Register a code system with a version of it. A hospital's own is in use at once; what is for the whole league
    is a standard, which another person publishes. Raises ``TermError``, ``MessageError``."""
    found, now = access.need(request, "terms.write"), datetime.now(UTC)
    resource = _json(body)
    if name and resource.get("id") != name:
        raise MessageError("id", "须与地址中的 id 一致")
    with acting(found.scope):
        owner, version, concepts = desk.fhir(resource, found.home())
        owner = desk.systems.register(owner._replace(standard=found.home() == desk.league), now)
        desk.systems.draft(owner, version, concepts, found.name, now, "FHIR")
        if not owner.standard and resource.get("status", "active") == "active":
            desk.systems.activate(owner, version, found.name, now)
        made = _code_system(desk, owner, whole=True, version=version)
    access.note(found, "terms.write", f"CodeSystem/{owner.id}", version=version)
    location = {"Location": f"/fhir/CodeSystem/{owner.id}"}
    return Response(orjson.dumps(made), 200 if name else 201, location, FHIR)


def _value_sets(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/ValueSet")
    def search(request: Request, url: str = "", _id: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            sets = desk.sets.listed(found.home())
        return _bundle([value_set_json(s) for s in sets if _set_fits(s, url, _id)][:_HOLDS])

    @routes.get("/ValueSet/{name}")
    def read(name: str, request: Request, version: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            return _answer(200, value_set_json(desk.sets.named(found.home(), name, version)))


def _code_system(desk: TermsDesk, owner: CodeSystem, *, whole: bool, version: str = "") -> Json:
    versions = desk.systems.versions(owner)
    chosen = next((v for v in versions if v.version == version or (not version and v.state == "active")), None)
    if chosen is None and versions and not version:
        chosen = versions[0]
    if chosen is None:
        raise ApiError(404, "not-found", f"CodeSystem/{owner.id} 没有版本 {version[:40]}".strip())
    concepts = desk.systems.concepts(owner, chosen.version) if whole else ()
    made = code_system_json(owner, chosen, concepts)
    return made if whole else {k: v for k, v in made.items() if k != "concept"} | {"content": "not-present"}


def _fits(system: CodeSystem, url: str, name: str, identifier: str) -> bool:
    oid = identifier.rpartition("|")[2].removeprefix("urn:oid:")
    return (not url or system.uri == url) and (not name or system.id == name) and (not oid or system.oid == oid)


def _set_fits(given: ValueSet, url: str, name: str) -> bool:
    return (not url or given.url == url) and (not name or given.id == name)


def _asks(access: Access, request: Request, **needed: str) -> Principal:
    """The caller, of whose parameters none may be missing. Raises ``ApiError``."""
    found = access.need(request, "terms.read")
    for name, value in needed.items():
        if not value:
            raise bad_field(name, "必填")
    return found


def _validated(told: Any) -> Response:
    listed = [_named("result", "valueBoolean", told.result)]
    listed += [_named("message", "valueString", told.message)] if told.message else []
    listed += [_named("display", "valueString", told.display)] if told.display else []
    return _parameters(listed)


def _named(name: str, kind: str, value: Any) -> Json:
    return {"name": name, kind: value}


def _part(name: str, **parts: tuple[str, Any]) -> Json:
    return {"name": name, "part": [{"name": key, kind: value} for key, (kind, value) in parts.items()]}


def _parameters(listed: list[Json]) -> Response:
    return _answer(200, {"resourceType": "Parameters", "parameter": listed})


def _bundle(resources: list[Json]) -> Response:
    entries = [{"resource": one, "search": {"mode": "match"}} for one in resources]
    made: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return _answer(200, made | ({"entry": entries} if entries else {}))


def _answer(status: int, body: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(body), status, None, FHIR)


def _json(body: bytes) -> Json:
    try:
        made = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MessageError("body", "不是 JSON") from None
    if not isinstance(made, dict):
        raise MessageError("body", "须为资源")
    return made


_WRITING: Final = asked_fhir("A CodeSystem") | {
    "responses": {422: {"description": "not possible; the text says what is"}}
}
