"""What a question speaks of: concepts by any of their names (in pinyin too), and kinds of knowledge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.model import ConceptKind, Predicate
from knowledge.snapshot import Snapshot
from nlp import cues
from nlp.lexicon import Lexicon
from nlp.senses import folded
from nlp.sentences import heading
from nlp.spelling import Spellings
from nlp.tokens import asked

_LATIN: Final = re.compile(r"[a-z][a-z0-9\-]*")
_UNITS: Final = frozenset("mg ml kg ug mcg iu min mmol meq".split())
"""Units that some concept is called, too."""
DRUGS: Final = frozenset({ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT})
_TESTED: Final = re.compile(r"(.+)皮试阳性")
_MOST_BEARERS: Final = 6
_LONGEST: Final = 500
"""Characters of a question that are looked at."""
_Span = tuple[int, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a question that name concepts: those named, and the classes they belong to. ``cue``: the words also
    tell what is asked for (孕妇, 皮试), so that they need not be what a passage is about."""

    text: str
    concepts: tuple[str, ...]
    classes: tuple[str, ...]
    cue: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question understood. ``tokens`` are searched in the text; ``rewritten`` is it with preferred names and
    Chinese words for what stands in pinyin or English; ``sense`` is that with the headings of what is asked for;
    ``letters`` are Latin words that may be pinyin."""

    text: str
    rewritten: str
    sense: str
    tokens: tuple[str, ...]
    letters: tuple[str, ...]
    mentions: tuple[Mention, ...]
    predicates: dict[Predicate, float]


def understood(text: str, snapshot: Snapshot, lexicon: Lexicon, spellings: Spellings) -> Question:
    """What a question speaks of and asks for."""
    text = text[:_LONGEST].strip()
    spans = _spans(text, lexicon)
    named = [(text[start:end], ids) for start, end, ids in spans]
    if len(named) == 1:
        named = [(said, _tested(said, snapshot, lexicon) or ids) for said, ids in named]
    letters = list(_letters(text, spans))
    meant = [word for token in _LATIN.findall(folded(text)) if (word := cues.in_chinese(token))]
    named += [(token, spellings.spelled(token)) for token in letters if not cues.in_chinese(token)]
    mentions = tuple(_mention(said, ids[:_MOST_BEARERS], snapshot) for said, ids in named if ids)
    rewritten = " ".join(dict.fromkeys((text, *meant, *(snapshot.name(one.concepts[0]) for one in mentions))))
    asks = cues.predicates(" ".join((text, *meant)))
    sense = " ".join((rewritten, *(heading(predicate) for predicate, weight in asks.items() if weight == 1)))
    return Question(text, rewritten, sense, tuple(asked(rewritten)), tuple(letters), mentions, asks)


def _spans(text: str, lexicon: Lexicon) -> list[_Span]:
    """Names in a question and words of the ward; of two that overlap the longer, and a name before such a word."""
    names = [(hit.start, hit.end, hit.concepts) for hit in lexicon.matches(text)]
    words = [(start, end, lexicon.exact(name)) for start, end, name in cues.ward_words(text)]
    kept: list[_Span] = []
    for one in sorted((*names, *words), key=lambda span: span[0] - span[1]):
        if (
            one[2]
            and folded(text[one[0] : one[1]]) not in _UNITS
            and not any(one[0] < end and start < one[1] for start, end, _ in kept)
        ):
            kept.append(one)
    return sorted(kept)


def _tested(said: str, snapshot: Snapshot, lexicon: Lexicon) -> tuple[str, ...]:
    """The drug and the test of a positive skin test (TAT皮试阳性), whose name stands for allergens; nothing where no
    drug is called so."""
    match = _TESTED.fullmatch(said)
    drugs = [one for one in lexicon.exact(match[1]) if _kind(one, snapshot) in DRUGS] if match else []
    return (*drugs, *lexicon.exact(f"{match[1]}皮试")) if match and drugs else ()


def _kind(concept: str, snapshot: Snapshot) -> ConceptKind | None:
    known = snapshot.concept(concept)
    return None if known is None else known.kind


def _letters(text: str, spans: Sequence[_Span]) -> Iterator[str]:
    """Latin words outside of names."""
    for found in _LATIN.finditer(folded(text)):
        if not any(start < found.end() and found.start() < end for start, end, _ in spans):
            yield found[0]


def is_drug(mention: Mention, snapshot: Snapshot) -> bool:
    """Whether words name a drug or a class of drugs."""
    return _kind(mention.concepts[0], snapshot) in DRUGS


def _mention(said: str, ids: Sequence[str], snapshot: Snapshot) -> Mention:
    """With a product its ingredients are meant too."""
    concepts = dict.fromkeys(ids)
    for id_ in ids:
        concept = snapshot.concept(id_)
        if concept is not None and concept.kind is ConceptKind.PRODUCT:
            concepts.update((s.object, None) for s in snapshot.statements(Predicate.CONTAINS, id_))
    above = (parent for id_ in concepts for parent in snapshot.lineage[id_])
    classes = tuple(dict.fromkeys(one for one in above if one not in concepts))
    return Mention(said, tuple(concepts), classes, bool(cues.predicates(said)))
