"""Names of the release by how they begin: as written, in pinyin, by initials, by code (华法, huafal, hfl, B01AA)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from knowledge.model import Concept, Standing
from knowledge.snapshot import Snapshot
from nlp.columns import Strings, write
from nlp.senses import folded

_MOST_NAMES: Final = 12
_FOUND: Final = 400
_NAME, _PINYIN, _INITIALS, _CODE = range(4)
_WAYS: Final = ("name", "pinyin", "initials", "code")
_TRUST: Final = {Standing.REVIEWED: 0, Standing.STARTER: 0, Standing.SECONDARY: 1, Standing.UNREVIEWED: 2}
_SHORTEST_INITIALS: Final = 3


class Suggestion(NamedTuple):
    """A concept whose name begins so: ``matched`` is that name, ``by`` how (name, pinyin, initials, code)."""

    concept: Concept
    matched: str
    by: str


def key(text: str) -> str:
    """A name as it is compared here: folded, without spaces."""
    return "".join(folded(text).split())


@lru_cache(65536)
def pinyin(text: str) -> tuple[str, str]:
    """Full pinyin without tones and initials: 华法林 → huafalin, hfl."""
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(key(text))
    return "".join(syllables), "".join(s[0] if s.isalpha() and s.isascii() else s for s in syllables)


def names(concept: Concept) -> list[str]:
    """The names a concept is spelled by, the preferred first."""
    return list(dict.fromkeys(concept.names()))[:_MOST_NAMES]


class Spellings:
    """The sorted keys of one release."""

    def __init__(self, folder: Path, snapshot: Snapshot) -> None:
        import numpy as np

        self._snapshot = snapshot
        self._keys, self._concepts, self._matched = (Strings(folder, n) for n in ("keys", "concepts", "matched"))
        self._ranks = np.load(folder / "ranks.npy", mmap_mode="r")

    @staticmethod
    def build(snapshot: Snapshot, folder: Path) -> None:
        """Write the keys of every concept."""
        import numpy as np

        rows = sorted({row for concept in snapshot.concepts() for row in _rows(concept)})
        write(folder, "keys", (row[0].encode() for row in rows))
        write(folder, "concepts", (row[2].encode() for row in rows))
        write(folder, "matched", (row[3].encode() for row in rows))
        np.save(folder / "ranks.npy", np.asarray([row[1] for row in rows], dtype=np.uint8))

    def suggest(self, text: str, kinds: Sequence[str] = (), limit: int = 10) -> list[Suggestion]:
        """Concepts with a name that begins with a text, the most trusted and shortest first."""
        wanted = key(text)
        found: dict[str, Suggestion] = {}
        for row in self._best(wanted) if wanted else ():
            id_ = self._concepts[row].decode()
            concept = self._snapshot.concept(id_) if id_ not in found else None
            if concept is not None and (not kinds or concept.kind.value in kinds):
                found[id_] = Suggestion(concept, self._matched[row].decode(), _WAYS[int(self._ranks[row]) % 4])
            if len(found) == limit:
                break
        return list(found.values())

    def spelled(self, token: str) -> tuple[str, ...]:
        """Concepts with a name of exactly this pinyin, or of these initials when there are enough of them."""
        wanted = token.encode()
        rows = range(self._keys.bisect(wanted), self._keys.bisect(wanted + b"\0"))
        least = 1 if len(token) < _SHORTEST_INITIALS else 0
        ranked = sorted((int(self._ranks[row]), row) for row in rows)
        trusted = [
            row for rank, row in ranked if rank // 4 == ranked[0][0] // 4 and (not least or rank % 4 != _INITIALS)
        ]
        return tuple(dict.fromkeys(self._concepts[row].decode() for row in trusted))

    def _best(self, wanted: str) -> list[int]:
        """Rows whose key begins so, in order of cost: exactness, trust, way, length."""
        import numpy as np

        low, high = self._keys.bisect(wanted.encode()), self._keys.bisect(wanted.encode() + b"\xff")
        lengths = np.diff(self._keys.offsets[low : high + 1]).astype(np.int64)
        ranks = self._ranks[low:high].astype(np.int64)
        costs = lengths + 8 * (ranks // 4) + 3 * (ranks % 4) + 1000 * (lengths > len(wanted.encode()))
        return [low + int(at) for at in np.argsort(costs, kind="stable")[:_FOUND]]


def _rows(concept: Concept) -> Iterator[tuple[str, int, str, str]]:
    """(key, rank, concept, name) of every way a concept is spelled; the rank is trust and way."""
    trust = 4 * _TRUST[concept.standing]
    for name in names(concept):
        yield key(name), trust + _NAME, concept.id, name
        if any(character > "㐀" for character in name):
            full, initials = pinyin(name)
            yield full, trust + _PINYIN, concept.id, name
            yield initials, trust + _INITIALS, concept.id, name
    for code in concept.codes:
        yield key(code.code), trust + _CODE, concept.id, code.code
