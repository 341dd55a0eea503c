"""Requests that indications must answer: the drug, given to somebody who has none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot


def _member(snapshot: Snapshot, concept_id: str) -> str:
    """The drug itself, or one ingredient below the class."""
    concept = snapshot.concept(concept_id)
    if concept is None or concept.kind is not ConceptKind.DRUG_CLASS:
        return concept_id
    return next(_member(snapshot, child.id) for child in snapshot.children(concept_id))


def _unindicated(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """The order under a diagnosis that only its bearer has: a visit for a check-up, or to be vaccinated."""
    routes = s.qualifiers.get("routes", ())
    drug = snapshot.name(_member(snapshot, s.subject))
    order = {"id": "order-1", "text": drug, "frequency": "bid", "days": 3, **({"route": routes[0]} if routes else {})}
    patient = {"id": "P-1", "conditions": [{"text": _stranger(s, snapshot)}], "medications": []}
    return {"visit": "outpatient", "patient": patient, "orders": [order]}


def _stranger(s: Statement, snapshot: Snapshot) -> str:
    """A diagnosis that no statement about the drug names."""
    drug = _member(snapshot, s.subject)
    objects = {t.object for t in snapshot.statements(Predicate.INDICATED_FOR, drug)}
    names = ("cosmetic", "callus", "cerumen", "health-check", "vaccination")
    return next(
        snapshot.name(f"disease:{name}")
        for name in names
        if objects.isdisjoint(snapshot.ancestors(f"disease:{name}"))
    )


REACH: dict[Predicate, tuple[str, Callable[[Statement, Snapshot], dict[str, Any]]]] = {
    Predicate.INDICATED_FOR: ("indication", _unindicated),
}
