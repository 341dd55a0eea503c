"""The composition root: all is wired here, in ``front.py`` (order entry) and ``office.py`` (all else), and nowhere
else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from api import openapi
from api.bootstrap import House, open_house
from api.cds_hooks import HookLine
from api.door import Door
from api.errors import install
from api.front import Front
from api.furnishing import Furnishing
from api.recorder import Recorder
from api.rim import Rim
from api.routes import operations, queue, reviews
from api.serving import settle
from api.throttle import Throttle
from api.traced import Traced
from base import tracing
from base.log import setup
from base.settings import Settings

TITLE: Final = "医共 Yigong"
_SUMMARY: Final = "区域医共体临床决策服务：CDS Hooks 2.0.1 与纯 JSON 审查接口"


def create() -> FastAPI:
    """The application of one worker, from the environment (``YIGONG_*``)."""
    settings = Settings()
    setup(settings.log_level)
    if settings.traces_url:
        tracing.begin(settings.traces_url, settings.traces_share)
    return early(open_house(settings))


def build(house: House) -> FastAPI:
    """The whole application over an opened house. Raises ``ReleaseError`` when nothing is published."""
    app = early(house)
    app.state.furnishing.office()
    return app


def early(house: House) -> FastAPI:
    """An application that answers order entry; the rest is opened while it answers its first requests, or when
    somebody asks for it. Raises ``ReleaseError`` when nothing is published."""
    front = Front.open(house)
    rim = _rim(front.settings)
    # The pages of /docs with their scripts from this machine: a hospital's network reaches no CDN.
    app = FastAPIOffline(
        redoc_url=None,
        # What is measured here stands in /metrics; nothing of a request goes to whatever OTEL_* may name.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        title=TITLE,
        summary=_SUMMARY,
        version="0.1.0",
        middleware=_middleware(front, rim),
    )
    if not tracing.is_on():  # traces begin outermost, and cost more than all the rest
        _open_door(app, front, rim)
    furnishing = Furnishing(app, front)
    app.router.lifespan_context = _lifespan(front, furnishing)
    for router in _routers(front, furnishing.faults):
        app.include_router(router)
    install(app)
    app.state.front, app.state.furnishing = front, furnishing
    _describe(app, furnishing)
    return app


def _routers(front: Front, faults: Callable[[], Mapping[str, str]]) -> list[APIRouter]:
    """Routes that are there before the first request; ``faults`` says what of the others is amiss."""
    access, engine = front.access, front.house.engine
    return [
        front.hooks.router(),
        queue.router(access, front.dispensary, engine),
        reviews.router(access, front.reviewer, front.dispensary, front.regional),
        operations.router(access, front.reviewer, engine, front.audit, faults),
    ]


def _lifespan(front: Front, furnishing: Furnishing) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What goes on beside the requests of a worker, from before the first to after the last."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await front.wake()
        settle()
        tasks = [asyncio.create_task(one) for one in (*front.watching(), furnishing.keep())]
        yield
        for task in tasks:
            task.cancel()
        await furnishing.close()
        await front.close()

    return lifespan


def _rim(settings: Settings) -> Callable[[ASGIApp], Rim]:
    """What guards every way in; one throttle counts the calls of all of them."""
    https = settings.public_url.startswith("https:")
    return partial(Rim, limit=settings.max_body_bytes, throttle=Throttle(settings.rate_limit), https=https)


def _open_door(app: FastAPI, front: Front, rim: Callable[[ASGIApp], Rim]) -> None:
    stack = app.build_middleware_stack

    def opened() -> ASGIApp:
        whole = stack()
        return Door(whole, rim(HookLine(whole, front.hooks)), front.hooks.paths)

    app.build_middleware_stack = opened  # type: ignore[method-assign]


def _middleware(front: Front, rim: Callable[[ASGIApp], Rim]) -> list[Middleware]:
    """Outermost first: traces where there are any, CORS answers preflights, the rim guards everything behind, service
    calls are answered, the rest is recorded."""
    settings = front.settings
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "Accept"],
        max_age=600,
    )
    return [
        *([Middleware(Traced)] if tracing.is_on() else []),
        cors,
        Middleware(rim),
        Middleware(HookLine, hooks=front.hooks),
        Middleware(Recorder, access=front.access, audit=front.audit),
    ]


def _describe(app: FastAPI, furnishing: Furnishing) -> None:
    """OpenAPI of all there is, with the schemas of bodies that we parse ourselves."""
    made = app.openapi

    def described() -> dict[str, Any]:
        furnishing.office()
        schema = made()
        schema.setdefault("components", {}).setdefault("schemas", {}).update(openapi.components())
        openapi.complete(schema)
        return schema

    app.openapi = described  # type: ignore[method-assign]
