"""Runs of appraisals over HTTP: reckoned, reviewed, published, appealed, closed; results, ranks, radar, trend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api.access import Access, Principal
from api.appraisal_desk import AppraisalDesk, appeal_json, remark_json, run_json
from api.asking import attached, described, tenant_in, within, writes
from api.bodies import Body, asked, decoded
from api.errors import respond
from base.tabular import XLSX, workbook
from base.tenancy import acting
from supervision.appraisal.appeals import Claim, Stand
from supervision.appraisal.reckoning import Member
from supervision.appraisal.runs import Run

Limit = Annotated[int, Query(ge=1, le=500)]


class Step(StrEnum):
    """What is done with a run next."""

    REVIEW = "review"
    SEND_BACK = "send-back"
    PUBLISH = "publish"
    CLOSE = "close"


class RunBody(Body, frozen=True):
    """A published scheme and a period of it; without ``members`` every registered institution is appraised."""

    scheme: str
    period: str
    members: list[Member] = []
    tenant: str = ""


class StepBody(Body, frozen=True):
    """The next step."""

    step: Step


class AppealBody(Body, frozen=True):
    """Against which item of whose result, why, and which value would be right."""

    subject: str
    item: str
    reason: str
    claimed: float | None = None


class DecisionBody(Body, frozen=True):
    """Whether an appeal is upheld, why, and the value that counts from now on."""

    upheld: bool
    answer: str
    value: float | None = None


class RemarkBody(Body, frozen=True):
    """What is said of a subject's result."""

    subject: str
    text: str


def router(access: Access, desk: AppraisalDesk) -> APIRouter:
    """``/api/v1/appraisal``: ``/runs``, ``/trend``, ``/appeals``."""
    routes = APIRouter(prefix="/api/v1/appraisal", tags=["Appraisal"])
    _runs(routes, access, desk)
    _results(routes, access, desk)
    _appeals(routes, access, desk)
    _remarks(routes, access, desk)
    return routes


# -- runs --------------------------------------------------------------------------------------------


def _runs(routes: APIRouter, access: Access, desk: AppraisalDesk) -> None:
    @routes.post("/runs", **_COMPUTE)
    async def compute(request: Request) -> Response:
        found, given = access.need(request, "appraisal.write"), decoded(RunBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)
        run = await within(found, lambda: desk.compute(tenant, given.scheme, given.period, given.members, found.name))
        access.note(found, "appraisal.compute", f"appraisal-run/{run.id}", of=tenant, revision=run.revision)
        return respond(201, run_json(run))

    @routes.get("/runs", **_RUNS)
    def listed(request: Request, tenant: str = "", scheme: str = "", limit: Limit = 100) -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            known = desk.runs.listed(tenant_in(tenant), scheme, limit)
        return respond(200, {"runs": [run_json(run) for run in known]})

    @routes.post("/runs/{run_id}/steps", **_STEP)
    async def step(run_id: str, request: Request) -> Response:
        found, given = access.need(request, "appraisal.review"), decoded(StepBody, await request.body())
        run = await within(found, lambda: _taken(desk, given.step, run_id, found))
        access.note(found, f"appraisal.{given.step}", f"appraisal-run/{run.id}", of=run.tenant)
        return respond(200, run_json(run))

    @routes.get("/runs/{run_id}/verification", **_VERIFY)
    def verify(run_id: str, request: Request) -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            run = desk.runs.run(run_id)
            return respond(200, {"same": desk.runs.verified(run_id), "digest": run.digest, "revision": run.revision})


def _taken(desk: AppraisalDesk, step: Step, run: str, found: Principal) -> Run:
    now = datetime.now(UTC)
    steps: dict[Step, Callable[[], Run]] = {
        Step.REVIEW: lambda: desk.runs.review(run, found.name, now),
        Step.SEND_BACK: lambda: desk.runs.send_back(run),
        Step.PUBLISH: lambda: desk.runs.publish(run, found.name, now),
        Step.CLOSE: lambda: desk.runs.close(run, now),
    }
    return steps[step]()


# -- results -----------------------------------------------------------------------------------------


def _results(routes: APIRouter, access: Access, desk: AppraisalDesk) -> None:
    @routes.get("/runs/{run_id}/results", **_RESULTS)
    def results(run_id: str, request: Request, subject: str = "") -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            return respond(200, {"results": desk.results(run_id, subject)})

    @routes.get("/runs/{run_id}/results.xlsx", **_SHEET)
    def sheet(run_id: str, request: Request) -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            made = workbook(desk.sheet(run_id))
        return Response(made, media_type=XLSX, headers=attached("绩效考核结果.xlsx"))

    @routes.get("/runs/{run_id}/radar", **_RADAR)
    def radar(run_id: str, subject: str, request: Request) -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            return respond(200, {"levels": desk.radar(run_id, subject)})

    @routes.get("/trend", **_TREND)
    def trend(subject: str, scheme: str, owner: str, request: Request) -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            return respond(200, {"periods": desk.trend(subject, scheme, tenant_in(owner, "owner"))})


# -- appeals and remarks -----------------------------------------------------------------------------


