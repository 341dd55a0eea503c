"""Texts that are nothing of the kind, to learn the floor of a standard from: names of other kinds of things, everyday
words one by one and strung together, random letters. The same texts every time."""

from __future__ import annotations

import random
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from string import ascii_lowercase
from typing import Final

from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot, hash_key
from nlp.everyday import common
from nlp.terms import SYSTEMS

_NAMES, _WORDS, _STRINGS, _LETTERS = 300, 500, 150, 100
_COMMON: Final = 200
"""How often jieba's corpus holds a word that counts as an everyday one."""


def strangers(snapshot: Snapshot, system: str, known: Container[str]) -> list[str]:
    """Texts that mean nothing of ``system``; ``known`` are its own names in normal form."""
    found = [*_other_names(snapshot, system), *everyday()]
    return [text for text in dict.fromkeys(found) if normal_name(text) not in known]


@lru_cache(1)
def everyday() -> tuple[str, ...]:
    """Words of everyday speech, three of them strung together, and random letters."""
    words = sorted(common(_COMMON), key=hash_key)
    chosen = random.Random(1)  # the same every time
    strung = ["".join(chosen.sample(words, 3)) for _ in range(_STRINGS)]
    letters = ["".join(chosen.choices(ascii_lowercase, k=chosen.randint(2, 8))) for _ in range(_LETTERS)]
    return (*words[:_WORDS], *strung, *letters)


def _other_names(snapshot: Snapshot, system: str) -> Iterator[str]:
    """Preferred names of things that other systems search, so many of each."""
    for other, held in SYSTEMS.items():
        if other != system:
            names = (c.name for c in snapshot.concepts() if c.kind in held.kinds)
            yield from islice(sorted(_only(snapshot, system, names), key=hash_key), _NAMES)


def _only(snapshot: Snapshot, system: str, names: Iterable[str]) -> Iterator[str]:
    kinds = SYSTEMS[system].kinds
    return (name for name in names if not snapshot.by_name(name, *kinds))
