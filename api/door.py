"""Calls of services pass by what only pages and browsers need."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_ORIGIN: Final = b"origin"


class Door:
    """ASGI: calls that hospitals' systems make of a service go to ``line``, all else through ``app``, which takes
    longer to pass through than a drug takes to review. A call out of a page (it has an Origin) is one of the latter:
    its browser is told whom it may answer. ``line`` must answer all that comes to ``paths`` itself: what it handed on
    to ``app`` would be guarded and counted twice."""

    def __init__(self, app: ASGIApp, line: ASGIApp, paths: Collection[str]) -> None:
        self._app, self._line, self._paths = app, line, frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in self._paths and scope["method"] == "POST":
            for name, _ in scope["headers"]:
                if name == _ORIGIN:
                    break
            else:
                await self._line(scope, receive, send)
                return
        await self._app(scope, receive, send)
