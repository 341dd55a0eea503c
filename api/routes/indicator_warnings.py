"""Warning lines of indicators over HTTP, and what lies beyond them (指标预警)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.access import Access
from api.asking import described, parameters, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.indicator_desk import IndicatorDesk
from api.indicator_json import drawn_json, lines_json
from api.routes.indicators import QUERY, answered, question
from supervision.figures.indicator import Direction, Indicator

_READ: Final = "indicator.read"
_WRITE: Final = "indicator.write"


class LineBody(Body, frozen=True):
    """Where an institution draws the line for itself and all below; null: it is warned of nothing. What is only
    watched takes a range: ``low`` and ``value``, or one of them."""

    value: float | None
    tenant: str = ""
    low: float | None = None


class ErasureBody(Body, frozen=True):
    """Whose line falls away."""

    tenant: str = ""


def router(access: Access, desk: IndicatorDesk) -> APIRouter:
    """``/api/v1/indicators/{name}/line`` and ``/api/v1/indicator-warnings``."""
    routes = APIRouter(prefix="/api/v1", tags=["Indicators"])
    _watching(routes, access, desk)
    _drawing(routes, access, desk)
    return routes


def _watching(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/indicator-warnings", **_WARNINGS)
    async def warnings(request: Request) -> Response:
        found = access.need(request, _READ)
        wanted = question(request, found)
        drawn = desk.lines.standing(wanted.home)
        watched = [one for one in desk.known.indicators.values() if drawn.concern(one)]
        chosen = [one for one in watched if desk.answers.fits(one, wanted.asked)]
        told = await within(found, lambda: answered(desk, chosen, wanted))
        called = desk.called()
        beyond = [
            {"id": one.name, "title": one.title, "unit": one.unit, "lines": lines_json(some, by, called)}
            for one in chosen
            if (some := [line for line in told[one.name] if line.warns])
            for by in [desk.dimensions(one, wanted.asked.by)]
        ]
        return respond(200, {"period": str(wanted.period), "indicators": beyond})

    @routes.get("/indicator-lines", **_LINES)
    async def lines(request: Request) -> Response:
        drawn = await within(access.need(request, _READ), desk.lines.listed)
        return respond(200, {"lines": [drawn_json(one) for one in drawn]})


def _drawing(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.post("/indicators/{name}/line", **_DRAW)
    async def draw(name: str, request: Request) -> Response:
        found, given = access.need(request, _WRITE), decoded(LineBody, await request.body())
        one, tenant = desk.known.indicator(name), writes(found, given.tenant, desk.league)
        _fits(one, given)
        made = await within(found, lambda: desk.lines.draw(tenant, one, given.value, found.name, given.low))
        access.note(found, "indicator.line", f"indicator/{name}", tenant=tenant, value=given.value)
        return respond(200, drawn_json(made))

    @routes.post("/indicators/{name}/line/removal", **_ERASE)
    async def erase(name: str, request: Request) -> Response:
        found, given = access.need(request, _WRITE), decoded(ErasureBody, await request.body())
        one, tenant = desk.known.indicator(name), writes(found, given.tenant, desk.league)
        await within(found, lambda: desk.lines.erase(tenant, one))
        access.note(found, "indicator.line.removal", f"indicator/{name}", tenant=tenant)
        return respond(200, {"removed": True})


def _fits(one: Indicator, given: LineBody) -> None:
    """Raises ``ApiError`` 400 for lines that the indicator cannot have."""
    if given.low is None:
        return
    if one.direction is not Direction.WATCH:
        raise bad_field("low", f"“{one.title}”有好坏方向，只设一条预警线（value）")
    if given.value is not None and given.low >= given.value:
        raise bad_field("low", "须小于 value（预警上限）")


# -- OpenAPI -----------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {"line": {"value": 35.0, "tenant": "league/county-a"}, "removal": {}}
"""Bodies that are complete; the tests send them."""
_WARNINGS: Final = parameters(QUERY) | described(
    "What lies beyond warning lines (指标预警)",
    "By institution with `by=institution`.",
    "indicators with lines",
    400,
    422,
)
_LINES: Final = described("Warning lines that institutions drew", "", "lines")
_DRAW: Final = asked(LineBody, EXAMPLES["line"]) | described(
    "Draw a warning line",
    "For an institution and all below, in place of the declared one.",
    "the line",
    400,
    404,
    422,
)
_ERASE: Final = asked(ErasureBody, EXAMPLES["removal"]) | described(
    "Let a warning line fall away", "The line above holds again.", "done", 400, 404
)
