"""The pharmacist's queue over HTTP: list, one prescription with its history, decisions, figures, stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine

from api import openapi
from api.auth import caller
from api.dispensary import LABELS, Dispensary, described
from api.errors import bad_field, moment_of, respond
from base.settings import Settings
from exchange.plain import PlainDecision, decode_decision
from records.review_figures import figures
from records.reviews import WAITING, Action, Event, Move, Query, Role, State, may_see

_POLL_SECONDS: Final = 1.0
_BEAT_SECONDS: Final = 15.0
_MOST: Final = 200


def router(settings: Settings, dispensary: Dispensary, engine: Engine) -> APIRouter:
    """``/api/v1/reviews``: queue, ``/events``, ``/figures``, ``/{id}/decisions``, ``/{id}/history``."""
    routes = APIRouter(prefix="/api/v1", tags=["Pre-dispensing review"])

    @routes.get("/reviews", **openapi.QUEUE)
    def queue(
        request: Request,
        status: str = "",
        institution: str = "",
        assignee: str = "",
        severity: str = "",
        viewer: str = "",
        limit: int = 50,
    ) -> Response:
        caller(settings, request)
        wanted = tuple(filter(None, institution.split(",")))
        covered = dispensary.covered(viewer) if viewer else ("*",)
        institutions = may_see(wanted, covered) if wanted else tuple(i for i in covered if i != "*")
        query = Query(_states(status), institutions, assignee, severity, None, max(1, min(limit, _MOST)))
        return respond(200, {"reviews": [described(found) for found in dispensary.reviews.queue(query)]})

    @routes.get("/reviews/events", **openapi.EVENTS)
    async def stream(request: Request, after: int = -1) -> StreamingResponse:
        caller(settings, request)
        last = request.headers.get("last-event-id", "")
        start = int(last) if last.isdigit() else after
        return StreamingResponse(_events(dispensary, request, start), media_type="text/event-stream")

    @routes.get("/reviews/figures", **openapi.FIGURES)
    def counted(request: Request, since: str = "", until: str = "", institution: str = "") -> Response:
        caller(settings, request)
        now = datetime.now(UTC)
        end = moment_of(until, "until") or now
        begin = moment_of(since, "since") or end - timedelta(days=7)
        found = figures(engine, begin, end, tuple(filter(None, institution.split(","))))
        rules = [asdict(rule) | {"falseShare": rule.false_share} for rule in found.rules]
        return respond(200, asdict(found) | {"rules": rules, "since": begin.isoformat(), "until": end.isoformat()})

    @routes.get("/reviews/{review_id}/history", **openapi.HISTORY)
    def history(review_id: str, request: Request) -> Response:
        caller(settings, request)
        reviews = dispensary.reviews
        found = described(reviews.case(review_id))
        moves = [_move(event) for event in reviews.history(review_id)]
        return respond(200, found | {"history": moves, **reviews.payload(review_id)})

    @routes.post("/reviews/{review_id}/decisions", **openapi.DECISION)
    async def decide(review_id: str, request: Request) -> Response:
        caller(settings, request)
        given = decode_decision(await request.body())
        return respond(200, await asyncio.to_thread(dispensary.decide, review_id, _asked(given), given.findings))

    return routes


def _asked(given: PlainDecision) -> Move:
    try:
        action, role = Action(given.action), Role(given.by.role)
    except ValueError as error:
        field = "action" if "Action" in str(error) else "by.role"
        raise bad_field(field, str(error)) from None
    if role is Role.SYSTEM:
        raise bad_field("by.role", "must be a person's: prescriber, pharmacist or supervisor")
    now = datetime.now(UTC)
    return Move(action, given.by.name, role, now, given.reason, given.code, given.version, given.to)


def _states(text: str) -> tuple[State, ...]:
    """States by name; ``waiting`` stands for those any pharmacist may take."""
    found: list[State] = []
    for word in filter(None, text.split(",")):
        if word == "waiting":
            found += WAITING
            continue
        try:
            found.append(State(word))
        except ValueError:
            raise bad_field("status", f"must be waiting or one of {', '.join(State)}, not {word!r}") from None
    return tuple(found)


async def _events(dispensary: Dispensary, request: Request, after: int) -> AsyncIterator[bytes]:
    """Moves as server-sent events, from now or after a number; a beat when nothing happens."""
    seen = after if after >= 0 else await asyncio.to_thread(dispensary.reviews.newest)
    yield b"retry: 2000\n\n"
    quiet = 0.0
    while not await request.is_disconnected():
        found = await asyncio.to_thread(dispensary.reviews.after, seen)
        for event in found:
            seen = event.number
            yield b"id: %d\nevent: review\ndata: %b\n\n" % (event.number, orjson.dumps(_move(event)))
        quiet = 0.0 if found else quiet + _POLL_SECONDS
        if quiet >= _BEAT_SECONDS:
            quiet = 0.0
            yield b": beat\n\n"
        await asyncio.sleep(_POLL_SECONDS)


def _move(event: Event) -> dict[str, Any]:
    told = {
        "review": event.review,
        "version": event.version,
        "at": event.at.isoformat(),
        "by": event.actor,
        "role": event.role.value,
        "action": event.action,
        "from": event.before,
        "status": event.after.value,
        "label": LABELS[event.after],
        "code": event.code,
        "reason": event.reason,
    }
    return {k: v for k, v in told.items() if v}
