"""Appraisal over HTTP: the library, schemes, and what is entered for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Request, Response

from api.access import Access
from api.appraisal_desk import AppraisalDesk, held_json, item_json
from api.asking import described, reads, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from base.tenancy import acting
from supervision.appraisal.definitions import Entry, Put
from supervision.appraisal.library import Item
from supervision.appraisal.reckoning import Subject
from supervision.appraisal.scheme import Scheme
from supervision.figures.periods import period_of

_MOST: Final = 1_000
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


class ItemBody(Body, frozen=True):
    """An item for the library of an institution; it holds for all below."""

    item: dict[str, Any]
    tenant: str = ""


class SchemeBody(Body, frozen=True):
    """A draft of a scheme: a new one, or the next version of one."""

    scheme: dict[str, Any]
    tenant: str = ""


class PutBody(Body, frozen=True):
    """A value, a share (0 to 1) or a target of a subject and an item; a target without ``period`` holds in all."""

    kind: Entry
    subject: Subject
    item: str
    amount: float
    period: str = ""
    evidence: str = ""


class EntriesBody(Body, frozen=True):
    """What is entered for a scheme."""

    scheme: str
    entries: list[PutBody]
    tenant: str = ""


def router(access: Access, desk: AppraisalDesk) -> APIRouter:
    """``/api/v1/appraisal``: ``/items``, ``/schemes``, ``/entries``."""
    routes = APIRouter(prefix="/api/v1/appraisal", tags=["Appraisal"])
    _items(routes, access, desk)
    _schemes(routes, access, desk)
    _entries(routes, access, desk)
    return routes


def _items(routes: APIRouter, access: Access, desk: AppraisalDesk) -> None:
    @routes.get("/items", **_ITEMS)
    def listed(request: Request, tenant: str = "") -> Response:
        found = access.need(request, "appraisal.read")
        known = desk.definitions.items(reads(found, tenant, desk.league))
        return respond(200, {"items": [item_json(item) for item in known.values()]})

    @routes.post("/items", **_ITEM)
    async def put(request: Request) -> Response:
        found, given = access.need(request, "appraisal.write"), decoded(ItemBody, await request.body())
        tenant, item = writes(found, given.tenant, desk.league), decoded(Item, msgspec.json.encode(given.item))
        now = datetime.now(UTC)
        version = await within(found, lambda: desk.put_item(tenant, item, found.name, now))
        access.note(found, "appraisal.item", f"appraisal-item/{item.code}", of=tenant, version=version)
        return respond(201, item_json(item) | {"tenant": tenant, "version": version})


def _schemes(routes: APIRouter, access: Access, desk: AppraisalDesk) -> None:
    @routes.get("/schemes", **_SCHEMES)
    def listed(request: Request, tenant: str = "") -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            known = desk.definitions.schemes(reads(found, tenant, desk.league) if tenant else "")
        return respond(200, {"schemes": [held_json(held) for held in known]})

    @routes.post("/schemes", **_SCHEME)
    async def put(request: Request) -> Response:
        found, given = access.need(request, "appraisal.write"), decoded(SchemeBody, await request.body())
        tenant, scheme = writes(found, given.tenant, desk.league), decoded(Scheme, msgspec.json.encode(given.scheme))
        now = datetime.now(UTC)
        held = await within(found, lambda: desk.definitions.put_scheme(tenant, scheme, found.name, now))
        access.note(found, "appraisal.scheme", f"appraisal-scheme/{scheme.code}", of=tenant, version=held.version)
        return respond(201, held_json(held))

    @routes.post("/schemes/{code}/{version}/publication", **_PUBLISH)
    async def publish(code: str, version: Number, request: Request, tenant: str = "") -> Response:
        found = access.need(request, "appraisal.review")
        home, now = writes(found, tenant, desk.league), datetime.now(UTC)
        held = await within(found, lambda: desk.definitions.publish(home, code, version, found.name, now))
        access.note(found, "appraisal.scheme.publish", f"appraisal-scheme/{code}"[:160], of=home, version=version)
        return respond(200, held_json(held))


def _entries(routes: APIRouter, access: Access, desk: AppraisalDesk) -> None:
    @routes.get("/entries", **_ENTERED)
    def listed(request: Request, scheme: str, kind: Entry = Entry.VALUE, tenant: str = "") -> Response:
        found = access.need(request, "appraisal.write")
        with acting(found.scope):
            known = desk.definitions.entered(reads(found, tenant, desk.league), scheme, kind)
        told = [
            {"period": period, "subject": subject, "item": item, **one._asdict()}
            for (period, subject, item), one in sorted(known.items())
        ]
        return respond(200, {"entries": told})

    @routes.post("/entries", **_ENTER)
    async def enter(request: Request) -> Response:
        found, given = access.need(request, "appraisal.write"), decoded(EntriesBody, await request.body())
        tenant, now = writes(found, given.tenant, desk.league), datetime.now(UTC)
        if not 0 < len(given.entries) <= _MOST:
            raise bad_field("entries", f"must hold 1 to {_MOST} entries")
        puts = [_put(given.scheme, one) for one in given.entries]
        await within(found, lambda: desk.definitions.enter(tenant, puts, found.name, now))
        access.note(found, "appraisal.enter", f"appraisal-scheme/{given.scheme}"[:160], of=tenant, count=len(puts))
        return respond(201, {"entered": len(puts)})


def _put(scheme: str, one: PutBody) -> Put:
    """Raises ``PeriodError`` for a period that is none."""
    period = str(period_of(one.period)) if one.period or one.kind is not Entry.TARGET else ""
    return Put(one.kind, scheme, period, one.subject.key, one.item, one.amount, one.evidence)


# -- OpenAPI -----------------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "item": {
        "item": {
            "code": "defects",
            "title": "病案缺陷例数",
            "origin": {"kind": "entered"},
            "unit": "例",
            "direction": "lower",
            "category": "医疗质量",
            "usage": "每季度抽查归档病案所见的重大缺陷",
            "source": "本县考核办法",
        }
    },
    "scheme": {
        "scheme": {
            "code": "hospital",
            "title": "县级医院季度考核",
            "whom": "institution",
            "each": "quarter",
            "branches": [
                {
                    "node": "branch",
                    "title": "医疗质量",
                    "weight": 60,
                    "nodes": [
                        {"node": "line", "item": "defects", "method": {"kind": "deduct", "each": 2}},
                        {"node": "line", "item": "opinion", "method": {"kind": "manual"}, "missing": "left-out"},
                    ],
                },
                {
                    "node": "branch",
                    "title": "运营效率",
                    "weight": 40,
                    "nodes": [{"node": "line", "item": "growth", "method": {"kind": "walsh", "standard": 5}}],
                },
            ],
        }
    },
    "entries": {
        "scheme": "hospital",
        "entries": [
            {
                "kind": "value",
                "subject": {"tenant": "league/county-a/h1"},
                "item": "defects",
                "period": "2026-Q1",
                "amount": 3,
                "evidence": "2026 年第一季度病案抽查",
            }
        ],
    },
}
"""Bodies that are complete; the tests send them."""

_ITEMS: Final = described(
    "The library of indicators (绩效指标库)", "An institution's own, and those of all above it.", "items", 400
)
_ITEM: Final = asked(ItemBody, EXAMPLES["item"]) | described(
    "Put an item into the library",
    "`origin`: `indicator` (counted by the installation), `entered` by hand, or `derived` from other items. Changed, "
    "it is another version; schemes that were published keep the one they had.",
    "the item",
    *(400, 409, 422),
    status=201,
)
_SCHEMES: Final = described(
    "Schemes with the points of their lines", "Every version, the newest first.", "schemes", 400
)
_SCHEME: Final = asked(SchemeBody, EXAMPLES["scheme"]) | described(
    "Draft a scheme", "In levels with weights; a method for each line (docs/appraisal.md).", "the draft",
    *(400, 409, 422), status=201,
)  # fmt: skip
_PUBLISH: Final = described(
    "Put a version of a scheme into force", "By somebody else than its author.", "the scheme", 400, 404, 409, 422
)
_ENTERED: Final = described("What was entered for a scheme", "The newest of each.", "entries", 400)
_ENTER: Final = asked(EntriesBody, EXAMPLES["entries"]) | described(
    "Enter values, shares or targets", "All or none.", "how many", 400, 404, 422, status=201
)
