"""What is asked of ``/api/v1`` and ``/fhir``, and by whom, goes into the audit, whatever the answer: nothing there
can forget it. Who asks is found out here, once, before anything is routed."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import Access
from base.audit import AuditLog, Event

_RECORDED: Final = ("/api/v1/", "/fhir")


class Recorder:
    """ASGI middleware. Paths hold internal ids and never names, so they may stand in the record; bodies and queries
    do not. Service calls of hospitals are not recorded here: the journal keeps each of them whole."""

    def __init__(self, app: ASGIApp, access: Access, audit: AuditLog) -> None:
        self.app, self._access, self._audit = app, access, audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_RECORDED):
            await self.app(scope, receive, send)
            return
        await asyncio.to_thread(self._access.keep, Request(scope))

        async def answered(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._audit.note(self._event(scope, message["status"]))
            await send(message)

        await self.app(scope, receive, answered)

    def _event(self, scope: Scope, status: int) -> Event:
        peer = scope["client"][0] if scope.get("client") else ""
        caller, act = self._access.caller(scope), f"http.{scope['method'].lower()}"
        actor, tenant = ("unknown", "") if caller is None else (caller.name, caller.tenant)
        return Event(actor, act, scope["path"], tenant, peer, detail={"status": status})
