"""Maps between dictionaries and standards over HTTP: propose, decide, translate, and the codes nobody mapped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api.access import Access
from api.asking import attached, described, reads, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.routes.terms import content
from api.terms_desk import TermsDesk, table
from base.tabular import XLSX
from base.tenancy import acting
from records.code_exchange import concept_map_json, pair_rows, read_concept_map
from records.code_maps import EQUIVALENCES, MapState, Pair
from records.code_systems import TermError
from records.map_proposals import Method

_MOST: Final = 1000
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
_WHOLE: Final = 200_000


class ProposalBody(Body, frozen=True):
    """For which codes proposals are made: those of a hospital's dictionary (``source`` is its id or URI), else those
    seen at intake and not mapped. ``target``: a standard by id, URI or OID."""

    source: str
    target: str
    tenant: str = ""


class PairBody(Body, frozen=True):
    """A code of one system and what it stands for in another; ``display`` is how the source writes it."""

    source: str
    code: str
    target: str
    target_code: str
    display: str = ""
    equivalence: str = "equivalent"
    tenant: str = ""


class Decision(Body, frozen=True):
    """What a person decides of a pair."""

    code: str
    target_code: str
    confirmed: bool
    equivalence: str = ""
    note: str = ""


class DecisionsBody(Body, frozen=True):
    """Decisions over proposals between two systems, in an institution's own maps when one is named."""

    source: str
    target: str
    decisions: tuple[Decision, ...]
    tenant: str = ""


class SureBody(Body, frozen=True):
    """Confirm all proposals of the machine whose name is the very same."""

    source: str
    target: str
    tenant: str = ""


class ImportBody(Body, frozen=True):
    """A map from a table (``file`` in base64 with its ``name``, and ``source`` and ``target``), or a FHIR ConceptMap
    (``resource``). What comes in is proposed by whoever sends it; another person confirms."""

    tenant: str = ""
    source: str = ""
    target: str = ""
    name: str = ""
    file: str = ""
    resource: dict[str, Any] = {}


def router(access: Access, desk: TermsDesk) -> APIRouter:
    """``/api/v1/terms``: ``/maps``, ``/translate``, ``/unmapped``."""
    routes = APIRouter(prefix="/api/v1/terms", tags=["Terminology"])
    _reading(routes, access, desk)
    _past(routes, access, desk)
    _using(routes, access, desk)
    _making(routes, access, desk)
    _importing(routes, access, desk)
    _deciding(routes, access, desk)
    return routes


# -- reading -----------------------------------------------------------------------------------


