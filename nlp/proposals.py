"""Drugs that a sentence proposes or a question names, with how they are to be taken as far as it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from clinical.coded import Coded
from clinical.order import Dosage, Order, OrderKind, OrderStatus
from knowledge.model import ConceptKind
from nlp.answer_checks import forbids
from nlp.assertion import Assertion
from nlp.context import dosage_of
from nlp.facts import read
from nlp.lexicon import Lexicon

_DRUGS: Final = frozenset({ConceptKind.INGREDIENT, ConceptKind.PRODUCT})
_BESIDE: Final = ("合用", "同用", "同服", "联用", "相互作用", "过敏", "配伍", "换自", "停用")
"""Words of sentences that speak of drugs without proposing any."""
_SAID: Final = frozenset({Assertion.PRESENT, Assertion.POSSIBLE, Assertion.HYPOTHETICAL})
_MOST: Final = 6


class Proposal(NamedTuple):
    """A drug by name, and its dosage as far as it is said."""

    name: str
    dosage: Dosage

    def order(self, status: OrderStatus = OrderStatus.DRAFT) -> Order:
        """As an order."""
        return Order(f"answer/{self.name}", OrderKind.DRUG, Coded(self.name), status, dosage=self.dosage)


def proposals(text: str, lexicon: Lexicon) -> list[Proposal]:
    """Drugs of a sentence that does not speak against them."""
    if forbids(text) or any(word in text for word in _BESIDE):
        return []
    return named(text, lexicon)


def named(text: str, lexicon: Lexicon) -> list[Proposal]:
    """All drugs of a text."""
    return list(dict.fromkeys(_drugs(text, lexicon)))[:_MOST]


def _drugs(text: str, lexicon: Lexicon) -> Iterator[Proposal]:
    for fact in read(text, lexicon):
        concept = lexicon.snapshot.concept(fact.concept) if fact.kind == "drug" else None
        if concept is not None and concept.kind in _DRUGS and fact.assertion in _SAID:
            yield Proposal(concept.name, dosage_of(fact))
