"""Every name the release knows, found in running text: one Aho-Corasick automaton, longest name first.

Positions are those of the text as given: folding (width, case) changes no length. A short name counts where words
begin and end as jieba divides them with our names among its own (多饮 is not in 多饮水, 管通 not in 引流管通畅).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from knowledge.snapshot import Snapshot
from nlp.senses import CHARACTER, SINGLE, Sense, entries, folded

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_SHORT: Final = 3
"""Up to so many characters a name is checked against the words around it."""
_CODES: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_FILLED: Final = re.compile(
    r"轻中度|中重度|轻度|中度|重度|少量|大量|多量|少许|稍微|稍|略|较|明显|轻微|轻|散在|[ⅠⅡⅢⅣiv]+度|[1-4一二三]度|也|又|仍|都|有点|有些|"
    r"未触及|未见|未闻及|未扪及|无明显|没有|无|不|向左下|向左|弥漫性?|完全|绝对|\d{1,2}°|持续性?|阵发性|间断"
)
"""Words of degree or denial that stand inside of a name: 腹肌稍紧张, 尿色不红, 浅表淋巴结未触及肿大."""
_EDGES: Final = frozenset(("", *"，,。；;：:、！？?!（）() \n"))
_DENYING: Final = re.compile(r"[无不未没]")
_REACH: Final = 10


class Hit(NamedTuple):
    """A name in a text: where, and the concepts that bear it, the most trusted first. ``senses`` says what it may
    mean, ``denied`` that a word of denial stands inside of it."""

    start: int
    end: int
    concepts: tuple[str, ...]
    senses: tuple[Sense, ...] = ()
    denied: bool = False


class Lexicon:
    """The names of one release. Building it takes a second for a hundred thousand names; it is kept with the
    release (``Lexicon.of``)."""

    def __init__(self, snapshot: Snapshot) -> None:
        from ahocorasick_rs import AhoCorasick, MatchKind

        self.snapshot = snapshot
        self.kept: dict[tuple[str, ...], Sense] = {}
        """What ``nlp.composed`` made of parts of the body and matters, worked out once."""
        self._entries = entries(snapshot)
        self._names = list(self._entries)
        self._automaton: AhoCorasick = AhoCorasick(self._names, matchkind=MatchKind.LeftmostLongest)
        self._words = Words(self._names)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Lexicon:
        """The lexicon of a release, made once."""
        return snapshot.remember("lexicon", lambda: cls(snapshot))

    def __len__(self) -> int:
        return len(self._names)

    def matches(self, text: str) -> list[Hit]:
        """Names in a text, in order, none overlapping."""
        low = folded(text)
        bounds = self._words.bounds(low)
        hits: list[Hit] = []
        reached = 0
        for number, start, end in self._automaton.find_matches_as_indexes(low):
            floor = max(reached, hits[-1].end if hits else 0)
            if start < floor or (end - start <= _SHORT and self._murmured(text[start:end], number)):
                continue
            if _stands_alone(low, start, end) and (end - start > _SHORT or bounds.fit(start, end)):
                hits += self._hits(number, start, end)
            else:
                hits += self._within(low, bounds, start, end, floor)
            reached = end
        return _merged(hits, list(self._filled(low)))

    def _murmured(self, written: str, number: int) -> bool:
        """Whether letters that abbreviate something are written small: mg is no MG, mi no MI."""
        if not (written.isascii() and written.islower()):
            return False
        senses = self._entries[self._names[number]].senses
        return not senses or senses[0].kind != "test"

    def _within(self, low: str, bounds: Bounds, start: int, end: int, floor: int) -> Iterator[Hit]:
        """Shorter names where a longer one does not count: 哮喘 in 有哮|喘病史, 尿痛 in 无尿|痛."""
        for begins, ends in ((start, end - 1), (start + 1, end + _REACH)):
            for number, at, to in self._automaton.find_matches_as_indexes(low[max(begins, floor) : ends]):
                place, until = at + max(begins, floor), to + max(begins, floor)
                if place >= end:
                    break
                if _stands_alone(low, place, until) and bounds.fit(place, until):
                    yield from self._hits(number, place, until)
                    return

    def exact(self, name: str) -> tuple[str, ...]:
        """Concepts that bear exactly this name."""
        entry = self._entries.get(folded(name.strip()))
        return entry.concepts if entry else ()

    def senses(self, name: str) -> tuple[Sense, ...]:
        """What exactly this name may mean; nothing when it is unknown."""
        entry = self._entries.get(folded(name.strip()))
        return entry.senses if entry else ()

    def finding(self, names: Sequence[str]) -> Sense:
        """The finding or disease of the first name that the release knows; one without a concept, of the first name,
        when it knows none."""
        for name in names:
            for sense in self.senses(name):
                if sense.kind in ("finding", "disease") and sense.concept:
                    return sense._replace(gate="")
        return Sense("finding", "", names[0])

    def _hits(self, number: int, start: int, end: int) -> Iterator[Hit]:
        entry = self._entries[self._names[number]]
        if not entry.senses:
            return
        if not entry.split:
            yield Hit(start, end - entry.cut, entry.concepts, entry.senses)
            return
        name, middle = self._names[number], start + entry.split
        joined = name[entry.split :].startswith("伴")
        for part, place in ((name[: entry.split], start), (name[entry.split + joined :], middle + joined)):
            half = self._entries[SINGLE.get(part, part)]
            yield Hit(place, place + len(part), half.concepts, half.senses)

    def _filled(self, low: str) -> Iterator[Hit]:
        """Names that a word of degree or denial divides."""
        for filler in _FILLED.finditer(low):
            start, end = filler.span()
            if low[start - 1 : start] in _EDGES or low[end : end + 1] in _EDGES:
                continue
            left = low[max(0, start - _REACH) : start]
            middle = len(left)
            for number, at, to in self._automaton.find_matches_as_indexes(left + low[end : end + _REACH]):
                if at < middle < to:
                    entry = self._entries[self._names[number]]
                    if not entry.senses or entry.split:
                        continue
                    shift = end - start
                    denied = _DENYING.search(filler[0]) is not None
                    place = start - middle + at
                    yield Hit(place, start - middle + to + shift, entry.concepts, entry.senses, denied)


class Words:
    """Where the words of ordinary Chinese end, by jieba with our names among its words."""

    def __init__(self, names: Iterable[str]) -> None:
        import rjieba

        self._jieba: Any = rjieba.Jieba()
        for name in names:
            if len(name) > 1 and CHARACTER.match(name):
                self._jieba.add_word(name, max(1000, self._jieba.suggest_freq(name)), "n")

    def bounds(self, text: str) -> Bounds:
        """Where the words of a text begin and end."""
        return Bounds(text, list(accumulate(map(len, self._jieba.cut(text, False)))))


class Bounds:
    """Where the words of a text begin and end."""

    def __init__(self, text: str, ends: list[int]) -> None:
        self._text, self._ends, self._bounds = text, ends, {0, *ends}

    def fit(self, start: int, end: int) -> bool:
        """Whether a span is made of whole words, but for what changes no name (患麻疹, 叶酸片)."""
        if (start in self._bounds and end in self._bounds) or not CHARACTER.match(self._text, start):
            return True
        number = bisect_right(self._ends, start)
        to = self._ends[number]
        if end - start == 1 or end > to:
            return False
        begins = self._ends[number - 1] if number else 0
        return _AFFIXES.fullmatch(self._text[begins:start] + self._text[end:to]) is not None


_AFFIXES: Final = re.compile(r"[患伴有无呈见为系因示及予服儿病片针剂丸散膏史征型期感样后者]+")
"""What jieba's words add to a name without changing it: 患麻疹, 叶酸片."""


