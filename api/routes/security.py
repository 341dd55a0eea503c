"""What security staff works with: the audit, alerts, and the glass that may be broken in an emergency."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import uuid4

import orjson
from fastapi import APIRouter, Query, Request, Response

from api.access import Access, Principal
from api.acts import in_words
from api.acts import listed as acts
from api.asking import summarised
from api.bodies import Body, asked, decoded
from api.errors import ApiError, moment_of, respond
from api.institution_names import Name, called
from api.login import sound
from api.people import People
from base import alerts
from base.alerts import Alert, Glass
from base.audit import AuditLog, Event, search
from base.tenancy import acting, system
from records.identity import Identity

_MOST: Final = 1000
TITLES: Final = {"break-glass": "紧急调阅", "login.guessing": "疑似猜测口令"}
"""Kinds of alerts."""


class GlassBody(Body, frozen=True):
    """Whose data (``person``: the number of the index of persons), what for (``category``), and why in one's own
    words."""

    person: str
    category: str
    reason: str


def router(people: People, access: Access, audit: AuditLog, identity: Identity) -> APIRouter:
    """``/api/v1/break-glass``, ``/api/v1/alerts``, ``/api/v1/audit``."""
    routes = APIRouter(prefix="/api/v1", tags=["Security"])
    _glass(routes, people, access, audit, identity)
    _alerts(routes, people, access)
    _record(routes, people, access)
    return routes


def _glass(routes: APIRouter, people: People, access: Access, audit: AuditLog, identity: Identity) -> None:
    @routes.post("/break-glass", **_BREAK)
    async def break_glass(request: Request) -> Response:
        found, given = access.need(request, "record.break-glass"), decoded(GlassBody, await request.body())
        if not found.is_person:
            raise ApiError(403, "forbidden", "紧急调阅只能由本人登录后进行")
        return respond(201, await asyncio.to_thread(_broken, people, audit, identity, found, given))


def _alerts(routes: APIRouter, people: People, access: Access) -> None:
    @routes.get("/alerts", **_ALERTS)
    def listed(request: Request, status: str = "waiting", limit: Annotated[int, Query(ge=1)] = 200) -> Response:
        found = access.need(request, "alert.read")
        with acting(found.scope), people.engine.connect() as connection:
            some = alerts.listed(connection, status != "all", min(limit, _MOST))
            why = alerts.reasons(connection, people.ring, [a.reference for a in some if a.reference])
        if why:
            access.note(found, "alert.read", why="reasons of broken glass", count=len(why))
        return respond(200, {"alerts": [_alert(a, why.get(a.reference)) for a in some]})

    @routes.post("/alerts/{alert_id}/acknowledgement", **_ACKNOWLEDGE)
    def acknowledge(alert_id: str, request: Request) -> Response:
        found = access.need(request, "alert.acknowledge")
        with acting(found.scope), people.engine.begin() as connection:
            if not alerts.acknowledge(connection, alert_id, found.name):
                raise ApiError(404, "not-found", "没有待确认的该告警")
        access.note(found, "alert.acknowledge", f"alert/{alert_id}")
        return respond(200, {"acknowledged": True})


def _record(routes: APIRouter, people: People, access: Access) -> None:
    @routes.get("/audit", **_AUDIT)
    def audited(
        request: Request,
        actor: str = "",
        act: str = "",
        subject: str = "",
        tenant: str = "",
        since: str = "",
        until: str = "",
        before: Annotated[int, Query(ge=0, le=2**53, description="`next` of the page before")] = 0,
        limit: Annotated[int, Query(ge=1)] = 200,
    ) -> Response:
        found, most = access.need(request, "audit.read"), min(limit, _MOST)
        begin, end = moment_of(since, "since"), moment_of(until, "until")
        listed = search(
            people.engine,
            actor=actor,
            act=act,
            subject=subject,
            tenant=tenant,
            since=begin,
            until=end,
            before=before,
            limit=most,
            within=_within(found, people.settings.league),
        )
        access.note(found, "audit.read", subject, "search", count=len(listed))
        older = listed[-1]["number"] if len(listed) == most else None
        name = called(people.engine)
        return respond(200, {"events": [_event(e, name) for e in listed], "next": older})

    @routes.get("/audit/acts", **_ACTS)
    def known(request: Request) -> Response:
        access.need(request, "audit.read")
        return respond(200, {"groups": acts()})


def _broken(
    people: People, audit: AuditLog, identity: Identity, found: Principal, given: GlassBody
) -> dict[str, Any]:
    """Recorded first: the glass does not break unseen. The reason may name the patient and stands nowhere
    unsealed."""
    reason, now = alerts.checked_reason(given.category, given.reason), datetime.now(UTC)
    until = now + timedelta(minutes=people.settings.break_glass_minutes)
    with people.engine.connect() as connection:
        person = identity.by_number(connection, given.person)
    glass = Glass(str(uuid4()), found.account, person, found.tenant, given.category, now, until)
    subject = f"person/{person}"
    detail = {"glass": glass.id, "minutes": people.settings.break_glass_minutes}
    audit.must(Event(found.name, "break-glass", subject, found.tenant, found.source, given.category, detail))
    with system("break-glass"), people.engine.begin() as connection:
        alerts.break_glass(connection, people.ring, glass, reason)
        sound(connection, "break-glass", found.tenant, found.name, subject, found.source, glass.id)
    return {"id": glass.id, "person": given.person, "until": until.isoformat()}


def _within(found: Principal, league: str) -> tuple[str, ...] | None:
    """Tenants whose events somebody may read; None for all, those of no tenant too."""
    whole = found.scope.everything or league in found.scope.reads
    return None if whole else found.scope.reads


def _alert(found: Alert, why: tuple[str, str] | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": found.id,
        "kind": found.kind,
        "title": TITLES.get(found.kind, found.kind),
        "at": found.at.isoformat(),
        "tenant": found.tenant,
        "actor": found.actor,
        "subject": found.subject,
        "source": found.source,
        "acknowledged": found.acknowledged.isoformat() if found.acknowledged else "",
        "acknowledgedBy": found.acknowledged_by,
    }
    if why is not None:
        told |= {"category": why[0], "reason": why[1]}
    return {k: v for k, v in told.items() if v != ""}


def _event(row: dict[str, Any], name: Name) -> dict[str, Any]:
    at = row["at"] if row["at"].tzinfo else row["at"].replace(tzinfo=UTC)
    plain = {
        name: row[name] for name in ("number", "actor", "act", "subject", "tenant", "source", "why") if row[name]
    }
    plain |= {"at": at.isoformat()} | ({"detail": orjson.loads(row["detail"])} if row["detail"] else {})
    return plain | in_words(plain, name)


# -- OpenAPI -----------------------------------------------------------------------------------

_GLASS: Final = {
    "person": "YG01234567890123",
    "category": "emergency",
    "reason": "昏迷患者急诊抢救，需了解既往用药和过敏史",
}
_BREAK: Final = asked(GlassBody, _GLASS) | summarised(
    "Read one person for a while in an emergency; security staff is told", 400, 404, 422, status=201
)
_ALERTS: Final = summarised("Alerts for security staff, the newest first (`status=all`: acknowledged ones too)")
_ACKNOWLEDGE: Final = summarised("Say that somebody looked at an alert", 404)
_AUDIT: Final = summarised(
    "Who did what, the newest first; `act` and `tenant` match with all that is below them. Beside the codes, "
    "in Chinese: `actTitle`, `whyTitle`, `institution`, `details`",
    400,
)
_ACTS: Final = summarised("Acts that the record knows, in Chinese, by group; the code of a group finds all of it")
