"""The composition root: everything is wired here and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api import openapi
from api.bootstrap import House, key_ring, open_house
from api.cds_hooks import CdsHooks, HookLine
from api.comments import CommentDesk
from api.dispensary import Dispensary
from api.errors import install
from api.recorder import Recorder
from api.review import Reviewer
from api.rim import Rim
from api.routes import comments, knowledge, operations, queue, reviews
from api.serving import Serving, settle
from base.audit import AuditLog, anchor
from base.keyring import KeyRing
from base.log import setup
from base.plugins import discover
from base.security import SealError, sealing_key
from base.settings import Settings
from base.tokens import UsedTokens
from clinical import units
from records.journal import Journal
from records.memory import Memory
from records.reviews import Reviews
from rules import policy
from rules.model import Family
from rules.policy import Policy
from rules.states import States

_log = logging.getLogger(__name__)
TITLE = "医共 Yigong"
_SUMMARY = "区域医共体临床决策服务：CDS Hooks 2.0.1 与纯 JSON 审查接口"


def create() -> FastAPI:
    """The application of one worker, from the environment (``YIGONG_*``)."""
    settings = Settings()
    setup(settings.log_level)
    return build(open_house(settings))


def build(house: House) -> FastAPI:
    """The application over an opened house. Raises ``ReleaseError`` when nothing is published."""
    settings = house.settings
    # Verifying the release is a second of hashing outside the interpreter, which reads families and units meanwhile.
    aside = ThreadPoolExecutor(3)
    opened = aside.submit(Serving, house.releases)
    states, units_ready = aside.submit(States.start), aside.submit(units.prepare, settings.data_dir / "cache")
    key, ring = sealing_key(settings.patient_key_file), key_ring(house)
    journal = Journal(house.engine, ring)
    memory = Memory(house.engine, key)
    families = tuple(discover("rules.families", "FAMILY", Family).values())
    reviewer = Reviewer(opened.result(), families, journal, policies(settings.policies_dir), states.result(), memory)

    dispensary = Dispensary(settings, reviewer, Reviews(house.engine, ring))

    audit = AuditLog(house.engine)
    hooks = CdsHooks(settings, reviewer, UsedTokens(house.engine), dispensary)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settle()
        watching = [
            asyncio.create_task(reviewer.serving.watch(settings.swap_seconds)),
            asyncio.create_task(dispensary.watch()),
            asyncio.create_task(remember(memory)),
            asyncio.create_task(vouch(house)),
            asyncio.create_task(renew(ring)),
        ]
        yield
        for task in watching:
            task.cancel()
        await asyncio.to_thread(journal.flush)
        await asyncio.to_thread(audit.flush)

    # The pages of /docs with their scripts from this machine: a hospital's network reaches no CDN.
    app = FastAPIOffline(
        redoc_url=None,
        # What is measured here stands in /metrics; nothing of a request goes to whatever OTEL_* may name.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        title=TITLE,
        summary=_SUMMARY,
        version="0.1.0",
        lifespan=lifespan,
        middleware=_middleware(settings, hooks, audit),
    )
    app.include_router(hooks.router())
    app.include_router(queue.router(settings, dispensary, house.engine))
    desk = CommentDesk(settings, reviewer, house.engine, ring)
    app.include_router(comments.router(settings, desk))
    app.include_router(reviews.router(settings, reviewer, dispensary))
    app.include_router(knowledge.router(reviewer.serving))
    app.include_router(operations.router(settings, reviewer, house.engine, audit))
    install(app)
    app.state.reviewer, app.state.dispensary, app.state.comments = reviewer, dispensary, desk
    app.state.audit = audit
    _describe(app)
    units_ready.result()
    aside.shutdown()
    return app


async def renew(ring: KeyRing, seconds: float = 60.0) -> None:
    """Seal with the newest key soon after somebody rotated."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(ring.refresh)
        except (SQLAlchemyError, SealError) as error:
            _log.error("keys not read again", extra={"error": type(error).__name__})


async def vouch(house: House, seconds: float = 3600.0) -> None:
    """Sign the audit from time to time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(anchor, house.engine, house.key, house.settings.anchors_file)
        except (SQLAlchemyError, OSError) as error:
            _log.error("audit not signed", extra={"error": type(error).__name__})


async def remember(memory: Memory, seconds: float = 1.0) -> None:
    """Keep up with what was shown and answered, in this worker and in others."""
    while True:
        try:
            await asyncio.to_thread(memory.catch_up)
        except SQLAlchemyError as error:
            _log.error("alerts seen before not read", extra={"error": type(error).__name__})
        await asyncio.sleep(seconds)


def policies(folder: Path) -> dict[str, Policy]:
    """Policies by tenant, one JSON file each. Raises ``PolicyError`` naming file and field."""
    return {path.stem: policy.load(path) for path in sorted(folder.glob("*.json"))}


def _middleware(settings: Settings, hooks: CdsHooks, audit: AuditLog) -> list[Middleware]:
    """Outermost first: CORS answers preflights, the rim guards everything behind, service calls are answered, the
    rest is recorded."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "Accept"],
        max_age=600,
    )
    return [
        cors,
        Middleware(Rim, limit=settings.max_body_bytes),
        Middleware(HookLine, hooks=hooks),
        Middleware(Recorder, settings=settings, audit=audit),
    ]


def _describe(app: FastAPI) -> None:
    """OpenAPI with the schemas of bodies that we parse ourselves."""
    made = app.openapi

    def described() -> dict[str, Any]:
        schema = made()
        schema.setdefault("components", {}).setdefault("schemas", {}).update(openapi.components())
        return schema

    app.openapi = described  # type: ignore[method-assign]
