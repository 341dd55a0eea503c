"""Whether what a model sees in use still looks like what it was trained on: the population stability index.

PSI = Σ (aᵢ - eᵢ) · ln(aᵢ / eᵢ) over the bins of a feature, e the share in training, a in use; missing is a bin of its
own. Below 0.1 stable, to 0.25 watch, above: the model must be looked at again (Siddiqi N. Credit Risk Scorecards.
Wiley, 2006).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import isnan, log
from typing import Final

import msgspec

BINS: Final = 10
SHIFTED: Final = 0.25
LEAST: Final = 50
"""Cases in use below which nothing is said."""
_LEAST_SHARE: Final = 1e-4


class Bins(msgspec.Struct, frozen=True):
    """A feature in training: edges between bins of about equal size, the share of each, the last that of missing."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def place(self, value: float) -> int:
        """Which bin a value falls into; missing (NaN) into the last."""
        return len(self.shares) - 1 if isnan(value) else bisect_right(self.edges, value)


def bins_of(values: Sequence[float]) -> Bins:
    """Deciles of the known values, each edge once, and the share of missing ones."""
    known = sorted(value for value in values if not isnan(value))
    places = [known[len(known) * step // BINS] for step in range(1, BINS)] if known else []
    edges = tuple(sorted(set(places)))
    counts = [0] * (len(edges) + 2)
    empty = Bins(edges, tuple(float(c) for c in counts))
    for value in values:
        counts[empty.place(value)] += 1
    total = max(len(values), 1)
    return Bins(edges, tuple(count / total for count in counts))


def psi(expected: Sequence[float], counts: Sequence[int]) -> float:
    """Stability index of counts in use against shares in training; 0 while there are too few."""
    total = sum(counts)
    if total < LEAST:
        return 0.0
    pairs = ((max(e, _LEAST_SHARE), max(c / total, _LEAST_SHARE)) for e, c in zip(expected, counts, strict=True))
    return sum((actual - e) * log(actual / e) for e, actual in pairs)


class Watch:
    """What a model saw since the process began: counts by bin of each feature, and the sum of what it predicted. Not
    locked: a count that two threads take at once may be one short, which no index shows."""

    def __init__(self, bins: Mapping[str, Bins]) -> None:
        self._bins = bins
        self._counts = {name: [0] * len(one.shares) for name, one in bins.items()}
        self.cases, self.predicted = 0, 0.0

    def see(self, features: Mapping[str, float], probability: float) -> None:
        """Count one case."""
        for name, one in self._bins.items():
            self._counts[name][one.place(features[name])] += 1
        self.cases, self.predicted = self.cases + 1, self.predicted + probability

    def indexes(self) -> dict[str, float]:
        """Stability index by feature."""
        return {name: psi(one.shares, self._counts[name]) for name, one in self._bins.items()}

    def mean(self) -> float:
        """Mean predicted risk; 0 before the first case."""
        return self.predicted / self.cases if self.cases else 0.0
