"""Reviews in plain JSON, for hospitals without FHIR: the same engine, the same findings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from api import openapi
from api.auth import operator
from api.cards import as_json, review_extension
from api.cds_hooks import unmapped_json
from api.errors import ApiError, respond
from api.review import Reviewed, Reviewer, china_day, shown_as
from api.rim import METRICS
from base.settings import Settings
from clinical.finding import Passed, Review, Suppressed
from exchange.plain import decode, read
from records.journal import JournalError

SERVICE = "review"


def router(settings: Settings, reviewer: Reviewer) -> APIRouter:
    """``POST /api/v1/reviews`` and ``GET /api/v1/reviews/{id}``."""
    routes = APIRouter(prefix="/api/v1", tags=["Reviews"])

    def caller(request: Request) -> str:
        peer = request.client.host if request.client else ""
        return operator(settings, request.headers.get("authorization", ""), peer)

    @routes.post("/reviews", **openapi.REVIEW)
    async def review(request: Request) -> Response:
        client = caller(request)
        body = await request.body()
        plain = decode(body)
        now = datetime.now(UTC)
        day = plain.as_of or china_day(now)
        reviewed = reviewer.review(read(plain, now), day=day, explain=plain.explain)
        answer = answered(reviewed, plain.explain)
        found = reviewed.review.findings
        shown = tuple(shown_as(j["findingId"], f) for j, f in zip(answer["findings"], found, strict=True))
        reviewer.record(reviewed, SERVICE, client, now, orjson.loads(body), answer, shown)
        METRICS.reviewed(SERVICE, reviewed)
        return respond(200, answer)

    @routes.get("/reviews/{review_id}", **openapi.STORED)
    def stored(review_id: str, request: Request) -> Response:
        caller(request)
        try:
            entry = reviewer.journal.entry(review_id)
        except JournalError as error:
            raise ApiError(404, "not-found", str(error)) from None
        about = {"id": entry.id, "at": entry.at.isoformat(), "service": entry.service}
        return respond(200, about | entry.answer)

    return routes


def answered(reviewed: Reviewed, explain: bool = False) -> dict[str, Any]:
    """The answer of a plain review. ``explanation`` stands only where it was asked for."""
    found = reviewed.review
    unmapped = [unmapped_json(item) for item in reviewed.unmapped]
    answer: dict[str, Any] = {"id": reviewed.id}
    answer |= review_extension(found, unmapped, reviewed.elapsed_ms)
    answer["findings"] = [as_json(finding, found.release) for finding in found.findings]
    if found.suppressed:
        answer["suppressed"] = [_suppressed(item) for item in found.suppressed]
    if explain:
        answer["explanation"] = [*_told(found), *map(_passed, found.passed)]
    return answer


def _told(found: Review) -> Iterator[dict[str, Any]]:
    """Rules that fired (shown or not) and rules that could not be evaluated, with the reason."""
    for finding in (*found.findings, *(item.finding for item in found.suppressed)):
        yield _rule(finding.family, finding.rule_id, "fired", finding.summary, finding.orders)
    for gap in found.gaps:
        yield _rule(gap.family, gap.rule_id, "not evaluated", gap.reason, gap.orders)
    for fault in found.faults:
        yield _rule(fault.family, fault.rule_id, "not evaluated", "规则执行失败，已记录", ())


def _suppressed(item: Suppressed) -> dict[str, Any]:
    return {"ruleId": item.finding.rule_id, "family": item.finding.family, "reason": item.reason}


def _passed(item: Passed) -> dict[str, Any]:
    evaluated = "not evaluated" if item.reason.startswith("未评估") else "passed"
    return _rule(item.family, item.rule_id, evaluated, item.reason, item.orders)


def _rule(family: str, rule_id: str, said: str, reason: str, orders: tuple[str, ...]) -> dict[str, Any]:
    fields = {"family": family, "ruleId": rule_id, "outcome": said, "reason": reason, "orders": list(orders)}
    return {k: v for k, v in fields.items() if v}
