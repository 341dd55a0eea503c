"""Whether a written name is of the kind at all, or nothing of the kind (asdf, 今天天气不错).

P(of the kind) = 1 / (1 + e^−z), z linear in six figures. Untrained, the weights are those that
``benchmarks.term_floor`` fitted; ``yigong train-terms`` fits a system's own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from nlp.term_index import Index
from nlp.term_text import View

_ALONE: Final = re.compile(r"[a-z]{1,6}|[\d\W_]+")
"""One letter more makes another abbreviation (ASD, ASDF), one digit another number: such is like none but itself."""
_MOSTLY: Final = 0.6
"""What consists so far of everyday words that no name of the standard holds is like none of them (今天|天气|不错)."""
_BRACKETS: Final = str.maketrans("()", "\n\n")


class Distance(NamedTuple):
    """``alike``: how alike the name most alike looks (0 to 1). ``strange``: the share of pairs of characters that
    neither a name of the standard nor a word of our tables holds. ``letters``: the share of Latin letters,
    ``brevity``: one by the length, both times the share of characters that differ: of what is short one letter makes
    another thing. ``moved`` and ``near``: how near it is once moved by what confirmed pairs teach, and to a confirmed
    one."""

    alike: float
    strange: float
    letters: float
    brevity: float
    moved: float = 0.0
    near: float = 0.0


class Floor(NamedTuple):
    """Weights of the figures of a distance, and the probability below which nothing is offered."""

    weights: Distance
    intercept: float
    least: float

    def probability(self, found: Distance) -> float:
        """That a name so far away is of the kind."""
        reached = sum(weight * figure for weight, figure in zip(self.weights, found, strict=True))
        return 1 / (1 + math.exp(-(self.intercept + reached)))

    def holds(self, found: Distance) -> bool:
        return self.probability(found) >= self.least

    @classmethod
    def fit(cls, own: Sequence[Distance], strange: Sequence[Distance], lost: float) -> Floor:
        """A floor that all own names reach but for a share."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        figures = np.asarray([*own, *strange], dtype=float)
        is_own = np.arange(len(figures)) < len(own)
        fitted = LogisticRegression(class_weight="balanced", max_iter=1000).fit(figures, is_own)
        least = np.quantile(fitted.predict_proba(figures[is_own])[:, 1], lost)
        return cls(Distance(*map(float, fitted.coef_[0])), float(fitted.intercept_[0]), float(least))


SHIPPED: Final = Floor(Distance(alike=7.32, strange=-3.47, letters=-4.87, brevity=-9.02), 0.08, 0.536)


def distance(written: View, index: Index, alike: float, ratio: float) -> Distance:
    """How far a name is of the standard of an index; ``ratio``: share of characters that the name most alike has in
    common."""
    length = max(len(written.bare), 1)
    strange = index.pairs.unknown(written.rest.translate(_BRACKETS)) / max(len(written.common) - 1, 1)
    letters = sum(sign.isascii() and sign.isalpha() for sign in written.bare) / length
    if _ALONE.fullmatch(written.bare) or index.everyday.share(written.bare) >= _MOSTLY:
        alike = 0.0
    return Distance(alike, strange, letters * (1 - ratio), (1 - ratio) / length)
