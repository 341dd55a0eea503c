"""A section of a record with what is named in it: where its clauses and sentences end, and which names lie where."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from nlp.draft import Draft

CLAUSE: Final = re.compile(r"[，,。；;！!？?\n:：]")
SENTENCE: Final = re.compile(r"[。；;！!\n]")


class Layout:
    """``text`` and its ``drafts`` in order of place. Looking something up takes a few steps, however long it is."""

    def __init__(self, text: str, drafts: Sequence[Draft]) -> None:
        self.text, self.drafts = text, drafts
        self.starts = [one.start for one in drafts]
        self._commas = [match.start() for match in CLAUSE.finditer(text)]
        self._stops = [match.start() for match in SENTENCE.finditer(text)]

    def clause_end(self, place: int) -> int:
        at = bisect_left(self._commas, place)
        return self._commas[at] if at < len(self._commas) else len(self.text)

    def clause_start(self, place: int) -> int:
        at = bisect_left(self._commas, place)
        return self._commas[at - 1] + 1 if at else 0

    def sentence_start(self, place: int) -> int:
        at = bisect_left(self._stops, place)
        return self._stops[at - 1] + 1 if at else 0

    def first_from(self, place: int) -> int:
        """The number of the first name that begins at a place or behind it."""
        return bisect_left(self.starts, place)

    def last_until(self, place: int) -> int:
        """The number of the last name that begins before a place or at it; -1 when none does."""
        return bisect_right(self.starts, place) - 1

    def without_names(self, start: int, end: int) -> str:
        """A stretch of text without the names that begin in it."""
        at = self.first_from(start)
        parts, reached = [], start
        while at < len(self.drafts) and self.drafts[at].start < end:
            parts.append(self.text[reached : self.drafts[at].start])
            reached = max(reached, self.drafts[at].end)
            at += 1
        return "".join((*parts, self.text[reached:end]))
