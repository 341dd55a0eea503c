"""What a sentence of a model must pass before it is shown: it cites, what it cites exists, and the cited passages
hold what it says, as far as that can be told without understanding it.

Told are: amounts and frequencies (of a drug, in a passage about that drug), other numbers, names of drugs and
diseases, whether something may or must not be done, and how much of its words the passages share. Nothing that tells
who a patient is passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.model import ConceptKind
from nlp import amounts, identifiers
from nlp.answer_text import Said
from nlp.lexicon import Lexicon
from nlp.passages import Passage
from nlp.questions import DRUGS
from nlp.tokens import jieba

_NAMED: Final = DRUGS | {ConceptKind.DISEASE, ConceptKind.PROCEDURE}
"""Kinds whose names a sentence may not bring along."""
_FORBIDS: Final = re.compile(
    r"禁用|禁忌|禁止|忌用|严禁|不[可能宜得应要](?!缺少)|不推荐|不建议|不适合|避免|慎用|停用|停药|暂停|勿|不用|不作"
    r"|严重风险|一般风险"
)
_ALLOWS: Final = re.compile(
    r"(?<![不非未])(?:可以|可用|可选|可予|可给|可继续|能用|能够|安全|无需|不必|不须|首选|推荐|建议使用|适用|允许|放心"
    r"|无影响|无禁忌)"
)
_CLAUSE: Final = re.compile(r"[，,；;。：:！!？?（()）\n]")
_REFUSALS: Final = re.compile(
    r"(?:不|未|没有?|无法|暂无|缺乏).{0,8}(?:提及|说明|提供|涉及|记载|包含|资料|信息|依据)|资料不足"
)
_LEAST_SHARED: Final = 0.5
_SHORTEST: Final = 2
_UNCITED, _MISSING, _NUMBERS, _DOSE_OF, _NAMES, _SENSE, _WORDS, _PRIVATE = (
    *("未标注出处", "所引编号不存在", "数值在所引资料中查不到", "剂量不在该药的资料中"),
    *("提到了所引资料没有的药品或疾病", "与所引资料的允许或禁止相反", "与所引资料的内容不符", "含有可识别身份的信息"),
)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence that is not shown, and why; of its text nothing is kept but the amounts that nothing holds."""

    reason: str
    detail: str = ""


class Checks:
    """Checks sentences against numbered passages. ``aside`` is what was said of the patient and asked; ``hidden`` are
    words that must not be told."""

    def __init__(
        self,
        passages: Mapping[int, Passage],
        lexicon: Lexicon,
        aside: Sequence[str],
        hidden: Iterable[str] = (),
    ) -> None:
        self._passages, self._lexicon, self._snapshot = passages, lexicon, lexicon.snapshot
        self._aside, self._hidden = tuple(aside), tuple(hidden)
        self._known = {one for text in aside for one in self._names(text)}

    def fault(self, said: Said) -> Dropped | None:
        """Why a sentence may not be shown; None when it may."""
        if identifiers.told(said.text, self._hidden):
            return Dropped(_PRIVATE)
        if not said.cites:
            return Dropped(_UNCITED)
        lost = [number for number in said.cites if number not in self._passages]
        if lost:
            return Dropped(_MISSING, "、".join(f"[{number}]" for number in lost))
        cited = [self._passages[number] for number in said.cites]
        return self._unfounded(said.text, cited)

    def _unfounded(self, text: str, cited: Sequence[Passage]) -> Dropped | None:
        sources = [_whole(passage) for passage in cited]
        missing = amounts.unfounded(text, sources, self._aside)
        if missing:
            return Dropped(_NUMBERS, "、".join(missing[:5]))
        if not self._doses_fit(text, cited, sources):
            return Dropped(_DOSE_OF)
        if self._brought_along(text, cited, sources):
            return Dropped(_NAMES)
        if _contradicts(text, sources):
            return Dropped(_SENSE)
        if _shared(text, [*sources, *self._aside]) < _LEAST_SHARED:
            return Dropped(_WORDS)
        return None

    def _doses_fit(self, text: str, cited: Sequence[Passage], sources: Sequence[str]) -> bool:
        """Whether each dose stands in a passage about a drug that the sentence names, where it names one."""
        doses = amounts.doses(text)
        drugs = self._drugs(text)
        if not doses or not drugs:
            return True
        held = [_about(passage) | self._drugs(source) for passage, source in zip(cited, sources, strict=True)]
        fits = [any(self._is_kind(drug, ids) for drug in drugs) for ids in held]
        of_drugs = [source for source, fit in zip(sources, fits, strict=True) if fit]
        return not amounts.unfounded(text, of_drugs, self._aside)

    def _brought_along(self, text: str, cited: Sequence[Passage], sources: Sequence[str]) -> bool:
        """Whether a sentence names a drug, disease or operation that neither its passages nor the question do."""
        held = {one for p in cited for one in _about(p)} | {one for s in sources for one in self._names(s)}
        return any(not self._is_kind(one, held | self._known) for one in self._names(text))

    def _is_kind(self, concept: str, held: Iterable[str]) -> bool:
        """Whether a concept is held, or one it is a kind of, or a kind of it."""
        mine = self._snapshot.lineage[concept]
        return any(one in mine or concept in self._snapshot.lineage[one] for one in held)

    def _names(self, text: str) -> set[str]:
        return {one for one in self._concepts(text) if self._kind(one) in _NAMED}

    def _drugs(self, text: str) -> set[str]:
        return {one for one in self._concepts(text) if self._kind(one) in DRUGS}

    def _concepts(self, text: str) -> Iterable[str]:
        return (hit.concepts[0] for hit in self._lexicon.matches(text) if hit.concepts)

    def _kind(self, concept: str) -> ConceptKind | None:
        known = self._snapshot.concept(concept)
        return None if known is None else known.kind


def is_refusal(text: str) -> bool:
    """Whether a sentence says that the passages say nothing of it."""
    return _has(_REFUSALS, text)


def forbids(text: str) -> bool:
    """Whether a sentence speaks against what it names."""
    return _has(_FORBIDS, text)


def _about(passage: Passage) -> set[str]:
    return {passage.concept, *passage.objects}


def _whole(passage: Passage) -> str:
    return f"{passage.title}。{passage.text}"


def _contradicts(text: str, sources: Sequence[str]) -> bool:
    """Whether it allows something, clause by clause, where the sources only forbid, or forbids where none does."""
    clauses, held = _CLAUSE.split(text), [part for source in sources for part in _CLAUSE.split(source)]
    forbidden = any(_has(_FORBIDS, part) for part in held)
    if any(map(_only_allows, clauses)) and forbidden and not any(map(_only_allows, held)):
        return True
    return any(_has(_FORBIDS, part) for part in clauses) and not forbidden


def _only_allows(clause: str) -> bool:
    return _has(_ALLOWS, clause) and not _has(_FORBIDS, clause)


def _has(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(text) is not None


def _shared(text: str, sources: Sequence[str]) -> float:
    """Share of a sentence's words, by length, that stand in the sources."""
    words = [word for word in jieba().cut(text) if len(word) >= _SHORTEST and any(c.isalpha() for c in word)]
    whole = sum(map(len, words))
    joined = "\n".join(sources)
    return sum(len(word) for word in words if word in joined) / whole if whole else 1.0
