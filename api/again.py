"""Work that a worker does beside its requests, again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

_log = logging.getLogger(__name__)


async def again(work: Callable[[], object], seconds: float, unless: str) -> None:
    """Work on a thread until cancelled, with a rest in between. What goes wrong once, whatever it is, is logged as
    ``unless`` and does not end it."""
    while True:
        try:
            await asyncio.to_thread(work)
        except Exception as error:  # nobody would start it anew
            _log.error(unless, extra={"error": type(error).__name__}, exc_info=error)
        await asyncio.sleep(seconds)
