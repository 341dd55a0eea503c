"""Reviews in plain JSON, for hospitals without FHIR: the same engine, the same findings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from api import openapi
from api.access import Access
from api.dispensary import Dispensary, about_of
from api.errors import ApiError, respond
from api.metrics import METRICS
from api.regional import Regional
from api.review import Reviewer, shown_as
from api.review_json import answered
from base.tenancy import acting
from base.tracing import span
from clinical.coded import CHINA, china_day
from exchange.fhir.context import Incoming, read_bundle
from exchange.fhir.values import ReadError
from exchange.plain import PlainSubmit, decode, read
from records.context import NOTHING
from records.journal import JournalError

SERVICE = "review"


def router(access: Access, reviewer: Reviewer, dispensary: Dispensary, regional: Regional) -> APIRouter:
    """``POST /api/v1/reviews`` and ``GET /api/v1/reviews/{id}``."""
    routes = APIRouter(prefix="/api/v1", tags=["Reviews"])

    @routes.post("/reviews", **openapi.REVIEW)
    async def review(request: Request) -> Response:
        client = access.need(request, "review.request")
        body = await request.body()
        now = datetime.now(CHINA)
        with span("context"):
            asked = _asked(body, now)
            region = await regional.of(asked.incoming.context, client.tenant) if regional.awake else NOTHING
        reviewed = reviewer.review(
            asked.incoming,
            day=asked.day or china_day(now),
            tenant=client.home(),  # the one that is stored: a replay goes by the same policy
            explain=asked.explain,
            region=region,
        )
        with span("cards", findings=len(reviewed.review.findings)):
            answer = answered(reviewed, asked.explain)
        found = reviewed.review.findings
        shown = tuple(shown_as(j["findingId"], f) for j, f in zip(answer["findings"], found, strict=True))
        if asked.submit is not None:
            about = about_of(asked.incoming, reviewed, client.home())
            payload = {"request": asked.body, "answer": answer}
            with acting(client.scope):
                decision = await asyncio.to_thread(dispensary.submit, reviewed, asked.submit, about, payload, now)
            answer = answer | {"decision": decision}
        with span("journal"):
            reviewer.record(reviewed, SERVICE, client.name, now, asked.body, answer, shown, client.home())
        METRICS.reviewed(SERVICE, reviewed)
        return respond(200, answer)

    @routes.get("/reviews/{review_id}", **openapi.STORED)
    def stored(review_id: str, request: Request) -> Response:
        try:
            with acting(access.need(request, "review.read").scope):
                entry = reviewer.journal.entry(review_id)
        except JournalError as error:
            raise ApiError(404, "not-found", str(error)) from None
        about = {"id": entry.id, "at": entry.at.isoformat(), "service": entry.service}
        return respond(200, about | entry.answer)

    return routes


@dataclass(frozen=True, slots=True)
class _Asked:
    """A review asked for in plain JSON or as a FHIR Bundle."""

    incoming: Incoming
    body: Any
    day: date | None = None
    explain: bool = False
    submit: PlainSubmit | None = None


def _asked(body: bytes, now: datetime) -> _Asked:
    """Raises ``ReadError`` that names the field."""
    if b'"resourceType"' in body[:200]:
        return _bundle(body, now)
    plain = decode(body)
    return _Asked(read(plain, now), orjson.loads(body), plain.as_of, plain.explain, plain.submit)


def _bundle(body: bytes, now: datetime) -> _Asked:
    """A FHIR Bundle of one prescription: drafts are under review, everything else is what is known."""
    try:
        bundle = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ReadError("body", f"is no JSON: {error}") from None
    incoming = read_bundle(bundle, now)
    identifier = bundle.get("identifier") if isinstance(bundle.get("identifier"), dict) else {}
    return _Asked(incoming, bundle, submit=PlainSubmit(prescription=str(identifier.get("value", ""))))
