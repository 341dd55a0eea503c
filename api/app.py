"""The composition root: all is wired here (what understands language in ``understanding``) and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api import openapi
from api.access import Access
from api.advice import advisers
from api.bedside import Ward
from api.bootstrap import House, key_ring, open_house, who_is_who
from api.cds_hooks import CdsHooks, HookLine
from api.comments import CommentDesk
from api.dispensary import Dispensary
from api.errors import install
from api.fhir_desk import FhirDesk
from api.intake import open_intake
from api.login import LoginDesk
from api.oauth import TokenDesk
from api.oidc import OidcDesk
from api.people import People
from api.quality_desk import QualityDesk
from api.recorder import Recorder
from api.regional import Regional
from api.review import Reviewer
from api.rim import Rim
from api.routes import (
    accounts,
    comments,
    exchange,
    fhir,
    fhir_terms,
    knowledge,
    operations,
    persons,
    quality,
    quality_faults,
    queue,
    reviews,
    security,
    sessions,
    subscriptions,
    terms,
    terms_maps,
)
from api.serving import Serving, settle
from api.terms_desk import TermsDesk
from api.throttle import Throttle
from api.understanding import Understanding
from base.audit import AuditLog, anchor
from base.keyring import KeyRing
from base.log import setup
from base.plugins import discover
from base.security import SealError, sealing_key
from base.settings import Settings
from base.tokens import UsedTokens
from clinical import units
from exchange.outbound import Subscriptions
from exchange.trace import Ledger
from records.context import Region
from records.journal import Journal
from records.memory import Memory
from records.reviews import Reviews
from records.store import Repository
from rules import policy
from rules.model import Family
from rules.policy import Policy
from rules.states import States

_log = logging.getLogger(__name__)
TITLE = "医共 Yigong"
_FIRST_LOOK_SECONDS: Final = 3.0
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

    audit, used, people = AuditLog(house.engine), UsedTokens(house.engine), People.of(settings, house.engine, ring)
    access = Access(settings, people, audit)
    may_review, may_judge = (partial(access.may_act, permission=p) for p in ("review.decide", "comment.judge"))
    dispensary = Dispensary(settings, reviewer, Reviews(house.engine, ring), may_review)
    identity = who_is_who(house, ring)
    region = Region(
        house.engine,
        identity,
        Repository(house.engine, ring),
        {str(name): months for name, months in settings.region_months.items()},
        settings.region_budget_ms / 1000,
    )
    regional = Regional(region, strict=settings.require_client_auth)
    ward = Ward(reviewer, regional)
    hooks = CdsHooks(settings, reviewer, used, dispensary, regional, audit, advisers(ward))
    intake = open_intake(house, ring)

    quality_desk = QualityDesk(house.engine, ring, Repository(house.engine, ring), settings.league)

    terms_desk = TermsDesk(house.engine, settings.league, reviewer.serving)
    shown = Repository(house.engine, ring, region.consents)
    understanding = Understanding(house, ring, access, reviewer.serving, ward, region, identity, shown)

    def watching() -> list[Coroutine[Any, Any, None]]:
        return [
            reviewer.serving.watch(settings.swap_seconds),
            dispensary.watch(),
            remember(memory),
            vouch(house),
            renew(ring),
            quality_desk.keep_watch(settings.survey_hour),
            terms_desk.keep_watch(),
            look_around(region),
            *understanding.watching(),
        ]

    async def ended() -> None:
        region.close()
        await intake.close()
        await understanding.close()
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
        lifespan=_lifespan(region, watching, ended),
        middleware=_middleware(settings, hooks, access, audit),
    )
    app.include_router(hooks.router())
    app.include_router(queue.router(access, dispensary, house.engine))
    desk = CommentDesk(settings, reviewer, house.engine, ring, may_judge)
    app.include_router(comments.router(access, desk))
    app.include_router(reviews.router(access, reviewer, dispensary, regional))
    app.include_router(knowledge.router(access, reviewer.serving))
    app.include_router(operations.router(access, reviewer, house.engine, audit, understanding.search))
    login = LoginDesk(people, audit)
    oidc, tokens = OidcDesk(people, login, used, audit), TokenDesk(people, audit, used)
    app.include_router(sessions.router(people, access, login, oidc, tokens))
    app.include_router(accounts.router(people, access))
    app.include_router(security.router(people, access, audit, identity))
    app.include_router(exchange.router(access, intake, Ledger(house.engine, ring)))
    fhir_desk = FhirDesk(settings, access, house.engine, intake, Ledger(house.engine, ring), shown, identity, audit)
    app.include_router(subscriptions.router(settings, access, Subscriptions(house.engine, ring)))
    app.include_router(fhir_terms.router(access, terms_desk))
    app.include_router(fhir.router(fhir_desk))  # last of /fhir: its {kind} would take the others' names
    app.include_router(quality.router(access, quality_desk))
    app.include_router(persons.router(access, identity))
    app.include_router(quality_faults.router(access, quality_desk))
    app.include_router(terms.router(access, terms_desk))
    app.include_router(terms_maps.router(access, terms_desk))
    for one in understanding.routers():
        app.include_router(one)
    install(app)
    app.state.reviewer, app.state.dispensary, app.state.comments = reviewer, dispensary, desk
    app.state.quality, app.state.terms = quality_desk, terms_desk
    app.state.audit, app.state.access, app.state.region = audit, access, region
    app.state.intake, app.state.similar = intake, understanding.similar
    app.state.answers, app.state.prompts = understanding.answers, understanding.prompts
    _describe(app)
    units_ready.result()
    aside.shutdown()
    return app


def _lifespan(
    region: Region, watching: Callable[[], list[Coroutine[Any, Any, None]]], ended: Callable[[], Awaitable[None]]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What goes on beside the requests of a worker, from before the first to after the last."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Whoever asks first should find the region awake; a database that does not answer keeps nobody waiting.
        await asyncio.wait({asyncio.create_task(look(region))}, timeout=_FIRST_LOOK_SECONDS)
        settle()
        tasks = [asyncio.create_task(one) for one in watching()]
        yield
        for task in tasks:
            task.cancel()
        await ended()

    return lifespan


async def renew(ring: KeyRing, seconds: float = 60.0) -> None:
    """Seal with the newest key soon after somebody rotated."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(ring.refresh)
        except (SQLAlchemyError, SealError) as error:
            _log.error("keys not read again", extra={"error": type(error).__name__})


async def look_around(region: Region, seconds: float = 3.0) -> None:
    """See again and again who belongs to the league, and whether anything is known of anybody."""
    while True:
        await look(region)
        await asyncio.sleep(seconds)


async def look(region: Region) -> None:
    """Once; a database that is away is reported and asked again the next time."""
    try:
        await asyncio.to_thread(region.refresh)
    except SQLAlchemyError as error:
        _log.error("registry not read again", extra={"error": type(error).__name__})


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


def _middleware(settings: Settings, hooks: CdsHooks, access: Access, audit: AuditLog) -> list[Middleware]:
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
        Middleware(
            Rim,
            limit=settings.max_body_bytes,
            throttle=Throttle(settings.rate_limit),
            https=settings.public_url.startswith("https:"),
        ),
        Middleware(HookLine, hooks=hooks),
        Middleware(Recorder, access=access, audit=audit),
    ]


def _describe(app: FastAPI) -> None:
    """OpenAPI with the schemas of bodies that we parse ourselves."""
    made = app.openapi

    def described() -> dict[str, Any]:
        schema = made()
        schema.setdefault("components", {}).setdefault("schemas", {}).update(openapi.components())
        return schema

    app.openapi = described  # type: ignore[method-assign]
