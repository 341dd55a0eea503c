"""Phenotypes (HPO) in Chinese or English text: by the names of the ontology, by our own words for them, and by the
names of our findings that mean the same; what is denied is read as absent.

A finding means a phenotype when it carries its HPO code, or when its preferred Chinese or English name is one of the
phenotype's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from knowledge.model import Concept, ConceptKind, Predicate
from knowledge.snapshot import Snapshot
from nlp import assertion
from nlp.assertion import Assertion, Who
from nlp.lexicon import Hit, Lexicon
from nlp.phenotype_words import WORDS
from nlp.scope import Name
from nlp.sections import sections
from nlp.senses import folded
from nlp.tokens import jieba

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

ROOT: Final = "HP:0000118"
"""Phenotypic abnormality: what lies beside it in the ontology (inheritance, onset) is no sign of anybody."""
_FINDINGS: Final = (ConceptKind.SYMPTOM, ConceptKind.FINDING)
_ENDINGS: Final = re.compile(r"[病症史]|综合征")
"""What makes a disease of a phenotype and means the same: 高血压病."""
_SHORTEST: Final = 2
_SHORT: Final = 2
_OURS, _LABEL, _SYNONYM, _OF_FINDING, _SYNONYM_OF_FINDING = range(5)


class Mention(NamedTuple):
    """A phenotype (concept id) that a text says somebody has, or has not; positions are those of the text."""

    start: int
    end: int
    text: str
    phenotype: str
    present: bool


class _Shown(msgspec.Struct, frozen=True, gc=False):
    predicate: Predicate
    object: str = ""


class PhenotypeNames:
    """The names of one release. Making it takes some two seconds; it is kept with the release (``of``)."""

    def __init__(self, snapshot: Snapshot) -> None:
        from ahocorasick_rs import AhoCorasick, MatchKind

        self._snapshot = snapshot
        self._bearer = _bearers(snapshot)
        self._names = list(self._bearer)
        self._automaton: AhoCorasick = AhoCorasick(self._names, matchkind=MatchKind.LeftmostLongest)

    @classmethod
    def of(cls, snapshot: Snapshot) -> PhenotypeNames:
        """The names of a release, made once."""
        return snapshot.remember("phenotype-names", lambda: cls(snapshot))

    def __len__(self) -> int:
        return len(self._names)

    def exact(self, text: str) -> str:
        """The phenotype of an HPO code, a concept id or exactly this name; empty when there is none."""
        bare = text.strip()
        for concept in self._snapshot.by_code("hpo", bare.upper()):
            if concept.kind is ConceptKind.PHENOTYPE:
                return concept.id
        known = self._snapshot.concept(bare)
        if known is not None and known.kind is ConceptKind.PHENOTYPE:
            return known.id
        return self._bearer.get(folded(bare), "")

    def read(self, text: str) -> list[Mention]:
        """Phenotypes of the patient in a text, in order. Those of relatives, and what is only thought of or planned,
        are left out: they say nothing."""
        found: list[Mention] = []
        for part in sections(text):
            found += self._in(text[part.start : part.end], part.start, part.name)
        return found

    def _in(self, text: str, offset: int, section: str) -> Iterator[Mention]:
        others = [hit for hit in Lexicon.of(self._snapshot).matches(text) if hit.senses]
        hits = [hit for hit in self._hits(text) if not any(_hides(other, hit, text) for other in others)]
        names = [Name(start, end, "finding") for start, end, _ in hits]
        names += [Name(o.start, o.end, o.senses[0].kind) for o in others if not _meets(o.start, o.end, hits)]
        names.sort()
        phenotypes = {(start, end): phenotype for start, end, phenotype in hits}
        for name, how in zip(names, assertion.read(text, names, (), section), strict=True):
            phenotype = phenotypes.get((name.start, name.end))
            told = how.who is Who.PATIENT and how.assertion in (Assertion.PRESENT, Assertion.ABSENT)
            if phenotype is not None and told:
                start, end = offset + name.start, offset + name.end
                present = how.assertion is Assertion.PRESENT
                yield Mention(start, end, text[name.start : name.end], phenotype, present)

    def _hits(self, text: str) -> list[_Place]:
        low = folded(text)
        found = [one for one in self._automaton.find_matches_as_indexes(low) if _alone(low, one[1], one[2])]
        words = _words(low) if any(end - start <= _SHORT for _, start, end in found) else []
        whole = (one for one in found if one[2] - one[1] > _SHORT or not _swallowed(one[1], one[2], words))
        return [(start, end, self._bearer[self._names[number]]) for number, start, end in whole]


_Place = tuple[int, int, str]


def _words(text: str) -> list[tuple[int, int]]:
    """Words of ordinary Chinese with where they begin and end."""
    ends = list(accumulate(map(len, jieba().cut(text))))
    return list(pairwise((0, *ends)))


def _swallowed(start: int, end: int, words: list[tuple[int, int]]) -> bool:
    """Whether a short name is a part of a longer word: 发热 of 发热量."""
    return any(begin <= start and end <= stop and stop - begin > end - start for begin, stop in words)


def _hides(other: Hit, hit: _Place, text: str) -> bool:
    """Whether a longer name of something else covers a phenotype's: 震颤 in 震颤麻痹, 糖尿病 in 糖尿病饮食."""
    start, end, _ = hit
    covers = other.start <= start and end <= other.end and other.end - other.start > end - start
    if not covers or other.senses[0].kind == "finding":
        return False
    rest = text[other.start : start] + text[end : other.end]
    return not (other.senses[0].kind == "disease" and _ENDINGS.fullmatch(rest))


