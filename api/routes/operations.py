"""Is it alive, is it ready, how is it doing; which release, which rules fire and get overridden."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from api.access import Access
from api.asking import described
from api.cards import REASONS
from api.errors import moment_of, respond
from api.metrics import METRICS
from api.review import Reviewer
from api.rule_titles import rule_titles
from base.audit import AuditLog
from base.tenancy import acting
from records.ledger import RuleUse, rule_use

if TYPE_CHECKING:  # no worker waits for it to start
    from api.system_metrics import SystemMetrics

Share = Annotated[float, Query(ge=0, le=100, description="only rules overridden in so many per cent of answers")]
Count = Annotated[int, Query(ge=0, le=1_000_000, description="only rules answered so often")]


def router(
    access: Access, reviewer: Reviewer, engine: Engine, audit: AuditLog, faults: Callable[[], Mapping[str, str]]
) -> APIRouter:
    """``/healthz``, ``/readyz``, ``/metrics``, ``/api/v1/operations/service``, ``/api/v1/releases``,
    ``/api/v1/rules/usage``. ``faults`` says what is amiss beside order entry."""
    routes = APIRouter(tags=["Operations"])

    @cache
    def systems() -> SystemMetrics:
        from api.system_metrics import SystemMetrics

        return SystemMetrics(engine)

    def state() -> dict[str, str]:
        serving = reviewer.serving
        told = {"release": serving.now.snapshot.release, "database": _database(engine)}
        return told | ({"releaseFault": serving.fault} if serving.fault else {}) | dict(faults())

    @routes.get("/healthz")
    async def alive() -> Response:
        return respond(200, {"status": "ok"})

    @routes.get("/readyz")
    def ready() -> Response:
        """503 only when nothing can be answered: a database that is away costs the journal, not care."""
        return respond(200, {"status": "ready", **state()})

    @routes.get("/api/v1/operations/service", **_SERVICE)
    def service(request: Request) -> Response:
        access.need(request, "operations.read")
        told = state()
        workers = _workers(engine) if told["database"] == "ok" else []
        return respond(200, {**told, "active": reviewer.serving.releases.active(), "workers": workers})

    @routes.get("/metrics")
    def metrics() -> Response:
        journal = reviewer.journal
        METRICS.note_state(journal.dropped + journal.failed, audit.lost, reviewer.serving.swaps)
        return Response(METRICS.text() + systems().text(), media_type="text/plain; version=0.0.4")

    @routes.get("/api/v1/releases")
    def releases(request: Request) -> Response:
        access.need(request, "knowledge.read")
        known = reviewer.serving.releases.known()
        active = reviewer.serving.now.snapshot.release
        listed = [
            {
                "release": m.release,
                "publishedAt": m.published_at,
                "publishedBy": m.published_by,
                "note": m.note,
                "counts": m.counts,
                "active": m.release == active,
            }
            for m in known
        ]
        return respond(200, {"releases": listed})

    @routes.get("/api/v1/rules/usage", **_USAGE)
    def usage(
        request: Request, since: str = "", until: str = "", share: Share = 0, answers: Count = 0, format: str = "json"
    ) -> Response:
        with acting(access.need(request, "review.read").scope):
            account = rule_use(engine, moment_of(since, "since"), moment_of(until, "until"))
        found = [use for use in account if use.answers >= answers and 100 * (use.override_share or 0) >= share]
        titles = rule_titles(reviewer.serving.now.snapshot, reviewer.titles, (use.rule for use in found))
        rules = [_used(use, reviewer.titles) | {"title": titles[use.rule]} for use in found]
        if format != "json":
            from api.rule_account import account_file  # no worker waits for it to start

            return account_file(rules, REASONS, format, datetime.now(UTC))
        return respond(200, {"rules": rules, "reasons": REASONS})

    return routes


def _used(use: RuleUse, families: Mapping[str, str]) -> dict[str, Any]:
    """The account of a rule."""
    return asdict(use) | {"overrideShare": use.override_share, "familyTitle": families.get(use.family, use.family)}


def _workers(engine: Engine) -> list[dict[str, Any]]:
    from api.curation_json import worker_json
    from knowledge.workers import serving

    return [worker_json(one) for one in serving(engine, datetime.now(UTC))]


def _database(engine: Engine) -> str:
    try:
        with engine.connect() as connection:
            connection.execute(select(1))
    except SQLAlchemyError:
        return "away"
    return "ok"


_SERVICE: Final = described(
    "How Yigong itself is",
    "What `/readyz` says of the worker that answers, the release that is published, and what every worker serves.",
    "release, database, active, workers; releaseFault, officeFault, searchFault where something is amiss",
)
_USAGE: Final = described(
    "The account of rules",
    "Of each rule how often it spoke, was accepted, set aside, and why; `format` gives it as csv or xlsx.",
    "the rules, the most shown first, and what the codes of reasons say",
    400,
)
