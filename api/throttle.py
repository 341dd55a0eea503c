"""How often one client may call: a limit in the words of the ``limits`` library (``600/second; 20000/minute``)."""

from __future__ import annotations

import time

from limits import parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


class Throttle:
    """Counts calls by client in this worker's memory. Raises ``ValueError`` for a limit that cannot be read."""

    def __init__(self, limit: str) -> None:
        self._limits = parse_many(limit) if limit else []
        self._counted = FixedWindowRateLimiter(MemoryStorage())

    def wait(self, client: str) -> int:
        """Count a call: 0, or the seconds after which the client may call again."""
        for limit in self._limits:
            if not self._counted.hit(limit, client):
                return max(1, round(self._counted.get_window_stats(limit, client).reset_time - time.time()))
        return 0