def _meets(start: int, end: int, hits: Iterable[_Place]) -> bool:
    return any(s < end and start < e for s, e, _ in hits)


def _alone(text: str, start: int, end: int) -> bool:
    """A name in Latin letters is a word of its own: ADA is not in Canada."""
    before = start > 0 and _is_latin(text[start]) and _is_latin(text[start - 1])
    after = end < len(text) and _is_latin(text[end - 1]) and _is_latin(text[end])
    return not (before or after)


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _bearers(snapshot: Snapshot) -> dict[str, str]:
    """Folded name → phenotype. Of several the one whose own label it is, then the most general."""
    phenotypes = list(below(snapshot, ROOT))
    ranked: dict[str, tuple[int, int, str]] = {}
    for concept in phenotypes:
        ours = (word for ref in concept.codes for word in WORDS.get(ref.code, ()))
        _rank(ranked, snapshot, concept.id, ours, _OURS)
        _rank(ranked, snapshot, concept.id, (concept.name, concept.name_en), _LABEL)
        _rank(ranked, snapshot, concept.id, concept.synonyms, _SYNONYM)
    named = dict(ranked)
    for finding, phenotype in _meant(snapshot, phenotypes, named):
        _rank(ranked, snapshot, phenotype, (finding.name, finding.name_en), _OF_FINDING)
        _rank(ranked, snapshot, phenotype, finding.synonyms, _SYNONYM_OF_FINDING)
    return {name: best[2] for name, best in ranked.items()}


def _rank(
    ranked: dict[str, tuple[int, int, str]], snapshot: Snapshot, phenotype: str, names: Iterable[str], rank: int
) -> None:
    place = (rank, len(snapshot.ancestors(phenotype)), phenotype)
    for name in map(folded, names):
        if len(name) >= _SHORTEST and place < ranked.get(name, (rank + 1, 0, "")):
            ranked[name] = place


def below(snapshot: Snapshot, code: str) -> Iterator[Concept]:
    """Every phenotype below that of an HPO code, each once; nothing when the release does not hold it."""
    waiting = [c for c in snapshot.by_code("hpo", code) if c.kind is ConceptKind.PHENOTYPE]
    seen = {concept.id for concept in waiting}
    while waiting:
        for child in snapshot.children(waiting.pop().id):
            if child.id not in seen:
                seen.add(child.id)
                waiting.append(child)
                yield child


def _meant(
    snapshot: Snapshot, phenotypes: Iterable[Concept], named: dict[str, tuple[int, int, str]]
) -> Iterator[tuple[Concept, str]]:
    """Findings with the phenotype that each means."""
    coded: set[str] = set()
    for phenotype in phenotypes:
        for ref in phenotype.codes:
            for finding in snapshot.by_code(ref.system, ref.code):
                if finding.kind in _FINDINGS:
                    coded.add(finding.id)
                    yield finding, phenotype.id
    for finding_id in sorted({one.object for one in snapshot.saying(Predicate.HAS_FINDING, _Shown)} - coded):
        known = snapshot.concept(finding_id)
        names = (known.name, known.name_en) if known else ()
        phenotype_id = next((named[n][2] for n in map(folded, names) if n in named), "")
        if known is not None and phenotype_id:
            yield known, phenotype_id
