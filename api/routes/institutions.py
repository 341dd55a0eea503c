"""Institutions of the league over HTTP: registered under one another, described, closed and opened again, and what
each offers of tests and examinations."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from api.access import Access, Principal
from api.asking import summarised, within
from api.bodies import asked, decoded
from api.errors import respond
from api.institution_desk import ChangeBody, InstitutionBody, InstitutionDesk
from api.offer_desk import OfferDesk, OffersBody
from records.registry import Entry


def router(access: Access, desk: InstitutionDesk, offers: OfferDesk) -> APIRouter:
    """``/api/v1/institutions``."""
    routes = APIRouter(prefix="/api/v1/institutions", tags=["Accounts"])

    def told(found: Principal, act: str, entry: Entry, status: int = 200) -> Response:
        access.note(found, f"institution.{act}", f"institution/{entry.item.tenant}")
        return respond(status, _institution(entry))

    @routes.get("", **_LIST)
    async def listed(request: Request) -> Response:
        found = access.need(request, "registry.read")
        listed = await within(found, desk.listed)
        return respond(200, {"institutions": [_institution(one) for one in listed]})

    @routes.post("", **_REGISTER)
    async def register(request: Request) -> Response:
        found, given = access.need(request, "institution.manage"), decoded(InstitutionBody, await request.body())
        return told(found, "register", await within(found, lambda: desk.register(found, given)), 201)

    @routes.put("/{key}", **_CHANGE)
    async def change(key: str, request: Request) -> Response:
        found, given = access.need(request, "institution.manage"), decoded(ChangeBody, await request.body())
        return told(found, "change", await within(found, lambda: desk.change(found, key, given)))

    @routes.post("/{key}/lock", **_CLOSE)
    async def close(key: str, request: Request) -> Response:
        found = access.need(request, "institution.manage")
        return told(found, "close", await within(found, lambda: desk.close(found, key, True)))

    @routes.post("/{key}/unlock", **_OPEN)
    async def reopen(key: str, request: Request) -> Response:
        found = access.need(request, "institution.manage")
        return told(found, "open", await within(found, lambda: desk.close(found, key, False)))

    @routes.get("/{key}/examinations", **_OFFERS)
    async def offered(key: str, request: Request) -> Response:
        found = access.need(request, "registry.read")
        return respond(200, await within(found, lambda: offers.listed(key)))

    @routes.put("/{key}/examinations", **_OFFER)
    async def offer(key: str, request: Request) -> Response:
        found, given = access.need(request, "institution.manage"), decoded(OffersBody, await request.body())
        told = await within(found, lambda: offers.put(found, key, given))
        access.note(found, "institution.offers", f"institution/{told['tenant']}", count=len(told["items"]))
        return respond(200, told)

    return routes


def _institution(entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(entry.item)
    told.pop("type", None)
    parent = told["tenant"].rpartition("/")[0]
    return told | {"key": entry.key, "version": entry.version, "active": entry.active, "parent": parent}


# -- OpenAPI -----------------------------------------------------------------------------------

_LIST: Final = summarised("Institutions of the league")
_REGISTER: Final = summarised("Register an institution under another", 400, 409, status=201) | asked(InstitutionBody)
_CHANGE: Final = summarised("Describe an institution anew", 400, 404, 409) | asked(ChangeBody)
_CLOSE: Final = summarised("Close an institution: who works there and below is not let in", 404)
_OPEN: Final = summarised("Open a closed institution again", 404)
_OFFERS: Final = summarised("Tests and examinations that an institution lists as its own", 404)
_OFFER: Final = summarised("Another list in place of it: names, LOINC codes or concepts", 400, 404) | asked(
    OffersBody, {"items": ["血常规", "心电图", "胸部CT"]}
)
