"""The pharmacist's queue over HTTP: list, one prescription with its history, decisions, figures, stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine

from api import openapi
from api.access import Access, Principal
from api.dispensary import Dispensary, described, move_json
from api.errors import bad_field, moment_of, respond
from base.tenancy import acting
from exchange.plain import PlainDecision, decode_decision
from records.review_figures import figures
from records.review_moves import WAITING, Action, Event, Move, Role, State
from records.reviews import Query, may_see

_POLL_SECONDS: Final = 1.0
_BEAT_SECONDS: Final = 15.0
_ASKED_AGAIN: Final = 10
"""After so many polls it is asked whether the session still lives."""
_MOST: Final = 200
_NEEDED: Final = {
    Role.PRESCRIBER: "review.prescribe",
    Role.PHARMACIST: "review.decide",
    Role.SUPERVISOR: "review.supervise",
}
"""What it takes to act in a role."""


def router(access: Access, dispensary: Dispensary, engine: Engine) -> APIRouter:
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
        since: str = "",
        limit: int = 50,
    ) -> Response:
        found = access.need(request, "review.read")
        wanted = tuple(filter(None, institution.split(",")))
        covered = dispensary.covered(viewer) if viewer else ("*",)
        institutions = may_see(wanted, covered) if wanted else tuple(i for i in covered if i != "*")
        begin, most = moment_of(since, "since"), max(1, min(limit, _MOST))
        query = Query(_states(status), institutions, assignee, severity, begin, most)
        with acting(found.scope):
            shown = [described(case) for case in dispensary.reviews.queue(query)]
            total = dispensary.reviews.count(query) if len(shown) == most else len(shown)
        return respond(200, {"reviews": shown, "total": total})

    @routes.get("/reviews/events", **openapi.EVENTS)
    async def stream(request: Request, after: int = -1) -> StreamingResponse:
        found = access.need(request, "review.read")
        last = request.headers.get("last-event-id", "")
        start = int(last) if last.isdigit() else after
        return StreamingResponse(_events(access, found, dispensary, request, start), media_type="text/event-stream")

    @routes.get("/reviews/figures", **openapi.FIGURES)
    def counted(request: Request, since: str = "", until: str = "", institution: str = "") -> Response:
        caller = access.need(request, "review.read")
        now = datetime.now(UTC)
        end = moment_of(until, "until") or now
        begin = moment_of(since, "since") or end - timedelta(days=7)
        with acting(caller.scope):
            found = figures(engine, begin, end, tuple(filter(None, institution.split(","))))
        titles = dispensary.rule_titles(rule.rule for rule in found.rules)
        rules = [asdict(rule) | {"falseShare": rule.false_share, "title": titles[rule.rule]} for rule in found.rules]
        return respond(200, asdict(found) | {"rules": rules, "since": begin.isoformat(), "until": end.isoformat()})

    @routes.get("/reviews/{review_id}/history", **openapi.HISTORY)
    def history(review_id: str, request: Request) -> Response:
        reviews = dispensary.reviews
        with acting(access.need(request, "review.read").scope):
            found = described(reviews.case(review_id))
            moves = [move_json(event) for event in reviews.history(review_id)]
            return respond(200, found | {"history": moves, **reviews.payload(review_id)})

    @routes.post("/reviews/{review_id}/decisions", **openapi.DECISION)
    async def decide(review_id: str, request: Request) -> Response:
        access.who(request)
        given = decode_decision(await request.body())
        move = _asked(given)
        found = access.need(request, _NEEDED[move.role])
        move = replace(move, actor=found.acts_as(move.actor))
        with acting(found.scope):
            decided = await asyncio.to_thread(dispensary.decide, review_id, move, given.findings, found)
        access.note(found, f"review.{move.action.value}", f"review/{review_id}", by=move.actor)
        return respond(200, decided)

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


async def _events(
    access: Access, found: Principal, dispensary: Dispensary, request: Request, after: int
) -> AsyncIterator[bytes]:
    """Moves as server-sent events, from now or after a number; a beat when nothing happens. It ends with the session
    that asked for it."""
    seen = after if after >= 0 else await asyncio.to_thread(dispensary.reviews.newest)
    yield b"retry: 2000\n\n"
    quiet = 0.0
    for poll in count(1):
        if await request.is_disconnected():
            return
        if poll % _ASKED_AGAIN == 0 and not await asyncio.to_thread(access.lives, found):
            return
        moves = await asyncio.to_thread(_after, found, dispensary, seen)
        for event in moves:
            seen = event.number
            yield b"id: %d\nevent: review\ndata: %b\n\n" % (event.number, orjson.dumps(move_json(event)))
        quiet = 0.0 if moves else quiet + _POLL_SECONDS
        if quiet >= _BEAT_SECONDS:
            quiet = 0.0
            yield b": beat\n\n"
        await asyncio.sleep(_POLL_SECONDS)


def _after(found: Principal, dispensary: Dispensary, number: int) -> list[Event]:
    with acting(found.scope):
        return dispensary.reviews.after(number)
