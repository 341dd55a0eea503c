"""What a question leaves unsaid, from what was said before it: 它, 该药, 那孕妇呢, and the page it is asked from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from knowledge.model import ConceptKind
from nlp import cues
from nlp.lexicon import Lexicon

DRUG, DISEASE, OTHER = "drug", "disease", "other"
_KINDS: Final = {
    ConceptKind.INGREDIENT: DRUG,
    ConceptKind.DRUG_CLASS: DRUG,
    ConceptKind.PRODUCT: DRUG,
    ConceptKind.DISEASE: DISEASE,
    ConceptKind.LAB: OTHER,
    ConceptKind.EXAM: OTHER,
    ConceptKind.PROCEDURE: OTHER,
    ConceptKind.SYMPTOM: OTHER,
    ConceptKind.FINDING: OTHER,
}
_POPULATION: Final = re.compile(
    r"孕妇|孕期|[早中晚]孕|孕[早中晚]期|妊娠期?|怀孕|备孕|哺乳期?|产妇|儿童|小儿|新生儿|婴幼?儿|幼儿|老年人?|老人"
    r"|[肝肾]功能?(?:不全|异常|损害|减退|不好)?|透析|过敏"
)
"""Words that say of whom, not of what, something is asked."""
_OF_DRUG: Final = re.compile(r"[该此]药|这个?药|这种药|上述药物?|该品|本品")
_OF_DISEASE: Final = re.compile(r"[该此]病|这个?病|这种病|上述疾病|这种情况")
_NAMED_SO: Final = {DRUG: _OF_DRUG, DISEASE: _OF_DISEASE}
_OF_ANY: Final = re.compile(r"它|前者|后者|上述|这个|这种|(?<!尤)(?<!及)其(?![他它中实余次])")
_OPENING: Final = re.compile(
    r"^\s*(?:那么?|如果|要是|假如|还有|还[能要可需]|另外|以及|换成|改成|改用|此外|同时)|呢\s*[？?。.!！]*\s*$"
)
_WITH: Final = re.compile(
    r"合用|同服|同用|联用|联合|一起[吃用服]|相互作用|配伍|同时[吃用服]|^\s*(?:能|可以?)?[和与跟同]"
)
_MOST: Final = 3
_MOST_TURNS: Final = 20


class Turn(NamedTuple):
    """Something said before; ``role`` is user or assistant."""

    role: str
    text: str


class Resolved(NamedTuple):
    """A question that stands by itself: ``query`` is searched for, ``carried`` names what was added."""

    query: str
    carried: tuple[str, ...]


Topics = dict[str, tuple[str, ...]]
"""Kind → concepts that are spoken of."""


def resolved(
    question: str, turns: Sequence[Turn], lexicon: Lexicon, page: Mapping[str, str] | None = None
) -> Resolved:
    """A question with what it refers to. ``page``: drug and disease (concept ids) of the page it is asked from."""
    shown: Topics = {kind: (concept,) for kind, concept in (page or {}).items() if concept}
    before, asked = _before(turns[-_MOST_TURNS:], lexicon, shown)
    own = topics(question, lexicon)
    missing = _missing(question, own)
    carried = dict.fromkeys(one for kind in missing for one in before.get(kind, ()))
    carried |= dict.fromkeys(_shown(question, own, shown))
    if DRUG in missing and not before.get(DRUG) and _OF_DRUG.search(question):
        carried |= dict.fromkeys(_answered(turns, lexicon))
    names = tuple(lexicon.snapshot.name(one) for one in carried if one not in _flat(own))
    aspect = asked if missing and not cues.predicates(question) else ""
    return Resolved(" ".join(part for part in (question.strip(), *names, aspect) if part), names)


def topics(text: str, lexicon: Lexicon) -> Topics:
    """What a text speaks of, by kind, in order; of whom it speaks is no topic."""
    found: dict[str, dict[str, None]] = {}
    for hit in lexicon.matches(text):
        concept = lexicon.snapshot.concept(hit.concepts[0]) if hit.concepts else None
        if concept is not None and not _POPULATION.fullmatch(text[hit.start : hit.end]):
            found.setdefault(_KINDS.get(concept.kind, OTHER), {})[concept.id] = None
    return {kind: tuple(ids) for kind, ids in found.items()}


def _before(turns: Sequence[Turn], lexicon: Lexicon, page: Topics) -> tuple[Topics, str]:
    """What is spoken of after all earlier questions, and what the last of them asked, without its topics."""
    state, asked = dict(page), ""
    for turn in turns:
        if turn.role != "user":
            continue
        own = topics(turn.text, lexicon)
        state = state | own if _missing(turn.text, own) else own or state
        asked = _aspect(turn.text, lexicon) or asked
    return state, asked


def _aspect(text: str, lexicon: Lexicon) -> str:
    """What a question asks, without what it asks about; empty when it asks nothing that has a word."""
    if not cues.predicates(text):
        return ""
    for hit in reversed(lexicon.matches(text)):
        if not _POPULATION.fullmatch(text[hit.start : hit.end]):
            text = f"{text[: hit.start]} {text[hit.end :]}"
    return " ".join(text.split())


def _missing(question: str, own: Topics) -> set[str]:
    """Kinds of topics that a question leaves to what was said before."""
    kinds = {DRUG, DISEASE, OTHER} - own.keys()
    lone = _WITH.search(question) is not None and len(own.get(DRUG, ())) == 1
    if lone:
        return {DRUG}
    named = {kind for kind, word in _NAMED_SO.items() if kind in kinds and word.search(question)}
    if named:
        return named
    open_ = not own or _OPENING.search(question) or _OF_ANY.search(question)
    return kinds if open_ else set()


def _shown(question: str, own: Topics, page: Topics) -> Iterator[str]:
    """What the page is about, where the question names nothing of the kind, or something that goes with it."""
    for kind, ids in page.items():
        if kind not in own or (kind == DRUG and len(own[DRUG]) == 1 and _WITH.search(question)):
            yield from ids


def _answered(turns: Sequence[Turn], lexicon: Lexicon) -> tuple[str, ...]:
    """Drugs that the last answer named first."""
    last = next((turn.text for turn in reversed(turns) if turn.role != "user"), "")
    return topics(last, lexicon).get(DRUG, ())[:_MOST]


def _flat(found: Topics) -> set[str]:
    return {one for ids in found.values() for one in ids}
