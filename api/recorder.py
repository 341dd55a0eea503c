"""What is asked of ``/api/v1`` and by whom goes into the audit, whatever the answer: nothing there can forget it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import operator
from api.errors import ApiError
from base.audit import AuditLog, Event
from base.settings import Settings

_RECORDED: Final = "/api/v1/"


class Recorder:
    """ASGI middleware. Paths hold internal ids and never names, so they may stand in the record; bodies and queries
    do not. Service calls of hospitals are not recorded here: the journal keeps each of them whole."""

    def __init__(self, app: ASGIApp, settings: Settings, audit: AuditLog) -> None:
        self.app, self._settings, self._audit = app, settings, audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_RECORDED):
            await self.app(scope, receive, send)
            return

        async def answered(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._audit.note(self._event(scope, message["status"]))
            await send(message)

        await self.app(scope, receive, answered)

    def _event(self, scope: Scope, status: int) -> Event:
        peer = scope["client"][0] if scope.get("client") else ""
        sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        try:
            actor = operator(self._settings, sent.decode("latin-1"), peer)
        except ApiError:
            actor = "unknown"
        act = f"http.{scope['method'].lower()}"
        return Event(actor, act, scope["path"], source=peer, detail={"status": status})