def _stands_alone(text: str, start: int, end: int) -> bool:
    """A name that begins or ends with a letter or digit must not go on: AF is not in SAFE, K not in K+."""
    if start and text[start] in _CODES and text[start - 1] in _CODES:
        digit = text[start - 1].isdigit()
        if digit == text[start].isdigit() or not digit:
            return False
    if end == len(text) or text[end - 1] not in _CODES or text[end] not in _CODES:
        return True
    return text[end].isdigit() and not text[end - 1].isdigit()


def _merged(hits: list[Hit], filled: list[Hit]) -> list[Hit]:
    """Hits with those that a word divides: such a one stands unless what it covers names things of its own."""
    if not filled:
        return hits
    starts = [hit.start for hit in hits]
    kept: list[Hit] = []
    gone: set[int] = set()
    for one in filled:
        first = max(0, bisect_left(starts, one.start) - 1)
        inside = [n for n in range(first, bisect_left(starts, one.end)) if hits[n].end > one.start]
        if all(_weak(hits[n]) or hits[n].start > one.start and hits[n].senses[0].general for n in inside):
            gone.update(inside)
            if not kept or kept[-1].end <= one.start:
                kept.append(one)
    return sorted([hit for n, hit in enumerate(hits) if n not in gone] + kept)


def _weak(hit: Hit) -> bool:
    """Whether a name says little by itself: a test without its value, a general word."""
    return hit.senses[0].kind in ("test", "exam") or hit.senses[0].general
