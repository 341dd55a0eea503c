"""Rings for open panels when something arrives for their patient: one look a second for a whole worker, whatever the
number of panels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from exchange.arrivals import Arrivals

_log = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 1.0
_BEAT_SECONDS: Final = 20.0


class PanelWatch:
    """Bells by record. Nobody is looked for while no panel is open."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._bells: dict[int, set[asyncio.Event]] = {}

    async def keep_watch(self) -> None:
        """Look until cancelled; a database that is away is asked again."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._bells:
                continue
            try:
                for record in await asyncio.to_thread(self._arrivals.look):
                    self._ring(record)
            except Exception as error:  # a database that is away must not end the watch
                _log.error("panels not told of arrivals", extra={"error": type(error).__name__})

    async def events(self, records: frozenset[int], until: datetime) -> AsyncIterator[bytes]:
        """Server-sent events for somebody's records: ``record`` when something arrived, a beat when nothing did."""
        yield b"retry: 3000\n\n: open\n\n"
        with self._listening(records) as bell:
            while datetime.now(UTC) < until:
                try:
                    await asyncio.wait_for(bell.wait(), _BEAT_SECONDS)
                except TimeoutError:
                    yield b": beat\n\n"
                    continue
                bell.clear()
                yield b"event: record\ndata: {}\n\n"

    @contextmanager
    def _listening(self, records: frozenset[int]) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        for record in records:
            self._bells.setdefault(record, set()).add(bell)
        try:
            yield bell
        finally:
            for record in records:
                self._bells[record].discard(bell)
                if not self._bells[record]:
                    del self._bells[record]

    def _ring(self, record: int) -> None:
        for bell in self._bells.get(record, ()):
            bell.set()
