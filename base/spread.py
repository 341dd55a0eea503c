"""How long things took, counted in buckets that each reach a tenth further than the one before: counts of many hours
and processes add up, and any quantile of the sum is known to within five per cent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

_LEAST: Final = 0.001
_REACH: Final = math.log(1.1)
Spread = Mapping[int, int]
"""Count by number of the bucket; what took no more than a millisecond is in bucket 0."""


def bucket(seconds: float) -> int:
    """The bucket of a time. A clock that ran backwards took no time."""
    return math.ceil(math.log(seconds / _LEAST) / _REACH) if seconds > _LEAST else 0


def spread(seconds: Iterable[float]) -> dict[int, int]:
    """Times counted."""
    return dict(Counter(map(bucket, seconds)))


def together(spreads: Iterable[Spread]) -> dict[int, int]:
    """Several counts as one."""
    counted: Counter[int] = Counter()
    for one in spreads:
        counted.update(one)
    return dict(counted)


def quantile(counts: Spread, share: float) -> float | None:
    """The time that a share of what was counted did not exceed, in seconds; None where nothing was counted."""
    left = math.ceil(share * sum(counts.values()))
    if not left:
        return None
    for number in sorted(counts):
        left -= counts[number]
        if left <= 0:
            break
    return _LEAST * math.exp(_REACH * (number - 0.5)) if number else _LEAST
