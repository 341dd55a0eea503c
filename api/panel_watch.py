"""Rings for open panels when something arrives for their patient, or a risk of theirs is told: one look a second for
a whole worker, whatever the number of panels. What else concerns a launch is rung by whoever knows
(``smart_reading``)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from base.tenancy import system
from exchange.arrivals import Arrivals
from records.notices import Notice, Notices

_log = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 1.0
_BEAT_SECONDS: Final = 20.0
_LATE: Final = timedelta(seconds=60)
_MOST: Final = 5_000
_SCOPE: Final = "whose risks were told"
RECORD: Final = b"event: record\ndata: {}\n\n"
_NOTICE: Final = b"event: notice\ndata: {}\n\n"
"""What it is is asked for with the token: a stream is opened by a ticket in its address and carries nothing."""


class PanelWatch:
    """Bells by record, and by what was told at a launch (its id). Nobody is looked for while no panel is open."""

    def __init__(self, arrivals: Arrivals, notices: Notices) -> None:
        self._arrivals, self._notices = arrivals, notices
        self._bells: dict[int | str, set[_Bell]] = {}
        self._told: dict[str, None] = {}

    async def keep_watch(self) -> None:
        """Look until cancelled; a database that is away is asked again."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._bells:
                continue
            try:
                for record in await asyncio.to_thread(self._arrivals.look):
                    self.ring(record, RECORD)
                for notice in await asyncio.to_thread(self._raised, self._records()):
                    self.ring(notice.record, _NOTICE)
            except Exception as error:  # a database that is away must not end the watch
                _log.error("panels not told of arrivals", extra={"error": type(error).__name__})

    async def events(self, about: frozenset[int | str], until: datetime) -> AsyncIterator[bytes]:
        """Server-sent events for somebody's records, and a launch: ``record`` when something arrived, ``notice`` when
        it raised a risk, ``source`` when it shows its patient as of another time; a beat when nothing did."""
        yield b"retry: 3000\n\n: open\n\n"
        with self._listening(about) as bell:
            while datetime.now(UTC) < until:
                try:
                    rung = await asyncio.wait_for(bell.rung(), _BEAT_SECONDS)
                except TimeoutError:
                    rung = [b": beat\n\n"]
                for event in rung:
                    yield event

    def launches(self) -> list[str]:
        """Launches whose panels are open here, as far as something was told at them."""
        return [about for about in self._bells if isinstance(about, str)]

    def ring(self, about: int | str, event: bytes) -> None:
        """Tell the panels of a record or launch."""
        for bell in self._bells.get(about, ()):
            bell.ring(event)

    def _records(self) -> list[int]:
        return [about for about in self._bells if isinstance(about, int)]

    @contextmanager
    def _listening(self, abouts: frozenset[int | str]) -> Iterator[_Bell]:
        bell = _Bell()
        for about in abouts:
            self._bells.setdefault(about, set()).add(bell)
        try:
            yield bell
        finally:
            for about in abouts:
                self._bells[about].discard(bell)
                if not self._bells[about]:
                    del self._bells[about]

    def _raised(self, records: list[int]) -> list[Notice]:
        """Notices raised a moment ago that were not told yet: they are numbered before they can be seen."""
        with system(_SCOPE):
            found = self._notices.raised(records, datetime.now(UTC) - _LATE)
        fresh = [notice for notice in found if notice.id not in self._told]
        self._told = dict.fromkeys([*self._told, *(notice.id for notice in fresh)][-_MOST:])
        return fresh


class _Bell:
    """What one panel is still to be told; the same twice is told once."""

    def __init__(self) -> None:
        self._event, self._waiting = asyncio.Event(), dict[bytes, None]()

    def ring(self, event: bytes) -> None:
        self._waiting[event] = None
        self._event.set()

    async def rung(self) -> list[bytes]:
        """Wait until there is something."""
        await self._event.wait()
        self._event.clear()
        told, self._waiting = list(self._waiting), {}
        return told
