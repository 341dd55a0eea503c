"""Every request as a trace, where an installation asks for traces (``base.tracing``)."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from base.tracing import request_span

_SERVICES: Final = "/cds-services/"
_OTHER: Final = "(other)"


class Traced:
    """ASGI middleware around everything; there only while traces are on. A request is named by its route, never by
    its path: that may hold what a caller put there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def seen(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        with request_span(scope["headers"]) as span:
            try:
                await self.app(scope, receive, seen)
            finally:
                route = _route(scope)
                span.rename(f"{scope['method']} {route}")
                span.tell(method=scope["method"], route=route, status=status)


def _route(scope: Scope) -> str:
    """The route that answered; calls of services are answered before routing."""
    found = getattr(scope.get("route"), "path", "")
    if found:
        return str(found)
    return f"{_SERVICES}{{service}}" if scope["path"].startswith(_SERVICES) else _OTHER
