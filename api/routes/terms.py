"""Code systems and value sets over HTTP: register, version, publish, look up, expand, in and out."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.access import Access
from api.asking import attached, described, reads, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.terms_desk import TermsDesk
from base.tabular import XLSX
from base.tenancy import acting
from records.code_exchange import read_value_set, value_set_json
from records.code_systems import SUBJECTS, CodeSystem, Concept, Version
from records.value_sets import ValueSet

_MOST: Final = 1000
_FORMS: Final = ("json", "csv", "xlsx")


class SystemBody(Body, frozen=True):
    """A code system; ``standard`` ones are published by two people and are for all below. ``subject``: disease,
    procedure, drug, lab, exam, symptom, department or other."""

    id: str
    uri: str
    title: str
    tenant: str = ""
    oid: str = ""
    publisher: str = ""
    standard: bool = False
    subject: str = "other"


class ConceptBody(Body, frozen=True):
    """A concept of a code system; ``parent`` is the code it stands below."""

    code: str
    display: str
    parent: str = ""
    synonyms: tuple[str, ...] = ()
    properties: dict[str, str] = {}
    active: bool = True


class VersionBody(Body, frozen=True):
    """A version: ``concepts``, or a table (``file`` in base64 with its ``name``), or a FHIR CodeSystem
    (``resource``); with ``base`` what that version holds, changed and added to by what is given."""

    version: str
    tenant: str = ""
    note: str = ""
    base: str = ""
    concepts: tuple[ConceptBody, ...] = ()
    name: str = ""
    file: str = ""
    resource: dict[str, Any] = {}


class ValueSetBody(Body, frozen=True):
    """A FHIR ValueSet with ``id``, ``url``, ``version``, ``title`` and ``compose``."""

    resource: dict[str, Any]
    tenant: str = ""


def router(access: Access, desk: TermsDesk) -> APIRouter:
    """``/api/v1/terms``: ``/systems``, ``/lookup``, ``/validate``, ``/value-sets``."""
    routes = APIRouter(prefix="/api/v1/terms", tags=["Terminology"])
    _systems(routes, access, desk)
    _contents(routes, access, desk)
    _versions(routes, access, desk)
    _changes(routes, access, desk)
    _asking(routes, access, desk)
    _sets(routes, access, desk)
    _members(routes, access, desk)
    return routes


# -- code systems ------------------------------------------------------------------------------


def _systems(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/systems", **_SYSTEMS)
    def listed(request: Request, tenant: str = "", text: str = "", standard: bool | None = None) -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            systems = desk.systems.listed(reads(found, tenant, desk.league), text, standard)
        return respond(200, {"systems": [one._asdict() for one in systems], "subjects": SUBJECTS})

    @routes.post("/systems", **_REGISTER)
    async def register(request: Request) -> Response:
        found, given = access.need(request, "terms.write"), decoded(SystemBody, await request.body())
        owner = CodeSystem(
            tenant=writes(found, given.tenant, desk.league),
            id=given.id,
            uri=given.uri,
            title=given.title.strip(),
            oid=given.oid,
            publisher=given.publisher,
            standard=given.standard,
            subject=given.subject,
        )
        made = await within(found, lambda: desk.systems.register(owner, datetime.now(UTC)))
        access.note(found, "terms.system.register", f"code-system/{made.id}", tenant=made.tenant)
        return respond(201, made._asdict())


def _contents(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/systems/{system_id}/concepts", **_CONCEPTS)
    def concepts(
        system_id: str,
        request: Request,
        tenant: str = "",
        text: str = "",
        version: str = "",
        parent: str | None = None,
        limit: int = 100,
    ) -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            owner = desk.systems.named(reads(found, tenant, desk.league), system_id)
            listed = desk.systems.search(owner, text, version, parent, max(1, min(limit, _MOST)))
        return respond(200, {"system": owner.uri, "concepts": [_concept(one) for one in listed]})

    @routes.get("/systems/{system_id}/export.{form}", **_EXPORT)
    def export(system_id: str, form: str, request: Request, tenant: str = "", version: str = "") -> Response:
        found = access.need(request, "terms.read")
        if form not in _FORMS:
            raise bad_field("form", f"must be one of {', '.join(_FORMS)}")
        with acting(found.scope):
            owner = desk.systems.named(reads(found, tenant, desk.league), system_id)
            body, kind = desk.exported(owner, version, form)
        return Response(body, 200, attached(f"{owner.title}.{form}"), kind)


# -- versions ----------------------------------------------------------------------------------


def _versions(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/systems/{system_id}/versions", **_VERSIONS)
    def listed(system_id: str, request: Request, tenant: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            owner = desk.systems.named(reads(found, tenant, desk.league), system_id)
            versions = desk.systems.versions(owner)
        return respond(200, {"versions": [_version(one) for one in versions]})

    @routes.post("/systems/{system_id}/versions", **_DRAFT)
    async def draft(system_id: str, request: Request) -> Response:
        found, given = access.need(request, "terms.write"), decoded(VersionBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)

        def made() -> Version:
            owner = desk.systems.named(tenant, system_id)
            told = _given(desk, owner, given)
            return desk.systems.draft(
                owner, given.version, told, found.name, datetime.now(UTC), given.note, given.base
            )

        version = await within(found, made)
        access.note(found, "terms.version.draft", f"code-system/{system_id}", tenant=tenant, version=version.version)
        return respond(201, _version(version))


def _changes(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.post("/systems/{system_id}/versions/{version}/activation", **_ACTIVATE)
    def activate(system_id: str, version: str, request: Request, tenant: str = "") -> Response:
        found = access.need(request, "terms.confirm")
        home = writes(found, tenant, desk.league)
        with acting(found.scope):
            owner = desk.systems.named(home, system_id)
            made = desk.systems.activate(owner, version, found.name, datetime.now(UTC))
        access.note(found, "terms.version.activate", f"code-system/{system_id}", tenant=home, version=version)
        return respond(200, _version(made))

    @routes.get("/systems/{system_id}/changes", **_CHANGES)
    def changes(system_id: str, request: Request, old: str, new: str, tenant: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            owner = desk.systems.named(reads(found, tenant, desk.league), system_id)
            made = desk.systems.compare(owner, old, new)
        told = {
            "added": [_concept(one) for one in made.added],
            "removed": [_concept(one) for one in made.removed],
            "changed": [{"old": _concept(a), "new": _concept(b)} for a, b in made.changed],
        }
        return respond(200, told)


def _given(desk: TermsDesk, owner: CodeSystem, given: VersionBody) -> list[Concept]:
    """The concepts that a body gives, in one of three ways. Raises ``ApiError`` 400, ``TermError``."""
    if given.file:
        return desk.imported(owner, given.name, content(given.file))
    if given.resource:
        return desk.fhir(given.resource, owner.tenant)[2]
    return [
        Concept(one.code, one.display, one.parent, one.synonyms, one.properties, one.active) for one in given.concepts
    ]


def content(text: str) -> bytes:
    """A file in base64. Raises ``ApiError`` 400."""
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise bad_field("file", "must be a file in base64") from None


# -- FHIR's questions --------------------------------------------------------------------------


def _asking(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/lookup", **_LOOKUP)
    def lookup(request: Request, system: str, code: str, version: str = "", tenant: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            made = desk.systems.lookup(reads(found, tenant, desk.league), system, code, version)
        told = {"system": made.system.uri, "version": made.version, "children": made.children}
        return respond(200, told | _concept(made.concept))

    @routes.get("/validate", **_VALIDATE)
    def validate(
        request: Request, code: str, system: str = "", display: str = "", value_set: str = "", tenant: str = ""
    ) -> Response:
        found = access.need(request, "terms.read")
        home = reads(found, tenant, desk.league)
        if not system and not value_set:
            raise bad_field("system", "name a system or a value_set")
        with acting(found.scope):
            if value_set:
                made = desk.sets.validate_code(home, value_set, system, code)
            else:
                made = desk.systems.validate_code(home, system, code, display)
        told = {"outcome": made.outcome.value, "display": made.display, "message": made.message}
        return respond(200, {"result": made.result} | {k: v for k, v in told.items() if v})


# -- value sets --------------------------------------------------------------------------------


def _sets(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/value-sets", **_SETS)
    def listed(request: Request, tenant: str = "") -> Response:
        found = access.need(request, "terms.read")
        sets = desk.sets.listed(reads(found, tenant, desk.league))
        return respond(200, {"valueSets": [_set(one) for one in sets]})

    @routes.post("/value-sets", **_DRAFT_SET)
    async def draft(request: Request) -> Response:
        found, given = access.need(request, "terms.write"), decoded(ValueSetBody, await request.body())
        made = read_value_set(given.resource, writes(found, given.tenant, desk.league))
        kept = await within(found, lambda: desk.sets.draft(made, found.name, datetime.now(UTC)))
        access.note(found, "terms.value-set.draft", f"value-set/{kept.id}", tenant=kept.tenant, version=kept.version)
        return respond(201, _set(kept))

    @routes.post("/value-sets/{set_id}/versions/{version}/activation", **_ACTIVATE)
    def activate(set_id: str, version: str, request: Request, tenant: str = "") -> Response:
        found = access.need(request, "terms.confirm")
        home = writes(found, tenant, desk.league)
        with acting(found.scope):
            made = desk.sets.activate(home, set_id, version, found.name, datetime.now(UTC))
        access.note(found, "terms.value-set.activate", f"value-set/{set_id}", tenant=home, version=version)
        return respond(200, _set(made))


def _members(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/value-sets/{set_id}/expansion", **_EXPAND)
    def expand(
        set_id: str,
        request: Request,
        tenant: str = "",
        version: str = "",
        text: str = "",
        offset: int = 0,
        count: int = 100,
    ) -> Response:
        found = access.need(request, "terms.read")
        home = reads(found, tenant, desk.league)
        with acting(found.scope):
            given = desk.sets.named(home, set_id, version)
            page = (max(0, offset), max(1, min(count, _MOST)))
            made = desk.sets.expand(home, set_id, version, text, *page)
        return respond(200, value_set_json(given, made))


# -- out ---------------------------------------------------------------------------------------


def _concept(concept: Concept) -> dict[str, Any]:
    told = concept._asdict() | {"properties": dict(concept.properties)}
    return {k: v for k, v in told.items() if v not in ("", (), {}, True)}


def _version(version: Version) -> dict[str, Any]:
    told = version._asdict()
    for name in ("made", "activated"):
        told[name] = told[name].isoformat() if told[name] else ""
    told["activatedBy"] = told.pop("activated_by")
    return {k: v for k, v in told.items() if v != ""}


def _set(given: ValueSet) -> dict[str, Any]:
    told = given._asdict() | {"compose": dict(given.compose)}
    told["activated"] = given.activated.isoformat() if given.activated else ""
    return {k: v for k, v in told.items() if v != ""}


# -- OpenAPI -----------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "system": {
        "id": "icd-10-gl",
        "uri": "http://hl7.org/fhir/sid/icd-10",
        "title": "ICD-10 国临版",
        "oid": "2.16.156.10011.2.3.3.11",
        "publisher": "国家卫生健康委员会",
        "standard": True,
        "subject": "disease",
    },
    "version": {
        "version": "2.0",
        "note": "首版",
        "concepts": [
            {"code": "I10", "display": "特发性(原发性)高血压", "synonyms": ["原发性高血压", "高血压"]},
            {"code": "J18.9", "display": "肺炎", "properties": {"章": "X"}},
        ],
    },
    "set": {
        "resource": {
            "resourceType": "ValueSet",
            "id": "chronic",
            "url": "urn:yigong:vs:chronic",
            "version": "1",
            "title": "慢病管理病种",
            "compose": {"include": [{"system": "http://hl7.org/fhir/sid/icd-10", "concept": [{"code": "I10"}]}]},
        }
    },
}
"""Bodies that are complete; the tests send them."""
_SYSTEMS: Final = described(
    "Code systems that an institution may use", "Its own, and standards of all above.", "", 400
)
_REGISTER: Final = asked(SystemBody, EXAMPLES["system"]) | described(
    "Register a code system, or change its title, OID and publisher", "", "the code system", 400, 422, status=201
)
_CONCEPTS: Final = described(
    "Concepts by code, name or pinyin initials",
    "`parent` lists what is below one, empty the top.",
    "concepts",
    400,
    404,
)
_EXPORT: Final = described("A version as a file", "`json` is FHIR; tables come back in.", "the file", 400, 404)
_EXPORT["responses"][200]["content"] = {
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in (XLSX, "text/csv", "application/fhir+json")
}
_VERSIONS: Final = described("Versions of a code system", "", "versions, the newest first", 400, 404)
_DRAFT: Final = asked(VersionBody, EXAMPLES["version"]) | described(
    "Make a version, whole or on the base of another",
    "A draft until activated.",
    "the version",
    400,
    404,
    422,
    status=201,
)
_ACTIVATE: Final = described(
    "Put a version into use", "Of a standard by another person than its author.", "the version", 400, 404, 422
)
_CHANGES: Final = described("What a version changed since another", "", "added, removed, changed", 400, 404)
_LOOKUP: Final = described("What a code means ($lookup)", "`system` by id, URI or OID.", "the concept", 400, 404)
_VALIDATE: Final = described("Whether a code is valid ($validate-code)", "", "result and why not", 400, 404)
_SETS: Final = described("Value sets that an institution may use", "", "every version", 400)
_DRAFT_SET: Final = asked(ValueSetBody, EXAMPLES["set"]) | described(
    "Make a version of a value set", "Listed, by filter, or composed.", "the value set", 400, 404, 422, status=201
)
_EXPAND: Final = described("The codes of a value set ($expand)", "", "a FHIR ValueSet with expansion", 400, 404)
