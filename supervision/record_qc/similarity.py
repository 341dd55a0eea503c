"""How alike two texts are: the share of runs of characters that they have in common, then their edit distance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_RUN: Final = 5
_MARKS: Final = re.compile(r"[\s，。、；：！？,.;:!?（）()“”\"'—\-]+")
_HOPELESS: Final = 0.7
"""Texts that share so much less than asked are not compared further: distance costs more."""


class _Bare(NamedTuple):
    """A text without marks and blanks, and the runs of characters in it."""

    text: str
    runs: frozenset[str]


class Likeness:
    """Compares texts of one record; each is taken apart once."""

    def __init__(self) -> None:
        self._bare: dict[str, _Bare] = {}

    def closest(self, text: str, others: Sequence[str], least: float) -> tuple[int, float] | None:
        """Which of some texts is most like a text and how much (0 to 1); None when none is by ``least``."""
        mine = self._of(text)
        found: tuple[int, float] | None = None
        for number, other in enumerate(others):
            theirs = self._of(other)
            if _overlap(mine, theirs) < least * _HOPELESS:
                continue
            share = _ratio(mine.text, theirs.text)
            if share >= least and (found is None or share > found[1]):
                found = number, share
        return found

    def _of(self, text: str) -> _Bare:
        found = self._bare.get(text)
        if found is None:
            bare = _MARKS.sub("", text)
            runs = frozenset(bare[at : at + _RUN] for at in range(max(0, len(bare) - _RUN + 1)))
            found = self._bare[text] = _Bare(bare, runs)
        return found


def _ratio(one: str, other: str) -> float:
    from rapidfuzz.distance import Indel

    return float(Indel.normalized_similarity(one, other))


def _overlap(one: _Bare, other: _Bare) -> float:
    """Runs in common, as a share of those of the shorter text."""
    shorter = min(len(one.runs), len(other.runs))
    return len(one.runs & other.runs) / shorter if shorter else 0.0
