"""Scheduled reports over HTTP (定时报表): schedules, and their runs with the files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api.access import Access
from api.asking import attached, described, within, writes
from api.bodies import Body, asked, decoded
from api.errors import ApiError, moment_of, respond
from api.report_desk import ReportDesk, letter_json, run_json, schedule_json
from supervision.reports.plan import Plan, checked
from supervision.reports.store import Run, Schedule

_READ: Final = "indicator.read"
_WRITE: Final = "indicator.write"
Limit = Annotated[int, Query(ge=1, le=500)]


class ChangeBody(Body, frozen=True):
    """Another plan for a schedule; ``at`` is that of the one that was looked at."""

    plan: Plan
    at: datetime


class ScheduleBody(Body, frozen=True):
    """A plan for an institution and what is below it; without a name the caller's own."""

    plan: Plan
    tenant: str = ""


def router(access: Access, desk: ReportDesk) -> APIRouter:
    """``/api/v1/reports/schedules`` and ``/api/v1/reports/runs``."""
    routes = APIRouter(prefix="/api/v1/reports", tags=["Reports"])
    _schedules(routes, access, desk)
    _acts(routes, access, desk)
    _runs(routes, access, desk)
    return routes


def _schedules(routes: APIRouter, access: Access, desk: ReportDesk) -> None:
    @routes.get("/schedules", **_LIST)
    async def listed(request: Request) -> Response:
        found = access.need(request, _READ)
        known, called = await within(found, desk.reports.listed), desk.called()
        told = [schedule_json(one, called, whole=found.may(_WRITE)) for one in known]
        return respond(200, {"schedules": told, "keepDays": desk.keep_days})

    @routes.post("/schedules", **_ADD)
    async def add(request: Request) -> Response:
        found, given = access.need(request, _WRITE), decoded(ScheduleBody, await request.body())
        tenant, plan = writes(found, given.tenant, desk.league), checked(given.plan, desk.hosts)
        await within(found, lambda: desk.maker().check(plan, tenant))
        made = await within(found, lambda: desk.reports.add(tenant, plan, found.name, datetime.now(UTC)))
        access.note(found, "report.schedule.add", f"schedule/{made.id}", tenant=tenant)
        return respond(201, schedule_json(made, desk.called(), whole=True))

    @routes.put("/schedules/{number}", **_CHANGE)
    async def change(number: str, request: Request) -> Response:
        found, given = access.need(request, _WRITE), decoded(ChangeBody, await request.body())
        plan = checked(given.plan, desk.hosts)

        def changed() -> Schedule:
            was = desk.reports.one(number)
            desk.maker().check(plan, was.tenant)
            return desk.reports.change(was._replace(at=given.at), plan, found.name, datetime.now(UTC))

        made = await within(found, changed)
        access.note(found, "report.schedule.change", f"schedule/{number}", tenant=made.tenant)
        return respond(200, schedule_json(made, desk.called(), whole=True))


def _acts(routes: APIRouter, access: Access, desk: ReportDesk) -> None:
    @routes.post("/schedules/{number}/removal", **_REMOVE)
    async def remove(number: str, request: Request) -> Response:
        found = access.need(request, _WRITE)
        await within(found, lambda: desk.reports.remove(number))
        access.note(found, "report.schedule.remove", f"schedule/{number}")
        return respond(200, {"removed": True})

    @routes.post("/schedules/{number}/run", **_START)
    async def start(number: str, request: Request) -> Response:
        found = access.need(request, _WRITE)

        def begun() -> Run:
            return desk.reports.start(desk.reports.one(number), datetime.now(UTC))

        made = await within(found, begun)
        access.note(found, "report.run.start", f"run/{made.id}")
        return respond(202, run_json(made, desk.called()))

    @routes.post("/runs/{number}/retry", **_RETRY)
    async def retry(number: str, request: Request) -> Response:
        found = access.need(request, _WRITE)
        made = await within(found, lambda: desk.reports.retry(number, datetime.now(UTC)))
        access.note(found, "report.run.retry", f"run/{number}")
        return respond(202, run_json(made, desk.called()))


def _runs(routes: APIRouter, access: Access, desk: ReportDesk) -> None:
    @routes.get("/runs", **_RUNS)
    async def listed(request: Request, schedule: str = "", before: str = "", limit: Limit = 100) -> Response:
        found, earlier = access.need(request, _READ), moment_of(before, "before")
        known = await within(found, lambda: desk.reports.history(schedule, earlier, limit))
        called = desk.called()
        return respond(200, {"runs": [run_json(one, called) for one in known]})

    @routes.get("/runs/{number}", **_RUN)
    async def one(number: str, request: Request) -> Response:
        found = access.need(request, _READ)

        def read() -> dict[str, Any]:
            letters = [letter_json(letter) for letter in desk.letters.of(number)]
            return run_json(desk.reports.run(number), desk.called()) | {"letters": letters}

        return respond(200, await within(found, read))

    @routes.get("/runs/{number}/file", **_FILE)
    async def file(number: str, request: Request) -> Response:
        found = access.need(request, _READ)
        kept = await within(found, lambda: desk.reports.file(number))
        if kept is None:
            raise ApiError(404, "not-found", "该次报表没有文件，或文件已过保留期限")
        access.note(found, "report.file", f"run/{number}")
        return Response(kept.content, 200, attached(kept.name), kept.media)


# -- OpenAPI -----------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "schedule": {
        "plan": {
            "title": "药品月报",
            "every": "month",
            "content": "theme",
            "of": "drugs",
            "by": ["county"],
            "day": 2,
            "hour": 8,
            "format": "xlsx",
            "channels": [{"kind": "mail", "name": "院办", "to": ["office@example.org"]}],
        }
    }
}
"""Bodies that are complete; the tests send them."""
_LIST: Final = described(
    "Scheduled reports (定时报表)",
    "Within the caller's scope; `keepDays`: how long files are kept where a plan says nothing else.",
    "schedules",
)
_ADD: Final = asked(ScheduleBody, EXAMPLES["schedule"]) | described(
    "Schedule a report",
    "Of a theme, a data set that was kept, or what crosses its warning line; the period is the one that ended.",
    "the schedule",
    *(400, 404, 422),
    status=201,
)
_CHANGE: Final = asked(ChangeBody, {**EXAMPLES["schedule"], "at": "2026-11-02T09:00:00+08:00"}) | described(
    "Change a schedule",
    "Its plan; the institution stays. `at` is that of the schedule as it was looked at.",
    "the schedule",
    *(400, 404, 409, 422),
)
_REMOVE: Final = described("Remove a schedule", "Its runs and their files stay.", "done", 404)
_START: Final = described(
    "Make a report now",
    "Of the period that is told of last, by the channels of the schedule.",
    "the run",
    404,
    status=202,
)
_RETRY: Final = described("Try a run again that failed", "", "the run", 404, status=202)
_RUNS: Final = described("Runs of scheduled reports", "The newest first; `before` a time pages.", "runs", 400)
_RUN: Final = described("A run", "With what became of telling it by each channel.", "the run", 404)
_FILE: Final = described("The file of a run", "As long as it is kept; audited.", "xlsx or PDF", 404)
