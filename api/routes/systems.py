"""Connected systems over HTTP: how they are and were, alarms about them, who is told of these."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response

from api.access import Access
from api.asking import described, reads, tenant_in, within, writes
from api.bodies import Body, asked, decoded
from api.errors import ApiError, bad_field, moment_of, respond
from api.operations_desk import (
    OperationsDesk,
    held_json,
    hour_json,
    sent_json,
    shown,
    window,
)
from base.settings import Settings
from base.tenancy import acting
from records.traffic import KINDS, Kind, System
from supervision.operations.policy import Policy, checked

_WEEK_HOURS: Final = 24 * 7
_MOST_HOURS: Final = 24 * 31
Limit = Annotated[int, Query(ge=1, le=500)]


class BeatBody(Body, frozen=True):
    """Whose data the system carries; without a name its own institution's."""

    tenant: str = ""


class RetirementBody(Body, frozen=True):
    """A system by its institution and label (``client/his-a``), and why it is out of service."""

    tenant: str
    system: str
    why: str


class AcknowledgementBody(Body, frozen=True):
    """What is being done about it."""

    note: str = ""


class PolicyBody(Body, frozen=True):
    """The whole policy of an institution; ``version`` is that of its own one that was looked at, 0 when it had
    none."""

    policy: dict[str, Any]
    version: int = 0
    tenant: str = ""


class ReadBody(Body, frozen=True):
    """Messages up to this number were read."""

    upto: int


def router(access: Access, desk: OperationsDesk, settings: Settings) -> APIRouter:
    """``/api/v1/operations``: ``/systems``, ``/heartbeats``, ``/alarms``, ``/messages``, ``/policy``."""
    routes = APIRouter(prefix="/api/v1/operations", tags=["Operations"])
    _systems(routes, access, desk)
    _alarms(routes, access, desk)
    _messages(routes, access, desk)
    _policies(routes, access, desk, settings)
    return routes


# -- systems -----------------------------------------------------------------------------------------


def _systems(routes: APIRouter, access: Access, desk: OperationsDesk) -> None:
    @routes.get("/systems", **_SYSTEMS)
    def listed(
        request: Request,
        tenant: str = "",
        state: Literal["", "well", "ill", "offline", "never", "retired"] = "",
    ) -> Response:
        found = access.need(request, "operations.read")
        with acting(found.scope):
            return respond(200, {"systems": desk.systems(tenant_in(tenant), state)})

    @routes.get("/systems/hours", **_HOURS)
    def hours(request: Request, tenant: str = "", system: str = "", since: str = "", until: str = "") -> Response:
        found = access.need(request, "operations.read")
        begin, end = window(moment_of(since, "since"), moment_of(until, "until"), _WEEK_HOURS, _MOST_HOURS)
        with acting(found.scope):
            known = desk.traffic.hours(begin, end, tenant_in(tenant), system)
        return respond(200, {"hours": [hour_json(hour) for hour in known]})

    @routes.post("/heartbeats", **_BEAT)
    async def beat(request: Request) -> Response:
        found, given = access.need(request, "exchange.send"), decoded(BeatBody, await request.body() or b"{}")
        tenant, now = writes(found, given.tenant, desk.league), datetime.now(UTC)
        await within(found, lambda: desk.beat(tenant, found.name, now))
        return respond(200, {"tenant": tenant, "system": f"client/{found.name}", "at": now.isoformat()})

    @routes.post("/systems/retirement", **_RETIRE)
    async def retire(request: Request) -> Response:
        found, given = access.need(request, "operations.write"), decoded(RetirementBody, await request.body())
        named = System(writes(found, given.tenant, desk.league), *_label(given.system))
        if not await within(found, lambda: desk.retire(named)):
            raise ApiError(404, "not-found", "没有该接入系统", "system")
        access.note(
            found, "operations.system.retire", f"system/{named.label}"[:160], given.why[:200], of=named.tenant
        )
        return respond(200, {"retired": True})


def _label(text: str) -> tuple[Kind, str]:
    kind, _, name = text.partition("/")
    if kind not in KINDS or not name:
        raise bad_field("system", f"must be {', '.join(f'{k.value}/name' for k in KINDS)}")
    return Kind(kind), name


# -- alarms ------------------------------------------------------------------------------------------


def _alarms(routes: APIRouter, access: Access, desk: OperationsDesk) -> None:
    @routes.get("/alarms", **_ALARMS)
    def listed(
        request: Request,
        status: Annotated[Literal["standing", "all"], Query(description="standing: not ended yet")] = "standing",
        tenant: str = "",
        before: Annotated[str, Query(description="`next` of the page before, or a time")] = "",
        limit: Limit = 100,
    ) -> Response:
        found = access.need(request, "operations.read")
        at, _, last = before.partition("|")
        page: dict[str, Any] = {"before": moment_of(at, "before"), "last": last, "limit": limit}
        with acting(found.scope):
            alarms = desk.alarms.listed(standing=status == "standing", tenant=tenant_in(tenant), **page)
        following = f"{alarms[-1].raised.isoformat()}|{alarms[-1].id}" if len(alarms) == limit else ""
        return respond(200, {"alarms": desk.listed(alarms), "next": following})

    @routes.get("/alarms/{alarm_id}/letters", **_LETTERS)
    def letters(alarm_id: str, request: Request) -> Response:
        found = access.need(request, "operations.read")
        with acting(found.scope):
            return respond(200, {"letters": [sent_json(one) for one in desk.letters.of(alarm_id)]})

    @routes.post("/alarms/{alarm_id}/acknowledgement", **_ACKNOWLEDGE)
    async def acknowledge(alarm_id: str, request: Request) -> Response:
        found = access.need(request, "operations.write")
        given = decoded(AcknowledgementBody, await request.body() or b"{}")
        now = datetime.now(UTC)
        alarm = await within(found, lambda: desk.alarms.acknowledge(alarm_id, found.name, given.note, now))
        access.note(found, "operations.alarm.acknowledge", f"alarm/{alarm.id}", of=alarm.system.tenant)
        return respond(200, shown(alarm, desk.called()))


