"""Sentences of a text with parts of them marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Final

_SENTENCE: Final = re.compile(r"[^。；;！？\n]+[。；;！？]?")


def quoted(text: str, spans: Collection[tuple[int, int]]) -> Iterator[list[str]]:
    """The sentences that spans lie in, each in pieces of which every second one is marked."""
    for sentence in _SENTENCE.finditer(text):
        begin, end = sentence.span()
        cuts = [begin]
        for start, stop in sorted(spans):
            if start < end and stop > cuts[-1]:
                cuts += [max(start, cuts[-1]), min(stop, end)]
        if len(cuts) > 1:
            yield [text[a:b] for a, b in pairwise([*cuts, end])]


__all__ = ["quoted"]
