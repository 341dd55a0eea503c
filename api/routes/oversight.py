"""Who stands out among peers, what knowledge lacks, and what is recognised where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from msgspec import Meta

from api.access import Access
from api.asking import described, parameters, reads, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.indicator_desk import IndicatorDesk
from api.routes.indicators import QUERY, question
from clinical.coded import china_day
from knowledge.snapshot import Snapshot
from supervision.figures.collect import merge_rows
from supervision.figures.manifest import Load
from supervision.figures.periods import period_of
from supervision.figures.tables import Name
from supervision.knowledge_gaps import GAPS, Gap, gaps
from supervision.outliers import BEYOND, LEAST, Standing, standings
from supervision.recognition import Window, windows
from supervision.training import Lesson, Taught, lessons, taught

_MOST: Final = 1_000
_MOST_LESSONS: Final = 100
_TRAININGS: Final = "trainings"
Limit = Annotated[int, Query(ge=1, le=_MOST)]
Json = dict[str, Any]


class DoctorBody(Body, frozen=True):
    """Who read a sheet: before work (``induction``) or at work, with the result of an examination if there was
    one."""

    doctor: Annotated[str, Meta(min_length=1, max_length=80)]
    induction: bool | None = None
    score: float | None = None
    passed: bool | None = None


class ReadingBody(Body, frozen=True):
    """A sheet by department and period, and the doctors who read it on a day (today without one)."""

    department: str
    period: str
    doctors: tuple[DoctorBody, ...]
    day: date | None = None
    tenant: str = ""


def router(access: Access, desk: IndicatorDesk, snapshot: Callable[[], Snapshot]) -> APIRouter:
    """Outliers, knowledge gaps, recognition lists and training sheets under ``/api/v1``."""
    routes = APIRouter(prefix="/api/v1", tags=["Indicators"])
    _outliers(routes, access, desk)
    _gaps(routes, access, desk)
    _recognition(routes, access, desk, snapshot)
    _training(routes, access, desk, snapshot)
    return routes


def _outliers(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/indicators/{name}/outliers", **_OUTLIERS)
    async def outliers(
        name: str, request: Request, least: Annotated[float, Query(ge=1)] = LEAST, limit: Limit = 100
    ) -> Response:
        found, one = access.need(request, "indicator.read"), desk.known.indicator(name)
        wanted = question(request, found)
        told = await within(found, lambda: standings(desk.answers, one, wanted.period, wanted.asked, least))
        access.note(found, "indicator.outliers", f"indicator/{name}", period=str(wanted.period), doctors=len(told))
        called, out = desk.called(), [s for s in told if s.stands_out]
        head = {"id": one.name, "title": one.title, "unit": one.unit, "period": str(wanted.period)}
        counts = {"doctors": len(told), "standingOut": len(out), "beyond": BEYOND, "least": least}
        return respond(200, head | counts | {"lines": [_standing(s, one.scale, called) for s in told[:limit]]})


def _standing(one: Standing, scale: float, called: Name) -> Json:
    return {
        "institution": one.tenant,
        "institutionTitle": called(one.tenant),
        "doctor": one.doctor,
        "volume": one.volume,
        "value": round(one.observed / one.volume * scale, 2),
        "expected": round(one.expected / one.volume * scale, 2),
        "ratio": round(one.ratio, 3),
        "score": None if one.score is None else round(one.score, 2),
        "standsOut": one.stands_out,
    }


def _gaps(routes: APIRouter, access: Access, desk: IndicatorDesk) -> None:
    @routes.get("/knowledge-gaps", **_GAPS)
    async def knowledge_gaps(request: Request, kind: str = "term", limit: Limit = 100) -> Response:
        found = access.need(request, "knowledge.edit")
        if kind not in GAPS:
            raise bad_field("kind", f"只能是 {'、'.join(GAPS)}")
        wanted = question(request, found)
        told = await within(found, lambda: gaps(desk.answers, kind, wanted.period, wanted.asked))
        access.note(found, "knowledge.gaps", f"knowledge-gaps/{kind}", period=str(wanted.period), names=len(told))
        called = desk.called()
        lines = [_gap(one, called) for one in told[:limit]]
        return respond(200, {"kind": kind, "period": str(wanted.period), "total": len(told), "gaps": lines})


def _gap(one: Gap, called: Name) -> Json:
    places = [{"institution": tenant, "title": called(tenant)} for tenant in one.tenants]
    return {"name": one.name, "subject": one.subject, "times": one.times, "institutions": places}


def _recognition(routes: APIRouter, access: Access, desk: IndicatorDesk, snapshot: Callable[[], Snapshot]) -> None:
    @routes.get("/recognition-lists", **_RECOGNITION)
    async def lists(request: Request, tenant: str = "") -> Response:
        found = access.need(request, "knowledge.read")
        place, release = reads(found, tenant, desk.league), snapshot()
        institution, today = desk.called()(place), china_day(datetime.now(UTC)).isoformat()
        told = await within(found, lambda: windows(release, institution, today))
        head = {"tenant": place, "institution": institution, "release": release.release}
        return respond(200, head | {"items": _windows(told)})


def _windows(told: Iterable[Window]) -> list[Json]:
    return [
        {"concept": one.concept, "item": one.item, "hours": one.hours, "recognised": one.recognised}
        | {"own": one.own, "statement": one.statement, "source": one.source, "section": one.section}
        for one in told
    ]


def _training(routes: APIRouter, access: Access, desk: IndicatorDesk, snapshot: Callable[[], Snapshot]) -> None:
    @routes.get("/training-sheets", **_TRAINING)
    async def sheet(request: Request, limit: Annotated[int, Query(ge=1, le=_MOST_LESSONS)] = 20) -> Response:
        found, release = access.need(request, "indicator.read"), snapshot()
        wanted = question(request, found)
        told = await within(found, lambda: lessons(desk.answers, release, wanted.period, wanted.asked, limit))
        head = {"period": str(wanted.period), "release": release.release}
        return respond(200, head | {"rules": [_lesson(one) for one in told]})

    @routes.post("/training-sheets/readings", **_READINGS)
    async def read(request: Request) -> Response:
        found, given = access.need(request, "indicator.write"), decoded(ReadingBody, await request.body())
        tenant, today = writes(found, given.tenant, desk.league), china_day(datetime.now(UTC))
        if not given.department.strip() or not given.doctors:
            raise bad_field("doctors" if given.department.strip() else "department", "不能为空")
        doctors = [Taught(one.doctor, one.induction, one.score, one.passed) for one in given.doctors]
        rows = taught(given.department, period_of(given.period), given.day or today, doctors)
        load = Load(tenant, _TRAININGS, "training-sheet", found.name)
        await within(found, lambda: merge_rows(desk.lake, desk.known.facts[_TRAININGS], load, rows))
        access.note(found, "training.read", f"training/{given.period}", tenant=tenant, doctors=len(rows))
        return respond(200, {"doctors": len(rows)})


def _lesson(one: Lesson) -> Json:
    met = {"family": one.family, "familyTitle": one.family_title, "rule": one.rule}
    counts = {"shown": one.shown, "overridden": one.overridden}
    return met | counts | {"about": one.about, "said": one.said, "sources": one.sources}


# -- OpenAPI -----------------------------------------------------------------------------------

_OF_PLACE: Final = {name: QUERY[name] for name in ("period", "only", "asOf", "tenant")}
_OUTLIERS: Final = parameters(_OF_PLACE) | described(
    "Doctors who stand out (异常医师)",
    "Observed against expected from the diseases each doctor sees, with the modified z-score among peers.",
    "doctors, the furthest from their peers first",
    *(400, 404, 422),
)
_GAPS: Final = parameters(_OF_PLACE) | described(
    "What knowledge lacks (知识缺口工作清单)",
    "`kind=term`: names that nothing in the release stands for; `question`: questions without an answer.",
    "names, the most frequent first",
    *(400, 422),
)
_RECOGNITION: Final = described(
    "Mutual recognition in an institution (互认清单)",
    "Items with the hours within which a new order repeats them; an institution's own rows come before the general.",
    "items by name",
    400,
)
EXAMPLES: Final[dict[str, Any]] = {
    "readings": {
        "department": "内科",
        "period": "2026-10",
        "doctors": [{"doctor": "1001", "induction": False, "score": 92, "passed": True}],
    }
}
"""Bodies that are complete; the tests send them."""
_READINGS: Final = asked(ReadingBody, EXAMPLES["readings"]) | described(
    "Who read a training sheet (培训签到与考核)",
    "Becomes facts of the table trainings; told again it corrects what was told.",
    "how many doctors",
    *(400, 403, 422),
)
_TRAINING: Final = parameters(_OF_PLACE) | described(
    "Training sheet (行为规范培训单)",
    "Rules that were overridden and shown most, with what they say; `only=department:内科` for a department.",
    "rules, the most overridden first",
    *(400, 422),
)