def _reading(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/maps", **_LIST)
    def listed(
        request: Request,
        tenant: str = "",
        source: str = "",
        target: str = "",
        state: str = "",
        code: str = "",
        method: str = "",
        after: str = "",
        limit: int = 100,
    ) -> Response:
        found = access.need(request, "terms.read")
        home = reads(found, tenant, desk.league)
        page = max(1, min(limit, _MOST))
        with acting(found.scope):
            pairs = desk.maps.listed(home, source, target, _state(state), code, method, _after(after), page)
        told: dict[str, Any] = {"maps": [_pair(pair) for pair in pairs]}
        if len(pairs) == page:
            told["after"] = f"{pairs[-1].code}|{pairs[-1].target_code}"
        return respond(200, told)

    @routes.get("/maps/progress", **_PROGRESS)
    def progress(request: Request, tenant: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            made = desk.maps.progress(reads(found, tenant, desk.league))
        return respond(200, {"maps": [one._asdict() for one in made]})


def _past(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/maps/history", **_HISTORY)
    def history(request: Request, source: str, code: str, tenant: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            made = desk.maps.history(reads(found, tenant, desk.league), source, code)
        return respond(200, {"history": [one._asdict() | {"at": one.at.isoformat()} for one in made]})

    @routes.get("/maps/export.{form}", **_EXPORT)
    def export(form: str, request: Request, tenant: str = "", source: str = "", target: str = "") -> Response:
        found = access.need(request, "terms.read")
        if form not in ("json", "csv", "xlsx"):
            raise bad_field("form", "must be json, csv or xlsx")
        with acting(found.scope):
            home = reads(found, tenant, desk.league)
            state = MapState.CONFIRMED if form == "json" else None
            pairs = desk.maps.listed(home, source, target, state, limit=_WHOLE)
        if form == "json":
            return respond(200, concept_map_json(pairs), attached("字典对照.json"))
        body, kind = table(pair_rows(pairs), form, "字典对照")
        return Response(body, 200, attached(f"字典对照.{form}"), kind)


def _using(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.get("/translate", **_TRANSLATE)
    def translate(request: Request, system: str, code: str, target: str = "", tenant: str = "") -> Response:
        found = access.need(request, "terms.read")
        with acting(found.scope):
            made = desk.maps.translate(reads(found, tenant, desk.league), system, code, target)
        return respond(200, {"result": bool(made), "matches": [one._asdict() for one in made]})

    @routes.get("/unmapped", **_UNMAPPED)
    def unmapped(
        request: Request, tenant: str = "", source: str = "", limit: int = 100, offset: Offset = 0
    ) -> Response:
        found, page = access.need(request, "terms.read"), max(1, min(limit, _MOST))
        with acting(found.scope):
            made = desk.coder.work_list(reads(found, tenant, desk.league), source, page, offset)
        further = offset + page if len(made) == page else None
        return respond(200, {"codes": [one._asdict() for one in made], "next": further})


# -- making ------------------------------------------------------------------------------------


def _making(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.post("/maps/proposals", **_PROPOSE)
    async def propose(request: Request) -> Response:
        found, given = access.need(request, "terms.write"), decoded(ProposalBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)

        def made() -> dict[str, int]:
            target = desk.systems.named(tenant, given.target)
            items = desk.to_map(tenant, given.source)
            source = next((s.uri for s in desk.systems.listed(tenant) if s.id == given.source), given.source)
            return {"codes": len(items), "proposed": desk.propose(tenant, source, target, items, datetime.now(UTC))}

        told = await within(found, made)
        access.note(found, "terms.map.propose", "", tenant=tenant, proposed=told["proposed"])
        return respond(200, told)

    @routes.post("/maps", **_ADD)
    async def add(request: Request) -> Response:
        found, given = access.need(request, "terms.write"), decoded(PairBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)

        def made() -> Pair:
            known = desk.systems.lookup(tenant, given.target, given.target_code)
            pair = Pair(tenant, given.source, given.code, known.system.uri, given.target_code, given.display)
            told = pair._replace(target_display=known.concept.display, equivalence=given.equivalence)
            return desk.maps.add(told, found.name, datetime.now(UTC))

        kept = await within(found, made)
        access.note(found, "terms.map.add", "", tenant=tenant)
        return respond(201, _pair(kept))


def _importing(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.post("/maps/import", **_IMPORT)
    async def take(request: Request) -> Response:
        found, given = access.need(request, "terms.write"), decoded(ImportBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)

        def made() -> dict[str, Any]:
            pairs = _given(desk, given, tenant)
            told: list[str] = []
            for number, pair in enumerate(pairs, start=1):
                try:
                    known = desk.systems.lookup(tenant, pair.target, pair.target_code)
                    exact = pair._replace(target=known.system.uri, target_display=known.concept.display)
                    desk.maps.add(exact, found.name, datetime.now(UTC))
                except TermError as error:
                    told.append(f"{number}: {error}")
            return {"taken": len(pairs) - len(told), "refused": told[:_MOST]}

        told = await within(found, made)
        access.note(found, "terms.map.import", "", tenant=tenant, taken=told["taken"])
        return respond(200, told)


def _given(desk: TermsDesk, given: ImportBody, tenant: str) -> list[Pair]:
    if given.resource:
        return read_concept_map(given.resource, tenant)
    if not given.source or not given.target:
        raise bad_field("source", "name source and target of the table")
    return desk.pairs(given.name, content(given.file), tenant, given.source, given.target)


# -- deciding ----------------------------------------------------------------------------------


def _deciding(routes: APIRouter, access: Access, desk: TermsDesk) -> None:
    @routes.post("/maps/decisions", **_DECIDE)
    async def decide(request: Request) -> Response:
        found, given = access.need(request, "terms.confirm"), decoded(DecisionsBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)

        def made() -> dict[str, Any]:
            refused, now = [], datetime.now(UTC)
            for one in given.decisions:
                pair = Pair(tenant, given.source, one.code, given.target, one.target_code)
                try:
                    desk.maps.decide(pair, one.confirmed, found.name, now, one.equivalence, one.note)
                except TermError as error:
                    refused.append({"code": one.code, "targetCode": one.target_code, "problem": error.problem})
            return {"decided": len(given.decisions) - len(refused), "refused": refused}

        told = await within(found, made)
        access.note(found, "terms.map.decide", "", tenant=tenant, decided=told["decided"])
        return respond(200, told)

    @routes.post("/maps/sure", **_SURE)
    async def sure(request: Request) -> Response:
        found, given = access.need(request, "terms.confirm"), decoded(SureBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)
        now = datetime.now(UTC)
        count = await within(
            found, lambda: desk.maps.confirm_sure(tenant, given.source, given.target, found.name, now)
        )
        access.note(found, "terms.map.decide", "", tenant=tenant, decided=count)
        return respond(200, {"confirmed": count})


# -- in and out --------------------------------------------------------------------------------


def _state(text: str) -> MapState | None:
    if text and text not in set(MapState):
        raise bad_field("state", f"must be one of {', '.join(MapState)}")
    return MapState(text) if text else None


def _after(text: str) -> tuple[str, str] | None:
    code, _, target = text.partition("|")
    return (code, target) if text else None


def _pair(pair: Pair) -> dict[str, Any]:
    told = pair._asdict() | {"state": pair.state.value}
    for name in ("made", "decided"):
        told[name] = told[name].isoformat() if told[name] else ""
    named = {"target_code": "targetCode", "target_display": "targetDisplay", "decided_by": "decidedBy"}
    return {named.get(k, k): v for k, v in told.items() if v != ""}


# -- OpenAPI -----------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "proposals": {"source": "urn:his:dx", "target": "icd-10-gl"},
    "pair": {
        "source": "urn:his:dx",
        "code": "D7",
        "target": "icd-10-gl",
        "targetCode": "I10",
        "display": "血压高",
        "equivalence": "equivalent",
    },
    "decisions": {
        "source": "urn:his:dx",
        "target": "http://hl7.org/fhir/sid/icd-10",
        "decisions": [{"code": "D1", "targetCode": "J18.9", "confirmed": True}],
    },
    "sure": {"source": "urn:his:dx", "target": "http://hl7.org/fhir/sid/icd-10"},
    "import": {
        "resource": {
            "resourceType": "ConceptMap",
            "group": [
                {
                    "source": "urn:his:dx",
                    "target": "http://hl7.org/fhir/sid/icd-10",
                    "element": [{"code": "D9", "display": "肺部感染", "target": [{"code": "J18.9"}]}],
                }
            ],
        }
    },
}
"""Bodies that are complete; the tests send them."""
_STATES: Final = ", ".join(MapState)
_LIST: Final = described(
    "Pairs of a map, page by page",
    f"`state`: {_STATES}; `method`: {', '.join(Method)}; `after` of the answer asks for the next page.",
    "pairs",
    400,
)
_PROGRESS: Final = described("How far the maps of an institution are", "", "pairs by state", 400)
_HISTORY: Final = described("What people decided of a code", "", "events, the oldest first", 400)
_EXPORT: Final = described("Maps as a file", "`json` is a FHIR ConceptMap of what is confirmed.", "the file", 400)
_EXPORT["responses"][200]["content"] = {
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in (XLSX, "text/csv", "application/json")
}
_TRANSLATE: Final = described("What a code is confirmed to mean ($translate)", "", "codes of standards", 400)
_UNMAPPED: Final = described("Codes that nobody mapped, the most frequent first", "", "the work list", 400)
_PROPOSE: Final = asked(ProposalBody, EXAMPLES["proposals"]) | described(
    "Propose codes of a standard",
    "By code, name, sound and similarity, by what was confirmed elsewhere and what the release knows.",
    "how many codes were looked at, and how many pairs are new",
    *(400, 404),
)
_ADD: Final = asked(PairBody, EXAMPLES["pair"]) | described(
    "Propose a pair by hand", f"`equivalence`: {', '.join(EQUIVALENCES)}.", "the pair", 400, 404, 422, status=201
)
_IMPORT: Final = asked(ImportBody, EXAMPLES["import"]) | described(
    "Take a map from a table or a FHIR ConceptMap", "", "how many were taken, and why others were not", 400, 422
)
_DECIDE: Final = asked(DecisionsBody, EXAMPLES["decisions"]) | described(
    "Confirm or reject pairs", "Not one's own. What is beside a confirmed pair is passed over.", "how many", 400, 422
)
_SURE: Final = asked(SureBody, EXAMPLES["sure"]) | described(
    "Confirm all pairs of the very same name", "", "how many", 400
)
