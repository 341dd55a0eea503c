"""A worker answers order entry a second before all else is read: whoever asks for that earlier waits for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from api.front import Front
from api.reading import one_pydantic
from api.serving import settle

if TYPE_CHECKING:
    from api.office import Office

_log = logging.getLogger(__name__)
_AGAIN_SECONDS: Final = 5.0


class Furnishing:
    """Opens the office of a worker once, when it is first needed, and adds its routes to the application. What keeps
    it from opening is said by ``faults`` and raised for whoever asks; the next one tries again."""

    def __init__(self, app: FastAPI, front: Front) -> None:
        self._app, self._front = app, front
        self._lock = threading.Lock()
        self._office: Office | None = None
        self._fault = ""
        self._not_found = app.router.default
        app.router.default = self._unknown

    def office(self) -> Office:
        """The office, opened. Safe between threads."""
        with self._lock:
            if self._office is None:
                try:
                    self._office = self._opened()
                except Exception as error:
                    self._fault = type(error).__name__
                    raise
                self._fault = ""
            return self._office

    def _opened(self) -> Office:
        with one_pydantic():
            from api.office import Office

            office = Office(self._front)
            routers = list(office.routers())  # all or none
        for router in routers:
            self._app.include_router(router)
        self._app.state.office = office
        self._app.router.default = self._not_found
        return office

    async def _unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A path that the front does not know may be one of the office's."""
        await asyncio.to_thread(self.office)
        await self._app.router.app(scope, receive, send)

    async def keep(self) -> None:
        """Open the office beside the first requests, then do what goes on in it."""
        office = await self._until_open()
        settle()
        await asyncio.gather(*office.watching())

    async def _until_open(self) -> Office:
        """Whoever asks opens it too, but nobody else begins what goes on in it: it is tried until it opens."""
        while True:
            try:
                return await asyncio.to_thread(self.office)
            except Exception as error:  # order entry is answered all the same
                _log.exception("only order entry is answered", extra={"error": type(error).__name__})
            await asyncio.sleep(_AGAIN_SECONDS)

    def faults(self) -> dict[str, str]:
        """What is amiss beside order entry."""
        if self._fault:
            return {"officeFault": self._fault}
        return self._office.faults() if self._office else {}

    async def close(self) -> None:
        """Give back what the office holds, if it was opened."""
        with self._lock:  # one that is being opened is waited for
            office = self._office
        if office is not None:
            await office.close()