# -- messages ----------------------------------------------------------------------------------------


def _messages(routes: APIRouter, access: Access, desk: OperationsDesk) -> None:
    @routes.get("/messages", **_MESSAGES)
    def listed(request: Request, after: Annotated[int, Query(ge=0)] = 0, limit: Limit = 100) -> Response:
        found = access.need(request, "operations.read")
        with acting(found.scope):
            told = desk.messages(desk.letters.messages(after, limit))
            return respond(200, {"messages": told, "unread": desk.letters.unread(found.name)})

    @routes.post("/messages/read", **_READ)
    async def read(request: Request) -> Response:
        found, given = access.need(request, "operations.read"), decoded(ReadBody, await request.body())
        if not 0 <= given.upto < 2**63:
            raise bad_field("upto", "must be the number of a message")

        def done() -> int:
            desk.letters.read(found.name, given.upto)
            return desk.letters.unread(found.name)

        return respond(200, {"unread": await within(found, done)})


# -- policies ----------------------------------------------------------------------------------------


def _policies(routes: APIRouter, access: Access, desk: OperationsDesk, settings: Settings) -> None:
    @routes.get("/policy", **_POLICY)
    def holds(request: Request, tenant: str = "") -> Response:
        found = access.need(request, "operations.write")
        return respond(200, held_json(desk.policies.of(reads(found, tenant, desk.league))))

    @routes.put("/policy", **_PUT)
    async def put(request: Request) -> Response:
        found, given = access.need(request, "operations.write"), decoded(PolicyBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)
        policy = checked(decoded(Policy, msgspec.json.encode(given.policy)), settings.webhook_hosts)
        now = datetime.now(UTC)
        held = await within(found, lambda: desk.policies.put(tenant, policy, found.name, now, given.version))
        access.note(found, "operations.policy", f"operations-policy/{held.version}", of=tenant)
        return respond(200, held_json(held))


# -- OpenAPI -----------------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "beat": {},
    "retirement": {"tenant": "league/county-a/h1", "system": "client/his-a", "why": "旧 HIS 已下线"},
    "acknowledgement": {"note": "已联系信息科，专线维修中"},
    "read": {"upto": 17},
    "policy": {
        "policy": {
            "limits": {"offlineMinutes": 30, "successPercent": 95},
            "systems": {"pull/lis": {"offlineMinutes": 1500}},
            "channels": [
                {"kind": "message", "name": "站内消息"},
                {"kind": "sms", "name": "值班手机", "phones": ["13800138000"], "least": "critical"},
                {"kind": "mail", "name": "信息科主任", "to": ["director@example.org"], "escalation": True},
            ],
            "quiet": {"since": "22:00", "until": "07:00", "passes": "critical"},
            "renewMinutes": 240,
            "escalateMinutes": 60,
        },
        "version": 0,
    },
}
"""Bodies that are complete; the tests send them."""

_SYSTEMS: Final = described(
    "Connected systems as they are now",
    "State, when last seen, backlog, dead letters, success rate and latency of the last day.",
    "systems",
    400,
)
_HOURS: Final = described(
    "Connected systems hour by hour",
    "What arrived, was stored and failed, with latency, of the last week unless said otherwise; kept for 400 days. A "
    "month at a time.",
    "hours in which something happened",
    400,
)
_BEAT: Final = asked(BeatBody, EXAMPLES["beat"]) | described(
    "Say that a system lives",
    "For systems that send nothing for longer than their limit, at night for example: call it every few minutes.",
    "who was heard",
    400,
)
_RETIRE: Final = asked(RetirementBody, EXAMPLES["retirement"]) | described(
    "Take a system out of service", "Its alarms end. It is in service again once it is heard of.", "done", 400, 404
)
_ALARMS: Final = described(
    "Alarms about connected systems", "The newest first.", "alarms, and `next` where there may be more", 400
)
_LETTERS: Final = described("By which channels an alarm was told", "", "letters, in order", 404)
_ACKNOWLEDGE: Final = asked(AcknowledgementBody, EXAMPLES["acknowledgement"]) | described(
    "Say that somebody looks after an alarm",
    "It is told no more until it ends. The first who did stays recorded.",
    "the alarm",
    *(400, 404),
)
_MESSAGES: Final = described("Messages of operations in Yigong", "The newest first.", "messages", 400)
_READ: Final = asked(ReadBody, EXAMPLES["read"]) | described("Mark messages as read", "", "how many are left", 400)
_POLICY: Final = described(
    "The policy that holds for an institution", "Its own, else that of the nearest above it.", "the policy", 400
)
_PUT: Final = asked(PolicyBody, EXAMPLES["policy"]) | described(
    "Put a policy in force",
    "For the institution and all below that have none of their own.",
    "the policy",
    400,
    409,
    422,
)
