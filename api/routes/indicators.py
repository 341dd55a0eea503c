"""Indicators over HTTP: the catalogue, figures, the rows and loads behind them, whole themes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api.access import Access, Principal
from api.asking import described, parameters, tenant_in, within
from api.errors import bad_field, moment_of, respond
from api.indicator_desk import IndicatorDesk
from api.indicator_json import held_json, indicator_json, lineage_json, lines_json
from api.institution_names import placed
from api.table_files import table_file
from base.tenancy import TenancyError
from supervision.figures.answers import MOST_ROWS, Each, Line
from supervision.figures.cases import HIDDEN, without
from supervision.figures.duck import engine
from supervision.figures.fact import PERSON
from supervision.figures.indicator import THEMES, Indicator, Theme
from supervision.figures.periods import Period, period_of
from supervision.figures.sums import Asked
from supervision.figures.tables import rows_of, sheets
from supervision.reports.pdf import Page

_READ: Final = "indicator.read"
OPEN: Final = "inference.use"
"""What it takes to open a patient's panel …"""
_CHECKED: Final = "qc.read"
"""… a report of record QC …"""
_REVIEWED: Final = "review.read"
"""… and a prescription or alert."""
_MOST_LINES: Final = 2_000
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


@dataclass(frozen=True, slots=True)
class Question:
    """What the query of a request asks for; ``home`` is whose warning lines hold where a figure is of no institution
    by name."""

    period: Period
    asked: Asked
    each: Each
    compare: bool
    home: str


def question(request: Request, found: Principal) -> Question:
    """Raises ``ApiError`` 400, ``PeriodError``, ``TenancyError`` when a named institution is out of reach."""
    query = request.query_params
    if not query.get("period"):
        raise bad_field("period", "须给出期间: 2026、2026-Q3、2026-11、2026-11-01..2026-11-15")
    tenant = tenant_in(query.get("tenant", ""))
    if tenant and not found.scope.may_read(tenant):
        raise TenancyError("outside of the scope")
    only: dict[str, tuple[str, ...]] = {}
    for text in query.getlist("only"):
        name, colon, value = text.partition(":")
        if not colon:
            raise bad_field("only", "写作 维度:值，例如 department:内科")
        only[name] = (*only.get(name, ()), value)
    by = tuple(dict.fromkeys(name for name in query.get("by", "").split(",") if name))
    asked = Asked(by, only, (tenant,) if tenant else (), moment_of(query.get("asOf", ""), "asOf"))
    period, each = period_of(query["period"]), _each(query.get("each", ""))
    return Question(period, asked, each, query.get("compare") != "false", tenant or found.tenant)


def _each(text: str) -> Each:
    try:
        return Each(text)
    except ValueError:
        raise bad_field("each", "只能是 month、quarter 或 year") from None


def router(access: Access, desk: IndicatorDesk) -> APIRouter:
    """``/api/v1/indicators`` and ``/api/v1/reports``."""
    routes = APIRouter(prefix="/api/v1", tags=["Indicators"])
    _catalogue(routes, access, desk)
    _figures(routes, access, desk)
    _behind(routes, access, desk)
    _reports(routes, access, desk)
    return routes


