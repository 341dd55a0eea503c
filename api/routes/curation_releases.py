"""Releases as curators make them: tried before, published, watched, taken back; the jobs that do it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from api.asking import described, within
from api.bodies import Body, asked, decoded
from api.curating import Curators, acting_as
from api.curation_desk import CurationDesk
from api.curation_json import event_json, job_json, manifest_json, worker_json
from api.errors import respond
from base.refusal import RefusedError
from knowledge import workers
from knowledge.browsing import tallies
from knowledge.release import history, rollback

_IMPACT, _PUBLISH = "impact", "publish"
_EVENTS: Final = 50


class ImpactBody(Body, frozen=True):
    """Which release to try (``draft``: all that is approved now), against which (empty: the one being served), on the
    requests of how many days, at most so many."""

    release: str = "draft"
    against: str = ""
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7
    limit: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 2_000
    by: str = ""


class PublishBody(Body, frozen=True):
    """``expected`` is the release that an impact report was about: nothing else is then published."""

    note: str
    expected: str = ""
    by: str = ""


class RollbackBody(Body, frozen=True):
    """``to``: a release; empty: the one before."""

    note: str
    to: str = ""
    by: str = ""


def router(curators: Curators, desk: CurationDesk) -> APIRouter:
    """``/api/v1/curation/releases`` and ``/api/v1/curation/jobs``."""
    routes = APIRouter(prefix="/api/v1/curation", tags=["Curation"])
    _reading(routes, curators, desk)
    _publishing(routes, curators, desk)
    return routes


def _reading(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.get("/releases", **_LIST)
    async def releases(request: Request) -> Response:
        found = curators.reads(request)
        return respond(200, await within(found, lambda: _overview(desk)))

    @routes.get("/jobs", **_JOBS)
    async def jobs(request: Request, kind: str = "", limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Response:
        found = curators.reads(request)
        made = await within(found, lambda: desk.jobs.listed(kind, limit))
        return respond(200, {"jobs": [job_json(job) for job in made]})

    @routes.get("/jobs/{job_id}", **_JOB)
    async def job(job_id: str, request: Request) -> Response:
        found = curators.reads(request)
        return respond(200, job_json(await within(found, lambda: desk.jobs.one(job_id))))


def _overview(desk: CurationDesk) -> dict[str, Any]:
    """What is served, what waits to be published, what every worker has."""
    kept, now = desk.house.releases, datetime.now(UTC)
    active = kept.active()
    return {
        "active": active,
        "releases": [manifest_json(one, active) for one in reversed(kept.known())],
        "events": [event_json(one) for one in reversed(history(desk.store)[-_EVENTS:])],
        "workers": [worker_json(one) for one in workers.serving(desk.house.engine, now)],
        "records": tallies(desk.store),
    }


def _publishing(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.post("/releases/impact", **_TRY)
    async def impact(request: Request) -> Response:
        found, given = curators.tries(request), decoded(ImpactBody, await request.body() or b"{}")
        by, wanted = acting_as(found, given.by), msgspec.structs.asdict(given)
        job = await within(found, lambda: desk.begin(_IMPACT, "影响报告", by, wanted))
        curators.access.note(found, "release.impact", f"job/{job.id}", by=by)
        return respond(202, job_json(job))

    @routes.post("/releases", **_PUBLISHING)
    async def publish(request: Request) -> Response:
        found, given = curators.approves(request), decoded(PublishBody, await request.body())
        by, wanted = acting_as(found, given.by), {"note": _said(given.note), "expected": given.expected}
        job = await within(found, lambda: desk.begin(_PUBLISH, "发布", by, wanted))
        curators.access.note(found, "release.publish", f"job/{job.id}", given.note, by=by)
        return respond(202, job_json(job))

    @routes.post("/releases/rollback", **_ROLLBACK)
    async def back(request: Request) -> Response:
        found, given = curators.approves(request), decoded(RollbackBody, await request.body())
        by, note = acting_as(found, given.by), _said(given.note)
        to = await within(found, lambda: rollback(desk.store, desk.house.releases, by, note, given.to))
        curators.access.note(found, "release.rollback", f"release/{to}", note, by=by)
        return respond(200, {"active": to})


def _said(note: str) -> str:
    if not note.strip():
        raise RefusedError("note", "须写明说明")
    return note.strip()


EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "impact": {"release": "draft", "days": 7, "limit": 2000, "by": "王主任"},
    "publish": {"note": "高龄华法林规则", "by": "王主任"},
    "rollback": {"note": "误报过多", "by": "王主任"},
}
_LIST: Final = described("发布版", "正在使用的、历次的、待发布的数量，以及各工作进程所用的发布版。", "releases")
_JOBS: Final = described("任务", "影响报告、发布和载入，新的在前。", "jobs")
_JOB: Final = described("一个任务", "进度；完成后带结果。", "the job", 404)
_TRY: Final = described(
    "生成影响报告",
    "比较知识内容，并用近期真实请求分别询问两个发布版：哪些提示出现、消失、改变级别。不发布任何内容。",
    "the job",
    *(400, 409),
    status=202,
) | asked(ImpactBody, EXAMPLES["impact"])
_PUBLISHING: Final = described(
    "发布",
    "把已批准的知识编译、检查、签名并启用；给出 `expected` 时只发布影响报告所试的内容。",
    "the job",
    400,
    409,
    422,
    status=202,
) | asked(PublishBody, EXAMPLES["publish"])
_ROLLBACK: Final = described("退回", "重新启用更早的发布版。", "what is served now", 400, 409, 422) | asked(
    RollbackBody, EXAMPLES["rollback"]
)
