"""Messages over HTTP: send them, follow them, repair what was given up.

What a hospital sends belongs to that hospital: the institution is the sender's own, or one below it that is named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Engine

from api.access import Access, Principal
from api.asking import summarised
from api.bodies import Body, asked, decoded
from api.errors import ApiError, bad_field, moment_of, respond
from api.institution_names import Name, called, placed
from base.security import SealError
from base.tenancy import acting, tenant_path
from exchange.intake import BusyError, ConflictError, EmptyError, Intake, Receipt, Sent
from exchange.landing import REASONS, STANDARDS
from exchange.ledger import DEAD, STATES
from exchange.trace import Ledger, MissingMessageError, Query, SettledError

_MOST: Final = 500
_LONGEST: Final = 200


class WhyBody(Body, frozen=True):
    """Why somebody does this; it stands in the message's history and in the audit."""

    why: str


class CorrectionBody(WhyBody, frozen=True):
    """``content`` is the message as it should have been: any bytes, in base64."""

    content: bytes


class ReplayBody(Body, frozen=True):
    """Which messages that were given up are done anew; at least one field must narrow it."""

    why: str
    reason: str = ""
    standard: str = ""
    tenant: str = ""
    since: str = ""
    until: str = ""


def router(access: Access, intake: Intake, ledger: Ledger, engine: Engine) -> APIRouter:
    """``/api/v1/exchange``."""
    routes = APIRouter(prefix="/api/v1/exchange", tags=["Exchange"])

    def names() -> Name:
        return called(engine)

    _read(routes, access, ledger, names)
    _following(routes, access, ledger, names)
    _repair(routes, access, ledger)
    _send(routes, access, intake)  # last: {standard} would take the others' names
    return routes


# -- sending ---------------------------------------------------------------------------------


def _send(routes: APIRouter, access: Access, intake: Intake) -> None:
    @routes.post("/{standard}", **_SEND)
    async def accept(standard: str, request: Request, tenant: str = "", kind: str = "", id: str = "") -> Response:
        principal = access.need(request, "exchange.send")
        if standard not in STANDARDS:
            raise ApiError(404, "not-found", f"standard must be one of {', '.join(STANDARDS)}", "standard")
        for field, text in (("id", id), ("kind", kind)):
            if len(text) > _LONGEST:
                raise bad_field(field, f"has more than {_LONGEST} characters")
        owner = _owner(principal, tenant)
        with acting(principal.scope):
            sent = Sent(owner, standard, await request.body(), id, kind, principal.name)
            receipt = await _accepted(intake, sent)
        subject = f"message/{receipt.id}"
        access.note(principal, "exchange.send", subject, standard=standard, of=owner, duplicate=receipt.duplicate)
        return respond(200 if receipt.duplicate else 202, _receipt(receipt))


def _owner(principal: Principal, given: str) -> str:
    """Whose the message is: the sender's own institution, or one that the sender may write for."""
    owner = tenant_path(given or principal.home())
    if not principal.scope.may_write(owner):
        raise ApiError(403, "forbidden", "不能以其他机构的名义发送消息", "tenant")
    return owner


async def _accepted(intake: Intake, sent: Sent) -> Receipt:
    try:
        return await intake.accept(sent)
    except EmptyError as error:
        raise bad_field("body", str(error)) from None
    except ConflictError as error:
        raise ApiError(409, "conflict", f"{error} (message/{error.key})") from None
    except BusyError as error:
        headers = {"Retry-After": str(error.seconds)}
        raise ApiError(503, "transient", f"{error}: send it again", headers=headers) from None


def _receipt(receipt: Receipt) -> dict[str, Any]:
    link = f"/api/v1/exchange/messages/{receipt.id}"
    told = {"id": receipt.id, "state": receipt.state, "duplicate": receipt.duplicate, "digest": receipt.digest}
    return told | {"received": receipt.received.isoformat(), "trace": link}


# -- following -------------------------------------------------------------------------------


