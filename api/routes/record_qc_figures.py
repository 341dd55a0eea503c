"""Record QC over HTTP: schemes of scores, statistics, and the national indicators of record quality."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.access import Access
from api.asking import attached, described, parameters, reads, sees, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.quality_desk import csv_lines
from api.record_qc_desk import RecordQcDesk
from api.record_qc_json import behind_json, edition_json, figure_json
from api.routes.record_qc import FILTERS, PERIOD, query_of
from api.table_files import PDF, table_file
from base.tabular import XLSX
from supervision.record_qc.statistics import COUNTED_BY, SCORED_BY
from supervision.reports.pdf import Page

_TITLE: Final = "病历质控统计"


class SchemeBody(Body, frozen=True):
    """A whole scheme (see ``GET /schemes/active`` for the form) that is to hold from now on."""

    scheme: dict[str, Any]
    note: str = ""
    tenant: str = ""


class AssessmentBody(Body, frozen=True):
    """What a coder found of a record: item → whether it is right."""

    record: str
    items: dict[str, bool]
    tenant: str = ""


class StaffingBody(Body, frozen=True):
    """Figures of a month (``2026-11``): item → number."""

    month: str
    figures: dict[str, float]
    tenant: str = ""


def router(access: Access, desk: RecordQcDesk) -> APIRouter:
    """``/api/v1/qc``: ``/schemes``, ``/statistics``, ``/national``, ``/assessments``, ``/staffing``."""
    routes = APIRouter(prefix="/api/v1/qc", tags=["Record QC"])
    _schemes(routes, access, desk)
    _statistics(routes, access, desk)
    _national(routes, access, desk)
    return routes


def _schemes(routes: APIRouter, access: Access, desk: RecordQcDesk) -> None:
    @routes.get("/schemes", **_SCHEMES)
    async def listed(request: Request) -> Response:
        found = access.need(request, "qc.read")
        some = await within(found, desk.schemes.listed)
        return respond(200, {"schemes": [edition_json(one) for one in some]})

    @routes.get("/schemes/active", **_ACTIVE)
    async def active(request: Request, tenant: str = "") -> Response:
        found = access.need(request, "qc.read")
        wanted = sees(found, tenant, desk.league) if tenant else reads(found, "", desk.league)
        return respond(200, edition_json(await within(found, lambda: desk.schemes.of(wanted))))

    @routes.post("/schemes", **_PUBLISH)
    async def publish(request: Request) -> Response:
        found, given = access.need(request, "qc.decide"), decoded(SchemeBody, await request.body())
        tenant, now = writes(found, given.tenant, desk.league), datetime.now(UTC)
        made = await within(
            found, lambda: desk.schemes.publish(tenant, given.scheme, found.name, now, given.note.strip())
        )
        access.note(found, "qc.scheme.publish", f"qc-scheme/{made.id}", tenant=tenant)
        return respond(201, edition_json(made))

    @routes.post("/schemes/{number}/withdrawal", **_WITHDRAW)
    async def withdraw(number: int, request: Request, tenant: str = "") -> Response:
        found = access.need(request, "qc.decide")
        owner = writes(found, tenant, desk.league)
        await within(found, lambda: desk.schemes.withdraw(owner, number, datetime.now(UTC)))
        access.note(found, "qc.scheme.withdraw", f"qc-scheme/{owner}#{number}", tenant=owner)
        return respond(200, {"withdrawn": True})


def _statistics(routes: APIRouter, access: Access, desk: RecordQcDesk) -> None:
    async def rows(request: Request, of: str, by: str) -> list[dict[str, Any]]:
        found = access.need(request, "qc.read")
        query = query_of(request, found, desk.league)
        names, lines = by.split(","), {"scores": desk.scored, "defects": desk.counted}
        if of not in lines:
            raise bad_field("of", "须为 scores (评分) 或 defects (缺陷)")
        return await within(found, lambda: lines[of](names, query))

    @routes.get("/statistics", **_STATISTICS)
    async def counted(request: Request, of: str = "scores", by: str = "tenant") -> Response:
        return respond(200, {"rows": await rows(request, of, by)})

    @routes.get("/statistics.csv", **_CSV)
    async def as_csv(request: Request, of: str = "scores", by: str = "tenant") -> StreamingResponse:
        made = await rows(request, of, by)
        return StreamingResponse(csv_lines(made), media_type="text/csv", headers=attached(f"{_TITLE}.csv"))

    @routes.get("/statistics.pdf", **_PAGES)
    async def as_pages(request: Request, of: str = "scores", by: str = "tenant") -> Response:
        made, given = await rows(request, of, by), request.query_params
        period = "至".join(filter(None, (given.get("since"), given.get("until"))))
        page = Page(_TITLE, f"期间 {period or '全部'}", {"": made})
        return table_file(_TITLE, page, "pdf")

    @routes.get("/statistics.xlsx", **_BOOK)
    async def as_book(request: Request) -> Response:
        found = access.need(request, "qc.read")
        query = query_of(request, found, desk.league)
        _period(query.since, query.until)
        made = await within(found, lambda: desk.book(query))
        return Response(made, 200, attached(f"{_TITLE}.xlsx"), XLSX)


def _national(routes: APIRouter, access: Access, desk: RecordQcDesk) -> None:
    @routes.get("/national", **_NATIONAL)
    async def national(request: Request) -> Response:
        found = access.need(request, "qc.read")
        query = query_of(request, found, desk.league)
        _period(query.since, query.until)
        some = await within(found, lambda: desk.nationals.figures(query.tenant, query.since, query.until))
        return respond(200, {"indicators": [figure_json(one) for one in some]})

    @routes.get("/national/{name}/records", **_BEHIND)
    async def behind(name: str, request: Request) -> Response:
        found = access.need(request, "qc.read")
        query = query_of(request, found, desk.league)
        _period(query.since, query.until)
        some = await within(found, lambda: desk.nationals.behind(name, query.tenant, query.since, query.until))
        return respond(200, {"records": [behind_json(one) for one in some]})

    @routes.post("/assessments", **_ASSESS)
    async def assess(request: Request) -> Response:
        found, given = access.need(request, "qc.write"), decoded(AssessmentBody, await request.body())
        tenant, now = writes(found, given.tenant, desk.league), datetime.now(UTC)
        await within(found, lambda: desk.nationals.assess(tenant, given.record, given.items, found.name, now))
        access.note(found, "qc.assess", f"qc-record/{given.record}", tenant=tenant, items=sorted(given.items))
        return respond(200, {"assessed": len(given.items)})

    @routes.post("/staffing", **_STAFF)
    async def staff(request: Request) -> Response:
        found, given = access.need(request, "qc.write"), decoded(StaffingBody, await request.body())
        tenant, now = writes(found, given.tenant, desk.league), datetime.now(UTC)
        month = _month(given.month)
        await within(found, lambda: desk.nationals.staff(tenant, month, given.figures, found.name, now))
        access.note(found, "qc.staffing", f"qc-staffing/{month}", tenant=tenant)
        return respond(200, {"stored": len(given.figures)})


def _period(since: str, until: str) -> None:
    for name, value in (("since", since), ("until", until)):
        if not value:
            raise bad_field(name, "必填：统计期的首日与末日，如 2026-11-01")
    if since > until:
        raise bad_field("since", "不能晚于 until")


def _month(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m").strftime("%Y-%m")
    except ValueError:
        raise bad_field("month", "须为月份：2026-11") from None


# -- OpenAPI ---------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "scheme": {
        "scheme": {
            "name": "own",
            "title": "本院住院病历评分标准",
            "sheets": [
                {
                    "kind": "住院病历",
                    "a": 90,
                    "b": 75,
                    "items": [
                        {"group": "入院记录", "points": 40},
                        {"group": "病程记录", "points": 60},
                    ],
                }
            ],
            "changes": {"first-course-late": {"points": 5}},
        },
        "note": "首版",
    },
    "assessment": {
        "record": "ZY20261101001",
        "items": {"main-diagnosis-chosen": True, "main-diagnosis-coded": False},
    },
    "staffing": {"month": "2026-11", "figures": {"inpatient-managers": 3, "coders": 2}},
}
"""Bodies that are complete; the tests send them."""
_SCHEMES: Final = described("Schemes of scores, the newest first", "Ours (`shipped`) is the last.", "schemes")
_ACTIVE: Final = described("The scheme that holds for an institution", "", "the scheme", 400)
_PUBLISH: Final = asked(SchemeBody, EXAMPLES["scheme"]) | described(
    "Publish a scheme for an institution and all below",
    "Points of each part, thresholds of 甲 and 乙, and what checks cost: `points`, `most` of one check together (0: "
    "no limit), `veto` (the best grade left; 甲级 takes a veto away), `off`. Reports keep the scheme they were made "
    "with.",
    "the scheme",
    *(400, 409, 422),
    status=201,
)
_WITHDRAW: Final = described("Withdraw a scheme", "The one before holds again.", "done", 400, 404)
_COUNTED: Final = (
    "`of`: scores (records, mean, grades) or defects. `by`: one or more, separated by commas: scores by "
    f"{', '.join(SCORED_BY)}; defects by {', '.join(COUNTED_BY)}."
)
_STATISTICS: Final = described(
    "Scores or defects by institution, department, doctor, check, month", _COUNTED, "lines", 400, 422
)
_STATISTICS.update(parameters(FILTERS))
_CSV: Final = described("The same as CSV", _COUNTED, "lines", 400, 422) | parameters(FILTERS)
_PAGES: Final = described("The same as pages (.pdf)", _COUNTED, "the pages", 400, 422) | parameters(FILTERS)
_PAGES["responses"][200]["content"] = {PDF: {"schema": {"type": "string", "format": "binary"}}}
_BOOK: Final = described("Scores, defects and national indicators of a period (.xlsx)", "", "the workbook", 400)
_BOOK.update(parameters(FILTERS))
_BOOK["responses"][200]["content"] = {XLSX: {"schema": {"type": "string", "format": "binary"}}}
_ASKED: Final = {"tenant": FILTERS["tenant"]} | PERIOD
_NATIONAL: Final = described(
    "The 27 national indicators of record quality (病案管理质量控制指标 2021)",
    "Of stays that ended in the period, from their newest final report. `value` null: not known, `note` says why.",
    "indicators",
    400,
)
_NATIONAL.update(parameters(_ASKED))
_BEHIND: Final = described("The records behind an indicator", "yes, no, or unknown.", "records", 400, 404)
_BEHIND.update(parameters(_ASKED))
_ASSESS: Final = asked(AssessmentBody, EXAMPLES["assessment"]) | described(
    "Say whether main diagnosis and operation are chosen and coded rightly",
    "Indicators 21 to 24 count only what a coder judged.",
    "how many items",
    *(400, 422),
)
_STAFF: Final = asked(StaffingBody, EXAMPLES["staffing"]) | described(
    "Figures of staff of a month", "Indicators 1 to 3 need them.", "how many figures", 400, 422
)
