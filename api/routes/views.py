"""Views of boards over HTTP (保存的视图): kept by a person, shared by an institution, opened by their address."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Engine

from api.access import Access, Principal
from api.asking import described, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from base.tenancy import above
from supervision.views import BOARDS, Board, View, Views, missing, page_of


class ViewBody(Body, frozen=True):
    """A title for the address of a board, path and query; ``shared``: for everybody of the caller's institution and
    below who may read the board."""

    title: str
    address: str
    shared: bool = False


EXAMPLES: Final[dict[str, Any]] = {
    "view": {"title": "药事指标", "address": "/ui/boards?theme=pharmacy", "shared": True},
}
"""Bodies that are complete; the tests send them."""


def router(access: Access, engine: Engine, league: str) -> APIRouter:
    """``/api/v1/views``."""
    routes = APIRouter(prefix="/api/v1/views", tags=["Indicators"])
    views = Views(engine)

    @routes.get("", **_LIST)
    async def listed(request: Request, page: str) -> Response:
        board = _board(access, request, page)
        found = access.need(request, board.read)
        where = [path for reached in found.scope.reads or (found.tenant,) for path in above(reached)]
        offered = await within(found, lambda: views.offered(page, found.name, where))
        told = [_json(found, board, one) for one in offered]
        return respond(200, {"views": told, "mayShare": access.who(request).may(board.share)})

    @routes.post("", **_KEEP)
    async def keep(request: Request) -> Response:
        access.who(request)
        given = decoded(ViewBody, await request.body())
        board = BOARDS[page_of(given.address)]
        found = access.need(request, board.read)
        tenant = found.tenant or league
        if given.shared:
            found = access.need(request, board.share)
            tenant = writes(found, "", league)
        title = given.title.strip()
        made = await within(found, lambda: views.keep(tenant, given.address, title, found.name, shared=given.shared))
        access.note(found, "view.keep", f"view/{made.id}", tenant=tenant, shared=given.shared)
        return respond(201, _json(found, board, made))

    @routes.post("/{number}/removal", **_REMOVE)
    async def remove(number: str, request: Request) -> Response:
        view = await within(access.who(request), lambda: views.one(number))
        board = BOARDS[view.page]
        found = access.need(request, board.read)
        if not _may_remove(found, board, view):
            raise missing()
        await within(found, lambda: views.remove(number))
        access.note(found, "view.remove", f"view/{number}", tenant=view.tenant)
        return respond(200, {"removed": True})

    return routes


def _board(access: Access, request: Request, page: str) -> Board:
    """Raises ``ApiError`` 400, 401."""
    access.who(request)
    if page not in BOARDS:
        raise bad_field("page", f"只能是 {', '.join(BOARDS)}")
    return BOARDS[page]


def _may_remove(found: Principal, board: Board, view: View) -> bool:
    """One's own, and what an institution shares where one might share it."""
    return view.author == found.name or (view.shared and found.may(board.share, view.tenant))


def _json(found: Principal, board: Board, view: View) -> dict[str, Any]:
    kept = ("id", "page", "title", "address", "shared", "author")
    told = {name: getattr(view, name) for name in kept} | {"institution": view.tenant, "at": view.at.isoformat()}
    return told | {"own": view.author == found.name, "removable": _may_remove(found, board, view)}


# -- OpenAPI -----------------------------------------------------------------------------------

_LIST: Final = described(
    "Views of a board (保存的视图)",
    f"The caller's own, then what its institution and those above share. `page` is one of {', '.join(BOARDS)}.",
    "views by title",
    400,
)
_KEEP: Final = asked(ViewBody, EXAMPLES["view"]) | described(
    "Keep a view of a board",
    "The address is a board's, path and query below `/ui/`, with what the board is narrowed to; one that is about a "
    "patient or a record is refused. Sharing needs the permission to change what the board shows.",
    "the view",
    *(400, 409, 422),
    status=201,
)
_REMOVE: Final = described("Remove a view", "One's own, or one that is shared where one may share.", "done", 404)
