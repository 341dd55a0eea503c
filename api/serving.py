"""What a worker serves: one release with its terminology, swapped together between two requests."""

from __future__ import annotations

import asyncio
import gc
import logging
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final
from weakref import ref

from knowledge.release import LiveRelease, Releases
from knowledge.snapshot import Snapshot
from records.terminology import Terminology

_log = logging.getLogger(__name__)
_GRACE_SECONDS: Final = 60.0
"""How long what was worked out of a release that was left stays, for requests that began with it."""
_AGAIN_SECONDS: Final = 600.0
"""After how long it is forgotten again when somebody, a long job, still asks that release."""


@dataclass(frozen=True, slots=True)
class Served:
    """A release and the terminology that was made for it; a request takes both at once."""

    snapshot: Snapshot
    terminology: Terminology

    @classmethod
    def of(cls, snapshot: Snapshot) -> Served:
        return cls(snapshot, Terminology(snapshot))


def settle() -> None:
    """Tell the garbage collector that what is loaded stays: it would otherwise walk a whole release again
    and again, in the middle of requests. New objects are looked at in larger lots, for the same reason."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class Serving:
    """The release being served now. ``watch`` looks for a newer one until it is cancelled."""

    def __init__(self, releases: Releases) -> None:
        self.releases = releases
        self._live = LiveRelease(releases)
        self.now = Served.of(self._live.current)
        self._left: dict[ref[Snapshot], float] = {}
        self._refreshing = Lock()

    @property
    def swaps(self) -> int:
        return self._live.swaps

    @property
    def fault(self) -> str:
        """Why a newer release was refused; empty when all is well."""
        return self._live.fault

    def refresh(self) -> bool:
        """Swap when another release became active; requests in flight keep what they hold."""
        with self._refreshing:
            self._leave()
            if not self._live.refresh():
                return False
            self._left[ref(self.now.snapshot)] = monotonic() + _GRACE_SECONDS
            self.now = Served.of(self._live.current)
            settle()
            _log.info("release swapped", extra={"release": self._live.current.release})
            return True

    def _leave(self) -> None:
        """Let releases go that nobody asks any more: with what was worked out of it one takes half a gigabyte."""
        for left, due in list(self._left.items()):
            snapshot = left()
            if snapshot is None:
                del self._left[left]
            elif due < monotonic():
                snapshot.forget()
                self._left[left] = monotonic() + _AGAIN_SECONDS
            del snapshot

    async def watch(self, seconds: float) -> None:
        """Look for a newer release every so many seconds, off the event loop."""
        said = ""
        while True:
            await asyncio.sleep(seconds)
            try:
                await asyncio.to_thread(self.refresh)
            except Exception as error:  # a folder that is away must not end the watch
                _log.error("release check failed", extra={"error": type(error).__name__})
            if self.fault and self.fault != said:
                _log.error("release refused", extra={"reason": self.fault})
            said = self.fault
