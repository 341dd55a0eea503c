"""How often one client may call: a limit in the words of the ``limits`` library (``600/second; 20000/minute``)."""

from __future__ import annotations

import math
import time

from limits import parse_many


class Throttle:
    """Counts calls by client in this worker's memory, in fixed windows of the clock. The library's own counter would
    start a thread for nearly every call. Raises ``ValueError`` for a limit that cannot be read."""

    def __init__(self, limit: str) -> None:
        self._windows = [_Window(one.amount, one.get_expiry()) for one in (parse_many(limit) if limit else [])]

    def wait(self, client: str) -> int:
        """Count a call: 0, or the seconds after which the client may call again."""
        now = time.time()
        return max((window.wait(client, now) for window in self._windows), default=0)


class _Window:
    """Calls in the present second, minute, hour or day."""

    __slots__ = ("_amount", "_counts", "_number", "_seconds")

    def __init__(self, amount: int, seconds: int) -> None:
        self._amount, self._seconds = amount, seconds
        self._number, self._counts = -1, dict[str, int]()

    def wait(self, client: str, now: float) -> int:
        number = int(now // self._seconds)
        if number != self._number:
            self._number, self._counts = number, {}
        count = self._counts.get(client, 0)
        if count >= self._amount:
            return max(1, math.ceil((number + 1) * self._seconds - now))
        self._counts[client] = count + 1
        return 0