def _appeals(routes: APIRouter, access: Access, desk: AppraisalDesk) -> None:
    @routes.post("/runs/{run_id}/appeals", **_APPEAL)
    async def appeal(run_id: str, request: Request) -> Response:
        found, given = access.need(request, "appraisal.appeal"), decoded(AppealBody, await request.body())
        claim = Claim(run_id, given.subject, given.item, given.reason, given.claimed)
        now = datetime.now(UTC)
        made = await within(found, lambda: desk.appeals.appeal(claim, found.name, now))
        access.note(found, "appraisal.appeal", f"appraisal-appeal/{made.id}", of=made.tenant)
        return respond(201, appeal_json(made))

    @routes.get("/appeals", **_APPEALS)
    def listed(request: Request, run: str = "", state: Stand | None = None, limit: Limit = 100) -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            known = desk.appeals.listed(run, state.value if state else "", limit)
        return respond(200, {"appeals": [appeal_json(one) for one in known]})

    @routes.post("/appeals/{appeal_id}/decision", **_DECIDE)
    async def decide(appeal_id: str, request: Request) -> Response:
        found, given = access.need(request, "appraisal.review"), decoded(DecisionBody, await request.body())
        now = datetime.now(UTC)
        made = await within(
            found,
            lambda: desk.appeals.decide(appeal_id, given.upheld, given.answer, found.name, now, given.value),
        )
        access.note(found, "appraisal.decide", f"appraisal-appeal/{made.id}", of=made.tenant, state=made.state)
        return respond(200, appeal_json(made))


def _remarks(routes: APIRouter, access: Access, desk: AppraisalDesk) -> None:
    @routes.get("/runs/{run_id}/remarks", **_REMARKS)
    def listed(run_id: str, subject: str, request: Request) -> Response:
        found = access.need(request, "appraisal.read")
        with acting(found.scope):
            known = desk.appeals.remarks(run_id, subject)
        return respond(200, {"remarks": [remark_json(one) for one in known]})

    @routes.post("/runs/{run_id}/remarks", **_REMARK)
    async def remark(run_id: str, request: Request) -> Response:
        found = _speaker(access, request)
        given, now = decoded(RemarkBody, await request.body()), datetime.now(UTC)
        made = await within(found, lambda: desk.appeals.remark(run_id, given.subject, given.text, found.name, now))
        access.note(found, "appraisal.remark", f"appraisal-run/{run_id}"[:160])
        return respond(201, remark_json(made))


def _speaker(access: Access, request: Request) -> Principal:
    """Whoever appraises, or is appraised."""
    appraises = access.who(request).may("appraisal.review")
    return access.need(request, "appraisal.review" if appraises else "appraisal.appeal")


# -- OpenAPI -----------------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "run": {
        "scheme": "hospital",
        "period": "2026-Q1",
        "members": [{"subject": {"tenant": "league/county-a/h1"}, "group": "二级医院"}],
    },
    "step": {"step": "review"},
    "appeal": {
        "subject": "league/county-a/h1",
        "item": "defects",
        "reason": "其中两例为外院带入，附转诊记录",
        "claimed": 1,
    },
    "decision": {"upheld": True, "answer": "经核查属实，按 1 例计", "value": 1},
    "remark": {"subject": "league/county-a/h1", "text": "请重点改进病案质量"},
}
"""Bodies that are complete; the tests send them."""

_COMPUTE: Final = asked(RunBody, EXAMPLES["run"]) | described(
    "Reckon an appraisal",
    "All that results depend on is kept under a digest. Anew while nobody reviewed it; another revision each time.",
    "the run",
    *(400, 404, 409, 422),
    status=201,
)
_RUNS: Final = described("Runs of appraisals", "The newest period first.", "runs", 400)
_STEP: Final = asked(StepBody, EXAMPLES["step"]) | described(
    "Review, send back, publish or close a run",
    "Reviewed by somebody else than who reckoned it, once nothing is open; published, those who were appraised see "
    "their results and appeal; closed once every appeal is decided.",
    "the run",
    *(400, 404, 409, 422),
)
_VERIFY: Final = described(
    "Reckon a run again from what it was reckoned from", "Nothing is changed.", "whether it is the same", 404
)
_RESULTS: Final = described(
    "Results with every line explained",
    "All for whoever runs it; one's own once published. The best first, with ranks among all and in the group.",
    "results",
    404,
)
_SHEET: Final = described("Results as a workbook", "Ranking, and every line.", "an .xlsx file", 404)
_RADAR: Final = described(
    "The first level of a result against its group", "As far as the caller sees the group.", "levels", 404
)
_TREND: Final = described(
    "Published results by period",
    "Against the period before (环比) and the same of the year before (同比); `owner` is whose scheme it is.",
    "periods",
    400,
)
_APPEAL: Final = asked(AppealBody, EXAMPLES["appeal"]) | described(
    "Appeal against a published result", "Of one's own institution.", "the appeal", 400, 404, 422, status=201
)
_APPEALS: Final = described("Appeals", "The newest first.", "appeals", 400)
_DECIDE: Final = asked(DecisionBody, EXAMPLES["decision"]) | described(
    "Answer an appeal",
    "By somebody else than who appealed. Upheld with a value, the run is reckoned anew with it.",
    "the appeal",
    *(400, 404, 409, 422),
)
_REMARKS: Final = described("What was said of a result (绩效反馈)", "In order.", "remarks", 404)
_REMARK: Final = asked(RemarkBody, EXAMPLES["remark"]) | described(
    "Say something of a result", "Whoever appraises, or is appraised.", "the remark", 400, 404, 422, status=201
)
