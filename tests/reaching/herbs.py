"""Requests that each row about herbs must answer: a pair in one prescription, too many grams, a herb swallowed
that must not be, a pregnancy, or two sources of one group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from knowledge.model import Concept, ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot

_FAMILY = "tcm-incompatibility"
_MAN = {"id": "P", "sex": "男", "birthDate": "1970-01-01", "medications": []}
_PREGNANT = {
    "id": "P",
    "sex": "女",
    "birthDate": "1995-01-01",
    "medications": [],
    "pregnancy": {"pregnant": True, "gestationalDays": 84},
}


def _members(snapshot: Snapshot, concept: str) -> Iterator[Concept]:
    """A herb or product itself, or what stands under a class at any depth."""
    known = snapshot.concept(concept)
    if known is not None and known.kind is not ConceptKind.DRUG_CLASS:
        yield known
    for child in snapshot.children(concept):
        yield from _members(snapshot, child.id)


def _order(number: int, name: str, grams: float = 1.0, **more: Any) -> dict[str, Any]:
    about = {"dose": grams, "unit": "g", "route": "口服", "frequency": "qd"}
    return {"id": f"o{number}", "text": name, **about, **more}


def _pair(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    first, second = (next(_members(snapshot, side)) for side in (s.subject, s.object))
    return {"patient": _MAN, "orders": [_order(1, first.name), _order(2, second.name)]}


def _limit(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    if "allowed_count" in s.qualifiers:
        return _group(s, snapshot)
    grams = s.qualifiers.get("daily_max", 1.0) * 3
    patient = _MAN if "daily_max" in s.qualifiers or "by_mouth" in s.qualifiers else _PREGNANT
    return {"patient": patient, "orders": [_order(1, snapshot.name(s.subject), grams)]}


def _group(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """Members from several sources: patent medicines, or pieces of prescriptions at different times."""
    some = list({c.id: c for c in _members(snapshot, s.subject)}.values())[: s.qualifiers["allowed_count"] + 1]
    orders = [_order(n, c.name, group=str(n)) for n, c in enumerate(some, 1)]
    return {"patient": _MAN, "orders": orders}


REACH: dict[Predicate, tuple[str, Callable[[Statement, Snapshot], dict[str, Any]]]] = {
    Predicate.HERB_INCOMPATIBLE: (_FAMILY, _pair),
    Predicate.HERB_LIMIT: (_FAMILY, _limit),
}