def _catalogue(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/indicators", **_LIST)
    def listed(request: Request, theme: str = "") -> Response:
        access.need(request, _READ)
        chosen = desk.known.of_theme(_theme(theme)) if theme else desk.known.indicators.values()
        themes = [{"id": one.value, "title": title} for one, title in THEMES.items()]
        return respond(200, {"themes": themes, "indicators": [indicator_json(one, desk.known) for one in chosen]})

    @routes.get("/indicator-facts", **_FACTS)
    async def facts(request: Request) -> Response:
        held = await within(access.need(request, _READ), desk.lake.manifest.held)
        return respond(200, {"engine": engine(), "facts": held_json(held, desk.known)})


def _figures(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/indicators/{name}", **_FIGURES)
    async def figures(name: str, request: Request, format: str = "json", limit: Limit = MOST_ROWS) -> Response:
        found, one = access.need(request, _READ), desk.known.indicator(name)
        if not request.query_params.get("period"):
            return respond(200, indicator_json(one, desk.known))
        wanted = question(request, found)
        lines = (await within(found, lambda: answered(desk, [one], wanted)))[name]
        by, called = desk.dimensions(one, wanted.asked.by), desk.called()
        if format != "json":
            return _file(desk, {name: lines}, wanted, format, one.title)
        told = {"indicator": indicator_json(one, desk.known), "lines": lines_json(lines[:limit], by, called)}
        return respond(200, told | {"total": len(lines)})


def _behind(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/indicators/{name}/rows", **_ROWS)
    async def rows(
        name: str, request: Request, part: str = "numerator", limit: Limit = 100, offset: Offset = 0
    ) -> Response:
        found, one = access.need(request, _READ), desk.known.indicator(name)
        if part not in ("numerator", "denominator"):
            raise bad_field("part", "只能是 numerator 或 denominator")
        wanted, below = question(request, found), part == "denominator"

        fact = desk.known.facts[(one.denominator or one.numerator).fact if below else one.numerator.fact]

        def read() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            behind = desk.answers.rows(one, wanted.period, wanted.asked, below=below, offset=offset, limit=limit)
            whose = [row.shown | {PERSON.name: row.person} for row in behind]
            return placed([row.shown for row in behind], desk.called()), cases_of(desk, found, fact.name, whose)

        told, cases = await within(found, read)
        access.note(found, "indicator.rows", f"indicator/{name}", period=str(wanted.period), rows=len(told))
        shown = [column for column in told[0] if column in fact.columns] if told else []
        titles = {column: fact.columns[column].title for column in shown}
        further = offset + limit if len(told) == limit else None
        return respond(200, {"columns": titles, "rows": told, "cases": cases, "next": further})

    @routes.get("/indicators/{name}/lineage", **_LINEAGE)
    async def lineage(name: str, request: Request) -> Response:
        found, one = access.need(request, _READ), desk.known.indicator(name)
        wanted = question(request, found)

        def read() -> Any:
            return placed(lineage_json(desk.answers.lineage(one, wanted.period, wanted.asked)), desk.called())

        return respond(200, await within(found, read))


def _reports(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/reports/{theme}", **_REPORT)
    async def report(theme: str, request: Request, format: str = "json") -> Response:
        found, every = access.need(request, _READ), desk.known.of_theme(_theme(theme))
        wanted, title = question(request, found), THEMES[_theme(theme)]
        chosen = [one for one in every if desk.answers.fits(one, wanted.asked)]
        if not chosen:
            raise bad_field("by", "该主题没有一个指标能按这些维度分组和筛选")
        told = await within(found, lambda: answered(desk, chosen, wanted))
        if format != "json":
            return _file(desk, told, wanted, format, f"{title}指标")
        called = desk.called()
        by = {one.name: desk.dimensions(one, wanted.asked.by) for one in chosen}
        figures = [
            {"id": one.name, "title": one.title, "unit": one.unit}
            | {"lines": lines_json(told[one.name][:_MOST_LINES], by[one.name], called)}
            for one in chosen
        ]
        left_out = [one.name for one in every if one not in chosen]
        head = {"theme": theme, "title": title, "period": str(wanted.period), "leftOut": left_out}
        return respond(200, head | {"indicators": figures})


def _theme(text: str) -> Theme:
    try:
        return Theme(text)
    except ValueError:
        raise bad_field("theme", f"只能是 {', '.join(THEMES)}") from None


def answered(desk: IndicatorDesk, chosen: list[Indicator], wanted: Question) -> dict[str, list[Line]]:
    """Figures of some indicators, each with the lines that were drawn for whoever asks."""
    drawn = desk.lines.standing(wanted.home)
    return desk.answers.ask(
        chosen, wanted.period, wanted.asked, each=wanted.each, compare=wanted.compare, drawn=drawn
    )


def cases_of(desk: IndicatorDesk, found: Principal, fact: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each row the case behind it, as far as there is one that whoever asks may open; else why there is none."""
    ways: dict[str, tuple[str, Mapping[tuple[str, str], Any]]] = {
        "patient": (OPEN, desk.cases.patients(fact, rows)),
        "report": (_CHECKED, desk.cases.reports(fact, rows)),
        "prescription": (_REVIEWED, desk.cases.requests(fact, rows)),
    }
    told = []
    for row in rows:
        place = row["tenant"], row["id"]
        led = {name: (needed, known[place]) for name, (needed, known) in ways.items() if place in known}
        case = {name: number for name, (needed, number) in led.items() if found.may(needed, row["tenant"])}
        told.append(case or {"none": HIDDEN if led else without(fact, row)})
    return told


def _file(desk: IndicatorDesk, told: dict[str, list[Line]], wanted: Question, format: str, title: str) -> Response:
    """Figures as a file. Raises ``ApiError`` 400, ``MissingPdfError``."""
    known, called = desk.known.indicators, desk.called()
    by = desk.dimensions(known[next(iter(told))], wanted.asked.by) if told else []
    rows = [row for name, lines in told.items() for row in rows_of(known[name], lines, by, called)]
    page = Page(title, f"期间 {wanted.period}", {"": rows})
    name = f"{title} {wanted.period} {datetime.now(UTC):%Y%m%d}"
    return table_file(name, page, format, sheets(told, known, by, called) if format == "xlsx" else None)


# -- OpenAPI -----------------------------------------------------------------------------------

QUERY: Final = {
    "period": "2026, 2026-Q3, 2026-11, 2026-W48, 2026-11-05, 2026-11-01..2026-11-15",
    "by": "dimensions by commas: county,department",
    "only": "rows that count, repeatable: department:内科",
    "each": "month, quarter or year: the period cut up",
    "compare": "false: without the same period of the year before and the period before",
    "asOf": "figures as they stood at a time",
    "tenant": "an institution or county and what is below it",
}
_OF_PLACE: Final = {name: QUERY[name] for name in ("period", "only", "asOf", "tenant")}
_LIST: Final = described("Indicators (指标目录)", "With formulas, sources, dimensions.", "indicators and themes", 400)
_FACTS: Final = described(
    "What figures are reckoned from",
    "Tables of facts with rows, months and institutions; those without rows are listed too.",
    "facts and whether DuckDB is installed",
)
_FIGURES: Final = parameters(QUERY) | described(
    "Figures of an indicator",
    "Without a period its declaration. `format` gives them as csv, xlsx or pdf.",
    "lines, the best first",
    *(400, 404, 422),
)
_ROWS: Final = parameters(_OF_PLACE) | described(
    "Rows behind a figure",
    "Those that count in the numerator, or in the denominator. `cases` says of each row, in their order, the "
    "`patient` (the institution's number), the `report` of record QC and the `prescription` (or other request at "
    "order entry) behind it, where there is one and the caller may open it (`inference.use`, `qc.read`, "
    "`review.read`); `none` why there is no case.",
    "a page of rows",
    400,
    404,
    422,
)
_LINEAGE: Final = parameters(_OF_PLACE) | described(
    "Where a figure came from",
    "Files, the loads that wrote them, how far their sources were read.",
    "parts and loads",
    *(400, 404, 422),
)
_REPORT: Final = parameters(QUERY) | described(
    "A theme with all its indicators (主题报表)",
    "`format` gives it as csv, xlsx or pdf; `leftOut` are those without the dimensions asked for.",
    "indicators with lines",
    *(400, 422),
)
