"""What is handed over now and stored soon: a queue that a thread of its own empties many at a time, because a thread
that wakes for every item takes the interpreter away from whoever answers."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class _Mark(threading.Event):
    """Stands in the queue behind what somebody waits for."""


class Batches(Generic[_T]):
    """Hands items to ``take`` in their order, at most ``most`` at once, gathered for ``seconds``, while up to
    ``limit`` wait."""

    def __init__(self, name: str, take: Callable[[list[_T]], None], most: int, limit: int, seconds: float) -> None:
        self._take, self._most, self._seconds = take, most, seconds
        self._waiting: queue.Queue[_T | _Mark] = queue.Queue(limit)
        self._hurry = threading.Event()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def offer(self, item: _T) -> bool:
        """Queue an item; never blocks. False when too many wait: it was not taken."""
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            return False
        return True

    def flush(self, timeout: float = 10) -> bool:
        """Wait until everything queued so far was taken; False when that took too long."""
        mark = _Mark()
        self._hurry.set()
        try:
            self._waiting.put(mark, timeout=timeout)
            return mark.wait(timeout)
        except queue.Full:
            return False
        finally:
            self._hurry.clear()

    def pause(self, seconds: float) -> None:
        """Wait before trying again, unless somebody waits for the queue to be empty."""
        self._hurry.wait(seconds)

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            if self._waiting.qsize() < self._most:
                self._hurry.wait(self._seconds)
            while len(batch) < self._most:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            try:
                self._take([item for item in batch if not isinstance(item, _Mark)])
            except Exception as error:  # the thread must outlive whatever it meets
                _log.error("batch not taken", extra={"error": type(error).__name__, "count": len(batch)})
            for item in batch:
                if isinstance(item, _Mark):
                    item.set()
