"""Proposals for maps: which codes of a standard a hospital's code may mean, the likeliest first.

What says the same comes first: the very name, what was confirmed elsewhere, the name without remarks and sides, the
same sound. The rest is ranked: character n-grams (TF-IDF) give a short list over the whole standard, on which edit
distance and how much of each name the other covers decide. A proposal is only that: a person confirms it.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from rapidfuzz import fuzz

from knowledge.naming import normal_name
from records.code_systems import Concept

_SYNONYMS: Final = Path(__file__).parent / "code_content" / "synonyms.csv"
_BRACKETS: Final = re.compile(r"[(\[].*?[)\]]")
_SIDES: Final = re.compile(r"左侧|右侧|双侧|两侧|单侧|左|右|双")
_ONE_SIDE, _BOTH_SIDES = re.compile(r"左侧|右侧|左|右"), re.compile(r"两侧|双侧|双")
_SIGNS: Final = re.compile(r"[,;:.。+\-/、]")
_SHORT_LIST: Final = 50
_BATCH: Final = 256
_LIKELY: Final = 0.89
"""Score that similarity alone never reaches."""
_WEIGHTS: Final = {"grams": 1.0, "plain": 0.3, "sided": 0.3, "target": 0.6, "source": 0.4}
_LEAST: Final = 0.2


class Method(StrEnum):
    """How a proposal was found."""

    EXACT = "exact"
    LEARNED = "learned"
    KNOWN = "known"
    NORMALISED = "normalised"
    PINYIN = "pinyin"
    CODE = "code"
    SIMILAR = "similar"
    PERSON = "person"


SURE: Final = frozenset({Method.EXACT})
"""What may be confirmed in bulk."""
_SCORES: Final = {
    Method.EXACT: 1.0,
    Method.LEARNED: 0.97,
    Method.KNOWN: 0.94,
    Method.NORMALISED: 0.92,
    Method.PINYIN: 0.9,
}


class Proposal(NamedTuple):
    """A code of the standard that may be meant; ``score`` is between 0 and 1."""

    code: str
    display: str
    method: Method
    score: float


class Proposer:
    """Proposes codes of one standard. ``learned`` are names confirmed before with their codes; ``known`` tells codes
    of the standard that a name means by other knowledge (the release's terminology)."""

    def __init__(
        self,
        subject: str,
        targets: Iterable[Concept],
        learned: Mapping[str, str] | None = None,
        known: Callable[[str], Iterable[str]] = lambda text: (),
    ) -> None:
        self._subject, self._known = subject, known
        self._targets = {concept.code: concept for concept in targets if concept.active}
        self._learned = {normal_name(text): code for text, code in (learned or {}).items()}
        self._names = [(code, name) for code, c in self._targets.items() for name in (c.display, *c.synonyms)]
        self._plain = [_plain(name, subject) for _, name in self._names]
        self._sided = [_sided(name, subject) for _, name in self._names]
        self._by_name = _grouped((normal_name(name), code) for code, name in self._names)
        self._by_plain = _grouped(zip(self._plain, (code for code, _ in self._names), strict=True))
        self._by_sound = _grouped(
            (_sound(plain), code) for plain, (code, _) in zip(self._plain, self._names, strict=True)
        )
        counts = Counter(sign for plain in self._plain for sign in set(plain))
        self._rare = {sign: math.log(1 + len(self._plain) / count) for sign, count in counts.items()}
        self._rarest = math.log(1 + len(self._plain))
        self._index: Any = None

    def propose(self, items: Sequence[tuple[str, str]], limit: int = 5) -> list[list[Proposal]]:
        """Proposals for codes with their names, in the order given."""
        found: list[list[Proposal]] = []
        for start in range(0, len(items), _BATCH):
            batch = items[start : start + _BATCH]
            shorts = self._short_lists([text for _, text in batch])
            found += [self._one(c, t, short, limit) for (c, t), short in zip(batch, shorts, strict=True)]
        return found

    def _one(self, code: str, text: str, short: Sequence[tuple[int, float]], limit: int) -> list[Proposal]:
        best: dict[str, Proposal] = {}
        for proposal in (*self._same(text), *self._by_code(code, text), *self._similar(text, short)):
            held = best.get(proposal.code)
            if held is None or proposal.score > held.score:
                best[proposal.code] = proposal
        return sorted(best.values(), key=lambda p: (-p.score, p.code))[:limit]

    def _same(self, text: str) -> Iterator[Proposal]:
        """Codes whose name says the same. Where several do, none of them is sure."""
        name, plain = normal_name(text), _plain(text, self._subject)
        learned = self._learned.get(name, "")
        groups = (
            (Method.EXACT, self._by_name.get(name, ())),
            (Method.LEARNED, (learned,) if learned in self._targets else ()),
            (Method.KNOWN, tuple(dict.fromkeys(c for c in self._known(text) if c in self._targets))),
            (Method.NORMALISED, self._by_plain.get(plain, ())),
            (Method.PINYIN, self._by_sound.get(_sound(plain), ())),
        )
        for method, codes in groups:
            sure = len(codes) == 1
            for code in codes:
                score = _SCORES[method] if sure else _LIKELY
                yield Proposal(code, self._targets[code].display, method if sure else Method.SIMILAR, score)

    def _by_code(self, code: str, text: str) -> Iterator[Proposal]:
        """The same code of the standard, as far as its name fits: hospitals reuse codes."""
        concept = self._targets.get(code) or self._targets.get(code.upper())
        if concept is not None:
            ratio = fuzz.ratio(_plain(text, self._subject), _plain(concept.display, self._subject)) / 100
            yield Proposal(concept.code, concept.display, Method.CODE, round(0.4 + 0.49 * ratio, 4))

    def _similar(self, text: str, short: Sequence[tuple[int, float]]) -> Iterator[Proposal]:
        plain, sided = _plain(text, self._subject), _sided(text, self._subject)
        for place, grams in short:
            code, other = self._names[place][0], self._plain[place]
            parts = {
                "grams": grams,
                "plain": fuzz.ratio(plain, other) / 100,
                "sided": fuzz.ratio(sided, self._sided[place]) / 100,
                "target": self._covered(other, plain),
                "source": self._covered(plain, other),
            }
            score = sum(_WEIGHTS[name] * part for name, part in parts.items()) / sum(_WEIGHTS.values())
            if score >= _LEAST:
                display = self._targets[code].display
                yield Proposal(code, display, Method.SIMILAR, round(min(score, 1) * _LIKELY, 4))

    def _covered(self, one: str, other: str) -> float:
        """How much of a name's characters, the rare ones counting more, stand in another."""
        signs, shared = set(one), set(other)
        whole = sum(self._rare.get(sign, self._rarest) for sign in signs)
        return sum(self._rare.get(sign, self._rarest) for sign in signs & shared) / whole if whole else 0.0

    def _short_lists(self, texts: Sequence[str]) -> list[list[tuple[int, float]]]:
        """Places of the names nearest by character n-grams, with their cosine, for each text."""
        if not self._names:
            return [[] for _ in texts]
        vectorizer, matrix = self._fitted()
        nearest = (vectorizer.transform([_plain(text, self._subject) for text in texts]) @ matrix).tocsr()
        return [_top(nearest, row) for row in range(len(texts))]

    def _fitted(self) -> Any:
        if self._index is None:
            import numpy
            from sklearn.feature_extraction.text import TfidfVectorizer

            kind = numpy.float32
            vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, dtype=kind)
            self._index = vectorizer, vectorizer.fit_transform(self._plain).T.tocsr()
        return self._index


