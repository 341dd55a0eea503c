"""What a model writes, sentence by sentence while it is written, with the passages that each cites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_MARK: Final = re.compile(r"[\[【［]\s*(\d{1,3}(?:\s*[,，、;；]\s*\d{1,3})*)\s*[\]】］]")
_MARKS: Final = re.compile(rf"(?:\s*{_MARK.pattern})+")
_HALF_MARK: Final = re.compile(r"\s*[\[【［][\d\s,，、;；]*$")
_ENDS: Final = "。！？!?；;\n"
_STOPS: Final = "。！？!?；;"
_BULLET: Final = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.、)）](?!\d)|[(（]\d{1,2}[)）]|#{1,6})\s*")
_EMPHASIS: Final = re.compile(r"\*\*|__|`")
_WORDS: Final = re.compile(r"[\w\u4e00-\u9fff]")
_LONGEST: Final = 1_000
"""A sentence without an end is one here."""


class Said(NamedTuple):
    """A sentence without its marks, and the numbers they hold, in order."""

    text: str
    cites: tuple[int, ...]


class Sentences:
    """Cuts a stream into sentences. A mark may stand before or behind the stop; what ends with a colon opens the
    points that follow it, each of which is said with it."""

    def __init__(self) -> None:
        self._held, self._lead, self._fresh = "", "", False

    def feed(self, piece: str) -> Iterator[Said]:
        """Sentences that a piece completes."""
        self._held += piece
        while (end := self._end()) is not None:
            part, self._held = self._held[:end], self._held[end:]
            yield from self._said(part)

    def close(self, *, whole: bool) -> Iterator[Said]:
        """The rest: a sentence where the model ended by itself, nothing where it was cut off."""
        part, self._held = self._held, ""
        if whole and part.strip():
            yield from self._said(part)

    def _end(self) -> int | None:
        """Where the first sentence ends, marks behind it included; None while that may still change."""
        place = next((at for at, character in enumerate(self._held) if character in _ENDS), -1)
        if place < 0:
            return _LONGEST if len(self._held) > _LONGEST else None
        end = place + 1
        marks = _MARKS.match(self._held, end)
        after = marks.end() if marks else end
        rest = self._held[after:]
        if not rest.strip() or _HALF_MARK.match(rest):
            return None  # a mark may follow
        return after

    def _said(self, part: str) -> Iterator[Said]:
        cites = tuple(dict.fromkeys(int(n) for mark in _MARK.finditer(part) for n in re.findall(r"\d+", mark[1])))
        bare = _EMPHASIS.sub("", _MARK.sub("", part)).strip()
        text = _BULLET.sub("", bare).strip()
        if not _WORDS.search(text) or (bare.startswith("#") and not cites):
            return
        if text.endswith(("：", ":")) and not cites:
            self._lead, self._fresh = text, True
            return
        if not (_BULLET.match(bare) or self._fresh):
            self._lead = ""  # the points are over
        self._fresh = False
        yield Said(f"{self._lead}{_stopped(text)}", cites)


def _stopped(text: str) -> str:
    """With a stop at its end."""
    return text if text.endswith(tuple(_STOPS)) else f"{text}。"
