"""Analysis by hand over HTTP (自助数据集与自助分析): a closed form over the tables of facts, and forms kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from api.access import Access, Principal
from api.asking import described, tenant_in, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, moment_of, respond
from api.indicator_desk import IndicatorDesk
from api.indicator_json import crosstab_json, dataset_json, fact_json, lines_json
from api.table_files import table_file
from base.tenancy import TenancyError
from supervision.figures.analysis import Form, indicators
from supervision.figures.answers import MOST_ROWS, Each, Line
from supervision.figures.crosstab import Crosstab, crosstab
from supervision.figures.indicator import Indicator
from supervision.figures.periods import Period, period_of
from supervision.figures.sums import Asked
from supervision.reports.pdf import Page

_READ: Final = "indicator.read"
_WRITE: Final = "indicator.write"
_LONGEST_TITLE: Final = 120
_FORMATS: Final = ("json", "table", "csv", "xlsx", "pdf")


class AnalysisBody(Body, frozen=True):
    """A form, or the id of one that was kept, for a period; ``compare`` adds the same period of the year before and
    the period before."""

    period: str
    form: Form | None = None
    dataset: str = ""
    compare: bool = False
    as_of: str = ""
    tenant: str = ""


class DatasetBody(Body, frozen=True):
    """A form to keep under a title, for an institution and all above that see it."""

    title: str
    form: Form
    tenant: str = ""


def router(access: Access, desk: IndicatorDesk) -> APIRouter:
    """``/api/v1/analysis``: the form, the tables it may name, forms that were kept."""
    routes = APIRouter(prefix="/api/v1/analysis", tags=["Indicators"])
    _analysis(routes, access, desk)
    _datasets(routes, access, desk)
    return routes


def _analysis(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/facts", **_FACTS)
    def facts(request: Request) -> Response:
        access.need(request, _READ)
        return respond(200, {"facts": [fact_json(fact) for fact in desk.known.facts.values()]})

    @routes.post("", **_ANALYSE)
    async def analyse(request: Request, format: str = "json") -> Response:
        given, found = decoded(AnalysisBody, await request.body()), access.need(request, _READ)
        if format not in _FORMATS:
            raise bad_field("format", f"只能是 {', '.join(_FORMATS)}")
        return await within(found, lambda: _answer(desk, _analysed(desk, found, given), format))


@dataclass(frozen=True, slots=True)
class _Analysed:
    """What a form asked for, and the lines that answer it."""

    form: Form
    period: Period
    chosen: list[Indicator]
    told: dict[str, list[Line]]


def _analysed(desk: IndicatorDesk, found: Principal, given: AnalysisBody) -> _Analysed:
    """Raises ``AskError``, ``PeriodError``, ``MissingError``, ``TenancyError``."""
    if (given.form is None) == (given.dataset == ""):
        raise bad_field("form", "form 与 dataset 须给且只给一个")
    tenant = tenant_in(given.tenant)
    if tenant and not found.scope.may_read(tenant):
        raise TenancyError("outside of the scope")
    form = given.form or desk.datasets.one(given.dataset).form
    only = {name: tuple(values) for name, values in form.only.items()}
    wanted = Asked(tuple(dict.fromkeys(form.by)), only, (tenant,) if tenant else (), moment_of(given.as_of, "asOf"))
    chosen, period = indicators(form, desk.known), period_of(given.period)
    told = desk.answers.ask(chosen, period, wanted, each=Each(form.each), compare=given.compare)
    return _Analysed(form, period, chosen, told)


def _answer(desk: IndicatorDesk, done: _Analysed, format: str) -> Response:
    """Raises ``AskError`` when there is more than a table shows."""
    if format == "json":
        return respond(200, _lines(desk, done))
    table = _table(desk, done)
    if format == "table":
        return respond(200, {"period": str(done.period)} | crosstab_json(table, MOST_ROWS))
    title = desk.known.facts[done.form.fact].title
    name = f"{title} {done.period} {datetime.now(UTC):%Y%m%d}"
    return table_file(name, Page(title, f"期间 {done.period}", {"": list(table.table())}), format)


def _lines(desk: IndicatorDesk, done: _Analysed) -> dict[str, Any]:
    called, by = desk.called(), tuple(dict.fromkeys(done.form.by))
    measures = [
        {"id": one.name, "title": one.title, "total": len(done.told[one.name])}
        | {"lines": lines_json(done.told[one.name][:MOST_ROWS], desk.dimensions(one, by), called)}
        for one in done.chosen
    ]
    return {"fact": done.form.fact, "period": str(done.period), "measures": measures}


def _table(desk: IndicatorDesk, done: _Analysed) -> Crosstab:
    titles = {one.name: one.title for one in done.chosen}
    by = desk.dimensions(done.chosen[0], tuple(dict.fromkeys(done.form.by)))
    return crosstab(done.told, titles, by, done.form.across, desk.called(), periods=bool(done.form.each))


def _datasets(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/datasets", **_LIST)
    async def listed(request: Request) -> Response:
        kept = await within(access.need(request, _READ), desk.datasets.listed)
        return respond(200, {"datasets": [dataset_json(one, msgspec.to_builtins(one.form)) for one in kept]})

    @routes.post("/datasets", **_KEEP)
    async def keep(request: Request) -> Response:
        found, given = access.need(request, _WRITE), decoded(DatasetBody, await request.body())
        if not 1 <= len(given.title.strip()) <= _LONGEST_TITLE:
            raise bad_field("title", f"须为 1 至 {_LONGEST_TITLE} 个字符")
        indicators(given.form, desk.known)
        tenant = writes(found, given.tenant, desk.league)
        made = await within(found, lambda: desk.datasets.save(tenant, given.title.strip(), given.form, found.name))
        access.note(found, "analysis.dataset.keep", f"dataset/{made.id}", tenant=tenant)
        return respond(201, dataset_json(made, msgspec.to_builtins(made.form)))

    @routes.post("/datasets/{number}/removal", **_REMOVE)
    async def remove(number: str, request: Request) -> Response:
        found = access.need(request, _WRITE)
        await within(found, lambda: desk.datasets.remove(number))
        access.note(found, "analysis.dataset.remove", f"dataset/{number}")
        return respond(200, {"removed": True})


# -- OpenAPI -----------------------------------------------------------------------------------

_FORM: Final[dict[str, Any]] = {
    "fact": "visits",
    "measures": [
        {"sum": "count", "title": "高血压门诊人次", "only": {"disease": ["I10"]}},
        {"sum": "mean", "column": "fee", "title": "次均费用"},
    ],
    "by": ["county", "department"],
    "across": ["period"],
    "only": {"kind": ["outpatient"]},
    "each": "month",
}
EXAMPLES: Final[dict[str, Any]] = {
    "analysis": {"period": "2026-Q3", "form": _FORM},
    "dataset": {"title": "高血压门诊", "form": _FORM},
}
"""Bodies that are complete; the tests send them."""
_FACTS: Final = described("Tables that may be analysed", "Columns, codes, dimensions.", "facts")
_ANALYSE: Final = asked(AnalysisBody, EXAMPLES["analysis"]) | described(
    "Analyse a table by a form (自助分析)",
    "Names columns and codes, never SQL; answered in the caller's scope. `format=table` lays the figures out by rows "
    "and columns (`across`), `csv`, `xlsx` and `pdf` give that as a file.",
    "measures with lines",
    *(400, 404, 422),
)
_LIST: Final = described("Forms that were kept (自助数据集)", "", "data sets by title")
_KEEP: Final = asked(DatasetBody, EXAMPLES["dataset"]) | described(
    "Keep a form", "Refused when it names what there is not.", "the data set", 400, 409, 422, status=201
)
_REMOVE: Final = described("Remove a form that was kept", "", "done", 404)
