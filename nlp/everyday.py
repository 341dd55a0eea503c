"""Words of everyday Chinese, and how much of a text they make up where no name of a standard holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_SHORTEST, _LONGEST = 2, 6
_OFTEN: Final = 500
"""How often jieba's corpus holds a word that says by itself that a text is of everyday life."""


class Everyday:
    """What is everyday to a standard: words that many texts hold and none of its names."""

    def __init__(self, names: Iterable[str]) -> None:
        self._words = _automaton()
        self._own = {word for name in names for word, _, _ in self._found(name)}

    def share(self, text: str) -> float:
        """The share of a text's characters that lie in such words."""
        covered: set[int] = set()
        for word, start, end in self._found(text):
            if word not in self._own:
                covered.update(range(start, end))
        return len(covered) / max(len(text), 1)

    def _found(self, text: str) -> list[tuple[int, int, int]]:
        return self._words.find_matches_as_indexes(text, overlapping=True)


def common(least: int) -> Iterator[str]:
    """Words of jieba's dictionary that its corpus holds more often than that."""
    spec = find_spec("jieba")
    if spec is None or spec.origin is None:
        return
    for line in (Path(spec.origin).parent / "dict.txt").read_text("utf-8").splitlines():
        word, count, _ = line.split(" ")
        if int(count) > least and _SHORTEST <= len(word) <= _LONGEST:
            yield word


@lru_cache(1)
def _automaton() -> AhoCorasick:
    from ahocorasick_rs import AhoCorasick

    return AhoCorasick(list(common(_OFTEN)))