def _top(nearest: Any, row: int) -> list[tuple[int, float]]:
    """Columns of a row of a sparse matrix with the greatest values."""
    within = slice(nearest.indptr[row], nearest.indptr[row + 1])
    places, values = nearest.indices[within], nearest.data[within]
    if len(values) > _SHORT_LIST:
        best = values.argpartition(-_SHORT_LIST)[-_SHORT_LIST:]
        places, values = places[best], values[best]
    return list(zip(places.tolist(), values.tolist(), strict=True))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Codes by name, each once."""
    groups: dict[str, dict[str, None]] = {}
    for name, code in pairs:
        if name:
            groups.setdefault(name, {})[code] = None
    return {name: tuple(codes) for name, codes in groups.items()}


def _plain(text: str, subject: str) -> str:
    """A name without remarks and sides, in the standard's words."""
    name = normal_name(text)
    bare = _BRACKETS.sub("", name) or name
    bare = _SIDES.sub("", bare) or bare
    return _SIGNS.sub("", _standard_words(bare, subject)) or name


def _sided(text: str, subject: str) -> str:
    """A name in the standard's words, one side like the other."""
    return _standard_words(_BOTH_SIDES.sub("双侧", _ONE_SIDE.sub("单侧", normal_name(text))), subject)


def _standard_words(name: str, subject: str) -> str:
    for word, standard in _synonyms().get(subject, ()):
        if word in name and standard not in name:
            name = name.replace(word, standard)
    return name


def _sound(plain: str) -> str:
    """How a name of two characters and more sounds."""
    from pypinyin import lazy_pinyin  # its dictionaries take half a second

    return " ".join(lazy_pinyin(plain)) if len(plain) > 1 else ""


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, tuple[tuple[str, str], ...]]:
    """Words of hospitals and of standards, by subject."""
    found: dict[str, list[tuple[str, str]]] = {}
    with _SYNONYMS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["subject"], []).append((row["from"].casefold(), row["to"].casefold()))
    return {subject: tuple(pairs) for subject, pairs in found.items()}
