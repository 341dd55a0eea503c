"""What a name in a row means: the concepts it may stand for, the rules by which one of several is meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import structs

from knowledge.model import Concept, ConceptKind, Statement, Status
from knowledge.naming import normal_name
from knowledge.store import Store

GROUPS: Final[dict[str, frozenset[ConceptKind]]] = {
    "drug": frozenset({ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT}),
    "disease": frozenset({ConceptKind.DISEASE}),
    "lab": frozenset({ConceptKind.LAB}),
    "exam": frozenset({ConceptKind.EXAM}),
    "check": frozenset({ConceptKind.EXAM, ConceptKind.LAB}),
    "allergy": frozenset({ConceptKind.ALLERGEN, ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS}),
    "symptom": frozenset({ConceptKind.SYMPTOM}),
    "finding": frozenset({ConceptKind.SYMPTOM, ConceptKind.FINDING}),
    "food": frozenset({ConceptKind.FOOD}),
    "department": frozenset({ConceptKind.DEPARTMENT}),
    "service": frozenset({ConceptKind.SERVICE, ConceptKind.PROCEDURE}),
    "procedure": frozenset({ConceptKind.PROCEDURE}),
    "blood": frozenset({ConceptKind.BLOOD_PRODUCT}),
    "item": frozenset({ConceptKind.EXAM, ConceptKind.LAB, ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS}),
    "any": frozenset(ConceptKind),
}


class ReferralError(ValueError):
    """A name that means nothing, or several things; the message says what to write."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def meant(group: str, found: Mapping[str, str], preferred: Iterable[str]) -> list[str]:
    """Of concepts (id → kind) that carry a name, those that a column of a group may mean by it: one, when it is
    clear. ``preferred`` are those of which it is the preferred name."""
    fitting = {one: kind for one, kind in found.items() if kind in GROUPS[group]}
    if group == "allergy" and ConceptKind.ALLERGEN in fitting.values():
        fitting = {one: kind for one, kind in fitting.items() if kind == ConceptKind.ALLERGEN}
    first = [one for one in preferred if one in fitting] if len(fitting) > 1 else []
    matching = sorted(first or fitting)
    ingredients = [one for one in matching if fitting[one] == ConceptKind.INGREDIENT]
    # A drug named without its form means the ingredient, not a product that is called the same.
    return ingredients if len(matching) > 1 and len(ingredients) == 1 else matching


def why_not(text: str, found: list[str]) -> str:
    """What to tell of a reference that does not lead to one concept."""
    if not text.startswith("?"):
        return f"没有概念 {text}，请先载入定义它的来源"
    name = text.partition(":")[2]
    if found:
        return f"“{name}”对应多个概念（{'、'.join(found[:5])}），请写准确的首选名称"
    return f"“{name}”不是已知概念的名称，请改正，或先在名称表中登记"


class References:
    """Names of a few rows, looked up at once; ``new`` are concepts that the same rows define."""

    def __init__(self, store: Store, statements: Iterable[Statement], new: Iterable[Concept] = ()) -> None:
        places = {place for s in statements for place in (s.subject, s.object) if place}
        asked = {place.partition(":")[2] for place in places if place.startswith("?")}
        named = store.named(asked)
        ids = {one for found in named.values() for one, _ in found} | {p for p in places if not p.startswith("?")}
        heads = store.many(("concept", one) for one in ids)
        live = [h.record for h in heads.values() if h.status is not Status.RETIRED]
        self._known: dict[str, Concept] = {c.id: c for c in live if isinstance(c, Concept)} | {c.id: c for c in new}
        self._by_name: dict[str, dict[str, str]] = {}
        for concept in self._known.values():
            for name in {normal_name(n) for n in concept.names()}:
                self._by_name.setdefault(name, {})[concept.id] = concept.kind.value

    def resolved(self, statement: Statement) -> Statement:
        """The statement about concepts instead of names. Raises ``ReferralError``."""
        subject = self.concept(statement.subject)
        return structs.replace(
            statement, subject=subject, object=self.concept(statement.object) if statement.object else ""
        )

    def concept(self, text: str) -> str:
        """Id of the concept that a reference (``?drug:华法林``, or an id) means. Raises ``ReferralError``."""
        if not text.startswith("?"):
            if text in self._known:
                return text
            raise ReferralError(text, why_not(text, []))
        group, _, name = text[1:].partition(":")
        wanted = normal_name(name)
        found = self._by_name.get(wanted, {})
        matching = meant(group, found, (i for i in found if normal_name(self._known[i].name) == wanted))
        if len(matching) != 1:
            raise ReferralError(name, why_not(text, matching))
        return matching[0]


def namesakes(store: Store, concepts: Iterable[Concept]) -> dict[str, str]:
    """Of new concepts, by id: another one of the same kind that is called the same."""
    given = list(concepts)
    named = store.named(c.name for c in given)
    rivals = {c.id: [i for i, kind in named.get(normal_name(c.name), []) if kind == c.kind] for c in given}
    heads = store.many(("concept", i) for found in rivals.values() for i in found)
    live = {key[1] for key, head in heads.items() if head.status is not Status.RETIRED}
    return {one: other for one, found in rivals.items() for other in found if other != one and other in live}
