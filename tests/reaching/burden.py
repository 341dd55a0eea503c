"""Requests that cumulative risks, food, disturbed tests and washouts must answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from clinical.administration import route_among
from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from tests.reaching import said

TODAY = "2026-11-24"
YESTERDAY = "2026-11-23"


def _members(snapshot: Snapshot, concept: str) -> Iterator[str]:
    """The ingredient itself, or every ingredient of a class."""
    known = snapshot.concept(concept)
    if known is not None and known.kind is ConceptKind.INGREDIENT:
        yield concept
    for child in snapshot.children(concept):
        yield from _members(snapshot, child.id)


def _of(s: Statement, snapshot: Snapshot, field: str = "") -> str:
    """A member of the subject of whom this statement is what is said most closely."""
    for member in _members(snapshot, s.subject):
        rivals = [
            r
            for r in snapshot.statements(s.predicate, member)
            if not field or r.qualifiers[field] == s.qualifiers[field]
        ]
        fit = [r for r in rivals if not r.qualifiers.get("routes") or _shared(r, s)]
        if fit and fit[0].id == s.id:
            return member
    return next(_members(snapshot, s.subject))


def _shared(r: Statement, s: Statement) -> bool:
    return route_among(_route(s), r.qualifiers["routes"]) if _route(s) else True


def _route(s: Statement) -> str:
    return str(s.qualifiers["routes"][0]) if s.qualifiers.get("routes") else ""


def _drug(number: int, snapshot: Snapshot, concept: str, route: str = "", **more: Any) -> dict[str, Any]:
    made = {"id": f"o{number}", "text": snapshot.name(concept), **more}
    return made | ({"route": route} if route else {})


def _patient(**known: Any) -> dict[str, Any]:
    return {"id": "p", "medications": [], "conditions": [], "observations": [], **known}


def _burden(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """The drug with the four strongest others of the same burden."""
    same = [r for r in said(snapshot, s.predicate) if r.id != s.id]
    same = [r for r in same if r.qualifiers["burden"] == s.qualifiers["burden"]]
    others = sorted(same, key=lambda r: -r.qualifiers["points"])[:4]
    orders = [_drug(n, snapshot, _of(r, snapshot, "burden"), _route(r)) for n, r in enumerate((s, *others), 1)]
    return {"patient": _patient(), "orders": orders}


def _food(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    order = _drug(1, snapshot, _of(s, snapshot, "food"), _route(s))
    return {"patient": _patient(), "orders": [order], "stage": "medication-verify"}


def _lab(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    test = {"id": "o2", "kind": "lab", "text": snapshot.name(s.object)}
    return {"patient": _patient(), "orders": [_drug(1, snapshot, _of(s, snapshot), _route(s)), test]}


def _washout(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """Stopped yesterday, started the same day."""
    pairs = ((a, b) for b in _members(snapshot, s.object) for a in _members(snapshot, s.subject) if a != b)
    stopped, started = next((a, b) for a, b in pairs if _decides(s, snapshot, a, b))
    past = _drug(9, snapshot, stopped, _route(s), stop=YESTERDAY)
    return {"patient": _patient(medications=[past]), "orders": [_drug(1, snapshot, started, start=YESTERDAY)]}


def _decides(s: Statement, snapshot: Snapshot, stopped: str, started: str) -> bool:
    lineage = snapshot.ancestors(started)
    fit = [r for r in snapshot.statements(Predicate.WASHOUT, stopped) if r.object in lineage]
    weight = max((r.subject == stopped, r.object == started, r.qualifiers["wait"]) for r in fit)
    return weight == (s.subject == stopped, s.object == started, s.qualifiers["wait"])


REACH: dict[Predicate, tuple[str, Callable[[Statement, Snapshot], dict[str, Any]]]] = {
    Predicate.BURDEN: ("burden", _burden),
    Predicate.DRUG_FOOD: ("drug-food", _food),
    Predicate.LAB_INTERFERENCE: ("lab-interference", _lab),
    Predicate.WASHOUT: ("washout", _washout),
}
