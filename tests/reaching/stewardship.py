"""Requests that a grade, an organism, a row of prophylaxis or a skin test must answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot

Make = Callable[[Statement, Snapshot], dict[str, Any] | Iterator[dict[str, Any]]]
_ROUTES = {"静脉给药": "静脉滴注"}


def _members(snapshot: Snapshot, concept: str) -> Iterator[str]:
    """Ingredients and compounds of a concept: itself, or what is below a class."""
    known = snapshot.concept(concept)
    if known is not None and known.kind is not ConceptKind.DRUG_CLASS:
        yield concept
        return
    for child in snapshot.children(concept):
        yield from _members(snapshot, child.id)


def _drug(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """An order of the subject by a route the statement holds for."""
    asked = [_ROUTES.get(route, route) for route in s.qualifiers.get("routes", ())]
    for member in _members(snapshot, s.subject):
        concept = snapshot.concept(member)
        own = [] if concept is None else list(concept.attributes.get("routes", ()))
        fit = [r for r in asked if r in own] if own and asked else asked or own
        if fit:
            return {"id": "O-1", "text": snapshot.name(member), "route": fit[0], "frequency": "q12h", "days": 1}
    return {"id": "O-1", "text": snapshot.name(s.subject), "route": (asked or ["静脉滴注"])[0], "frequency": "q12h"}


def _grade(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """An inpatient whose doctor may prescribe no antimicrobial at all."""
    order = _drug(s, snapshot)
    forms = s.qualifiers.get("forms")
    return {
        "visit": "inpatient",
        "prescriber": {"title": "住院医师", "antimicrobial": "none"},
        "patient": {"id": "P-1", "conditions": [{"text": "肺炎"}], "allergies": [], "medications": []},
        "orders": [{**order, "form": forms[0]} if forms else order],
    }


def _prophylaxis(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """A week of cefazolin around the operation in a young and otherwise healthy patient."""
    drug = {"id": "O-1", "text": "注射用头孢唑林钠", "route": "静脉滴注", "frequency": "q8h", "days": 14}
    return {
        "visit": "inpatient",
        "prescriber": {"title": "主任医师"},
        "patient": {"id": "P-1", "birthDate": "1990-01-01", "conditions": [], "allergies": [], "medications": []},
        "orders": [
            {**drug, "purpose": "prophylaxis"},
            {"id": "O-2", "kind": "procedure", "text": snapshot.name(s.subject)},
        ],
    }


def _skin_test(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """A first order of the drug with no test on record."""
    known = {"allergies": [], "observations": [], "medications": [], "reports": []}
    return {"patient": {"id": "P-1", **known}, "orders": [_drug(s, snapshot)]}


def _organism(s: Statement, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """The drug, or one of its class that is not spared, against each way in which the organism is written."""
    spared = {c.id for name in s.qualifiers.get("spared", ()) for c in snapshot.by_name(name)}
    drug = next(m for m in _members(snapshot, s.subject) if spared.isdisjoint(snapshot.ancestors(m)))
    order = {"id": "O-1", "text": snapshot.name(drug), "route": "静脉滴注", "frequency": "q12h", "days": 3}
    for written in s.qualifiers["written"]:
        report = {"text": "细菌培养", "conclusion": written, "time": "2026-11-23T08:00:00+08:00"}
        patient = {"id": "P-1", "conditions": [{"text": "败血症"}], "medications": [], "reports": [report]}
        yield {"patient": patient, "orders": [{**order, "purpose": "treatment"}]}


REACH: dict[Predicate, tuple[str, Make]] = {
    Predicate.ANTIMICROBIAL_GRADE: ("antimicrobial-stewardship", _grade),
    Predicate.ORGANISM_RESISTANCE: ("antimicrobial-stewardship", _organism),
    Predicate.PROPHYLAXIS: ("antimicrobial-stewardship", _prophylaxis),
    Predicate.SKIN_TEST: ("skin-test", _skin_test),
}
