"""The clinician panel: launched by a hospital's system for one patient and one user, then on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.access import Access, Principal
from api.asking import described, reads
from api.bodies import Body, asked, decoded
from api.cards import REASONS
from api.errors import ApiError, bad_field, respond
from api.panel_desk import PanelDesk
from api.panel_quality import AsideBody, PanelQuality, WrittenBody
from api.panel_watch import PanelWatch
from api.regional import PANEL
from api.routes.record_qc import EXAMPLES
from base.launches import Launch
from records.journal import Feedback

_PAGE: Final = "/ui/panel"
_KNOWLEDGE: Final = "?knowledge"
"""Has the page show only what needs no patient."""
_LONGEST: Final = 500
_LONGEST_NAME: Final = 80


class LaunchBody(Body, frozen=True):
    """``patient`` is a patient's number in the institution ``tenant`` (the caller's own without a name), empty when
    none is open: then the panel searches and answers; ``user`` who will look, ``department`` where they do: what the
    panel tells is counted by both."""

    user: str
    patient: str = ""
    tenant: str = ""
    department: str = ""


class CardBody(Body, frozen=True):
    """What the clinician did with a card; ``reason`` is one of the reasons that the cards came with, and needed when
    it is set aside."""

    card: str
    outcome: Literal["accepted", "overridden"]
    reason: str = ""
    comment: str = ""


class ValuesBody(Body, frozen=True):
    """Answers by field; null takes back what the record states."""

    values: dict[str, float | str | bool | None] = {}


def router(
    access: Access,
    desk: PanelDesk,
    quality: PanelQuality,
    watch: PanelWatch,
    looked_at: Callable[[Launch], None],
    league: str,
) -> APIRouter:
    """``/api/v1/panel``: launches, what is shown, what was done with it, its stream; the record being written.
    ``looked_at`` is told of panels that somebody looks at."""
    routes = APIRouter(prefix="/api/v1/panel", tags=["Clinician panel"])
    _opening(routes, access, desk, watch, league)
    _showing(routes, access, desk, looked_at)
    _answering(routes, access, desk)
    _records(routes, access, quality)
    return routes


def _opening(routes: APIRouter, access: Access, desk: PanelDesk, watch: PanelWatch, league: str) -> None:
    @routes.post("/launches", **_LAUNCH)
    async def launch(request: Request) -> Response:
        found, given = access.need(request, "inference.use"), decoded(LaunchBody, await request.body())
        user = given.user.strip()
        if not user:
            raise bad_field("user", "须说明由谁查看")
        tenant = reads(found, given.tenant, league)
        department, patient = given.department.strip()[:_LONGEST_NAME], given.patient.strip()
        token, made = await asyncio.to_thread(desk.launch, found, tenant, patient, user[:_LONGEST_NAME], department)
        part = "" if made.patient else _KNOWLEDGE
        told = {"token": token, "expires": made.expires.isoformat(), "url": f"{_PAGE}{part}#{token}"}
        return respond(201, told, {"Cache-Control": "no-store"})

    @routes.get("/source", **_SOURCE)
    async def source(request: Request) -> Response:
        _, held = _held(access, request)
        return respond(200, await asyncio.to_thread(desk.source, held))

    @routes.post("/ticket", **_TICKET)
    def ticket(request: Request) -> Response:
        _, held = _held(access, request)
        return respond(200, {"ticket": desk.ticket(held)})

    @routes.get("/events", **_EVENTS)
    async def events(ticket: str) -> StreamingResponse:
        held, about = await asyncio.to_thread(desk.listener, ticket)
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(watch.events(about, held.expires), media_type="text/event-stream", headers=headers)


def _showing(routes: APIRouter, access: Access, desk: PanelDesk, looked_at: Callable[[Launch], None]) -> None:
    def showing(path: str, make: Callable[[Principal, Launch], Any], told: dict[str, Any]) -> None:
        async def shown(request: Request) -> Response:
            found, held = _held(access, request)
            looked_at(held)
            return respond(200, await asyncio.to_thread(make, found, held))

        routes.add_api_route(f"/{path}", shown, methods=["GET"], **told)

    showing("cards", desk.cards, _CARDS)
    showing("diagnoses", lambda _, held: desk.diagnoses(held), _DIAGNOSES)
    showing("examinations", lambda _, held: desk.examinations(held), _EXAMINATIONS)
    showing("treatments", lambda _, held: desk.treatments(held), _TREATMENTS)
    showing("scores", lambda _, held: desk.scores(held), _SCORES)
    showing("history", desk.history, _HISTORY)


def _answering(routes: APIRouter, access: Access, desk: PanelDesk) -> None:
    @routes.post("/scores/{name}", **_SCORE)
    async def score(name: str, request: Request) -> Response:
        (_, held), given = _held(access, request), decoded(ValuesBody, await request.body())
        return respond(200, await asyncio.to_thread(desk.score, held, name, given.values))

    @routes.post("/diagnoses", **_SUSPECTED)
    async def diagnoses(request: Request) -> Response:
        (_, held), given = _held(access, request), decoded(WrittenBody, await request.body())
        given.check(held)
        return respond(200, await asyncio.to_thread(desk.diagnoses, held, given.text()))

    @routes.post("/feedback", **_FEEDBACK)
    async def feedback(request: Request) -> Response:
        (found, _), given = _held(access, request), decoded(CardBody, await request.body())
        return respond(200, {"text": desk.answers.give(found, _feedback(given))})


def _records(routes: APIRouter, access: Access, quality: PanelQuality) -> None:
    @routes.get("/quality", **_QUALITY)
    async def stored(request: Request) -> Response:
        _, held = _held(access, request)
        return respond(200, await asyncio.to_thread(quality.stored, held))

    @routes.post("/quality", **_WRITING)
    async def writing(request: Request) -> Response:
        (_, held), given = _held(access, request), decoded(WrittenBody, await request.body())
        return respond(200, await asyncio.to_thread(quality.writing, held, given))

    @routes.post("/quality/asides", **_ASIDE)
    async def aside(request: Request) -> Response:
        (found, held), given = _held(access, request), decoded(AsideBody, await request.body())
        return respond(200, await asyncio.to_thread(quality.set_aside, found, held, given))


def _held(access: Access, request: Request) -> tuple[Principal, Launch]:
    """The panel that asks. Raises ``ApiError`` 401, 403."""
    found = access.who(request)
    if found.launch is None:
        raise ApiError(403, "forbidden", "仅供已启动的临床面板使用: POST /api/v1/panel/launches")
    return found, found.launch


def _feedback(given: CardBody) -> Feedback:
    """Raises ``ApiError`` 400."""
    if not 0 < len(given.card) <= 36:
        raise bad_field("card", "须为提示的编号：审查结果的 findingId，风险预警的 card")
    if given.outcome == "overridden" and given.reason not in REASONS:
        raise bad_field("reason", f"不采纳须说明理由: {', '.join(REASONS)}")
    comment = given.comment.strip()[:_LONGEST]
    return Feedback(given.card, PANEL, given.outcome, datetime.now(UTC), given.reason, (), comment)


# -- OpenAPI -----------------------------------------------------------------------------------

_WRITTEN: Final = {"record": EXAMPLES["record"]["record"] | {"patient": "P0003"}, "documentId": "doc-1"}
_LAUNCH: Final = asked(
    LaunchBody, {"patient": "P0003", "user": "张医生", "department": "内科", "tenant": "league/anding/hospital"}
) | described(
    "启动临床面板",
    "业务系统为一名患者、一名用户取得短时凭证，以 `url` 打开面板（iframe 或新窗口，无需登录）；"
    "不指定患者时只能检索和提问。"
    "凭证放在地址的 # 之后，不会发送给服务器，也不会进入日志。",
    "token, expires, url",
    *(400, 404),
    status=201,
)
_TICKET: Final = described("取得订阅凭证", "EventSource 不能带请求头，凭证一分钟内有效。", "ticket")
_SOURCE: Final = described(
    "业务系统的资料截至何时",
    "由 SMART on FHIR 启动的面板：资料读取时间，能否继续更新；其他面板 `text` 为空。",
    "text, asOf, current",
)
_EVENTS: Final = described(
    "患者有新资料时通知（服务器发送事件）",
    "事件 `record`：该患者有新的资料；`notice`：有新的风险；`source`：业务系统资料的截至时间有变。均不含任何内容。",
    "text/event-stream",
    404,
)
_CARDS: Final = described(
    "当前最要紧的提示",
    "在用药品的审查结果（最严重的在前）和风险预警；已记入日志，可用 feedback 反馈，已反馈的带 `answer`；"
    "`drug` 为所涉药品，可作 POST /api/v1/answers 的 `context`。",
    "patient, findings, risks, incomplete, reasons",
    404,
)
_DIAGNOSES: Final = described(
    "疑似诊断及依据",
    "与 POST /api/v1/inference/diagnoses 相同；`quotes` 为依据所在的原句，分段，第二、四……段为识别出的内容。",
    "candidates, mustNotMiss",
    404,
)
_SUSPECTED: Final = asked(WrittenBody, _WRITTEN) | described(
    "疑似诊断及依据：连同正在书写的文书",
    "同上；编辑器中的文书一并识别，不保存。",
    "candidates, mustNotMiss",
    *(400, 404),
)
_EXAMINATIONS: Final = described("推荐检查检验", "与 POST /api/v1/inference/examinations 相同。", "examinations", 404)
_TREATMENTS: Final = described("治疗方案", "与 POST /api/v1/inference/treatments 相同。", "treatments", 404)
_SCORES: Final = described("推荐评估表", "与 POST /api/v1/inference/scores/suggestions 相同。", "suggestions", 404)
_SCORE: Final = asked(ValuesBody) | described(
    "评估表评分与解读", "按档案预填，可手工修改。", "form, result", 400, 404
)
_HISTORY: Final = described(
    "区域诊疗史", "与 GET /api/v1/patients/{patient}/picture 相同，跨机构重复的带 repeats。", "timeline …", 404
)
_FEEDBACK: Final = asked(
    CardBody, {"card": "b327bab7-1cf1-4ecb-8e61-5342bfe74092", "outcome": "overridden", "reason": "need-more-info"}
) | described(
    "反馈提示",
    "采纳，或说明理由不采纳；`card` 为审查结果的 `findingId` 或风险预警的 `card`。"
    "之后同一提示带 `answer`，不再询问。",
    "text",
    400,
)
_QUALITY: Final = described(
    "病历质控：本次就诊",
    "该患者正在进行（否则最近一次）的就诊在数据中心的病历：缺陷与即将到期的文书，最要紧的在前。",
    "record, documents, items, unknown",
    404,
)
_WRITING: Final = asked(WrittenBody, _WRITTEN) | described(
    "病历质控：正在书写的病历",
    "编辑器中的病历原样送检，不保存。答复同上；`documentId` 是正在书写的文书。",
    "record, documents, items, unknown",
    *(400, 404),
)
_ASIDE: Final = asked(
    AsideBody, {"record": "ZY20261101001", "key": "3f1c", "reason": "患者系孤儿，无家族史可询"}
) | described(
    "说明缺陷不适用",
    "已入质控报告的缺陷转为申诉；书写中的先留存，报告发现同一缺陷时转为申诉，由他人复核。",
    "appealed",
    *(400, 404, 409, 422),
)