def _read(routes: APIRouter, access: Access, ledger: Ledger, names: Callable[[], Name]) -> None:
    @routes.get("/messages", **_LIST)
    def listed(
        request: Request,
        state: str = "",
        reason: str = "",
        standard: str = "",
        tenant: str = "",
        since: str = "",
        until: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> Response:
        if state and state not in STATES:
            raise bad_field("state", f"must be one of {', '.join(STATES)}")
        query = _query(state, reason, standard, tenant, since, until)
        query = query._replace(before=before, limit=max(1, min(limit, _MOST)))
        with acting(access.need(request, "exchange.read").scope):
            return respond(200, {"messages": placed(ledger.find(query), names())})

    @routes.get("/dead", **_DEAD)
    def dead(
        request: Request,
        reason: str = "",
        standard: str = "",
        tenant: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> Response:
        query = _query(DEAD, reason, standard, tenant, "", "")
        query = query._replace(before=before, limit=max(1, min(limit, _MOST)))
        with acting(access.need(request, "exchange.read").scope):
            return respond(200, {"messages": placed(ledger.find(query), names()), "reasons": REASONS})

    @routes.get("/figures", **_FIGURES)
    def figures(request: Request, since: str = "", until: str = "") -> Response:
        end = moment_of(until, "until") or datetime.now(UTC)
        begin = moment_of(since, "since") or end - timedelta(days=1)
        with acting(access.need(request, "exchange.read").scope):
            return respond(200, ledger.figures(begin, end) | {"since": begin, "until": end})


def _following(routes: APIRouter, access: Access, ledger: Ledger, names: Callable[[], Name]) -> None:
    @routes.get("/messages/{message_id}", **_TRACE)
    def trace(message_id: str, request: Request) -> Response:
        with acting(access.need(request, "exchange.read").scope):
            return respond(200, placed(_found(lambda: ledger.trace(message_id)), names()))

    @routes.get("/messages/{message_id}/content", **_CONTENT)
    def content(message_id: str, request: Request, revision: int = 0) -> Response:
        access.need(request, "exchange.read")
        principal = access.need(request, "record.read")
        with acting(principal.scope):
            raw = _found(lambda: ledger.content(message_id, revision))
        access.note(principal, "exchange.content", f"message/{message_id}")
        return Response(raw, media_type="application/octet-stream")


def _query(state: str, reason: str, standard: str, tenant: str, since: str, until: str) -> Query:
    if reason and reason not in REASONS:
        raise bad_field("reason", f"must be one of {', '.join(REASONS)}")
    owner = tenant_path(tenant) if tenant else ""
    return Query(state, reason, standard, owner, moment_of(since, "since"), moment_of(until, "until"))


def _found(read: Callable[[], Any]) -> Any:
    """What a reading gives, with its errors as answers."""
    try:
        return read()
    except MissingMessageError as error:
        raise ApiError(404, "not-found", f"{error}; one just sent over the broker shows within seconds") from None
    except SettledError as error:
        raise ApiError(409, "business-rule", str(error)) from None
    except EmptyError as error:
        raise bad_field("body", str(error)) from None
    except SealError as error:
        raise ApiError(409, "business-rule", str(error)) from None


# -- repairing -------------------------------------------------------------------------------


def _repair(routes: APIRouter, access: Access, ledger: Ledger) -> None:
    async def done(request: Request, message_id: str, act: str, why: str, do: Callable[[Principal], Any]) -> Response:
        """One thing done to one message, off the event loop, and recorded."""
        principal = access.need(request, "exchange.replay")
        with acting(principal.scope):
            told = await asyncio.to_thread(_found, lambda: do(principal))
        access.note(principal, f"exchange.{act}", f"message/{message_id}", why)
        return respond(200, told)

    @routes.post("/messages/{message_id}/replay", **_REPLAY)
    async def replay(message_id: str, request: Request) -> Response:
        why = _said(decoded(WhyBody, await request.body()).why)
        return await done(request, message_id, "replay", why, lambda p: ledger.replay(message_id, p.name, why))

    @routes.post("/messages/{message_id}/close", **_CLOSE)
    async def close(message_id: str, request: Request) -> Response:
        why = _said(decoded(WhyBody, await request.body()).why)
        return await done(request, message_id, "close", why, lambda p: ledger.close(message_id, p.name, why))

    @routes.post("/messages/{message_id}/correction", **_CORRECT)
    async def correct(message_id: str, request: Request) -> Response:
        body = decoded(CorrectionBody, await request.body())
        raw, why = body.content, _said(body.why)
        return await done(request, message_id, "correct", why, lambda p: ledger.correct(message_id, raw, p.name, why))

    @routes.post("/replays", **_REPLAYS)
    async def replays(request: Request) -> Response:
        principal, body = access.need(request, "exchange.replay"), decoded(ReplayBody, await request.body())
        query, why = _query(DEAD, body.reason, body.standard, body.tenant, body.since, body.until), _said(body.why)
        if not any((body.reason, body.standard, body.tenant, body.since, body.until)):
            raise bad_field("reason", "or another field must say which messages are meant")
        with acting(principal.scope):
            count = await asyncio.to_thread(ledger.replay_all, query, principal.name, why)
        access.note(principal, "exchange.replay", "messages", why, reason=body.reason, count=count)
        return respond(200, {"replayed": count})


def _said(why: str) -> str:
    if not why.strip():
        raise bad_field("why", "须说明理由")
    return why.strip()


# -- OpenAPI ---------------------------------------------------------------------------------

_RAW: Final = {
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                name: {"schema": {"type": "string", "format": "binary"}}
                for name in ("application/fhir+json", "application/hl7-v2", "application/xml", "application/json")
            },
        }
    }
}
_SEND: Final = _RAW | summarised(
    "Send a message; it is durable when this answers", 400, 404, 409, 413, 415, 503, status=202
)
_SEND["description"] = (
    "`standard` is `fhir` (a Bundle), `hl7v2`, `cda` or `tables`. The same message again answers 200 with what "
    "became of it. `tenant` names an institution below the sender's own, `id` and `kind` override what the message "
    "says of itself."
)
_LIST: Final = summarised("Messages, the newest first, without what they say", 400)
_DEAD: Final = summarised("Messages that were given up, with the reasons", 400)
_FIGURES: Final = summarised("Messages by institution, standard and state; given up by reason; waiting since", 400)
_TRACE: Final = summarised("A message, by its id or number, from its arrival to the resources that came of it", 404)
_CONTENT: Final = summarised("What a message says, as sent or corrected (recorded)", 404)
_REPLAY: Final = summarised("Have a message that was given up done anew", 400, 404, 409) | asked(WhyBody)
_CLOSE: Final = summarised("Settle a message that was given up", 400, 404, 409) | asked(WhyBody)
_CORRECT: Final = summarised("Give a message that was given up other content", 400, 404, 409, 413) | asked(
    CorrectionBody
)
_REPLAYS: Final = summarised("Have all messages done anew that were given up for a reason", 400) | asked(ReplayBody)
