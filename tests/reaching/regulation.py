"""Requests that each row of the tables about law, high-alert drugs and insurance must answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from clinical.administration import ROUTE_OF_FORM
from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot

Request = dict[str, Any]


def _ingredient(snapshot: Snapshot, concept: str) -> str:
    """The concept itself, or the first ingredient below a class."""
    known = snapshot.concept(concept)
    if known is None or known.kind is not ConceptKind.DRUG_CLASS:
        return concept
    return next((_ingredient(snapshot, child.id) for child in snapshot.children(concept)), concept)


def _order(s: Statement, snapshot: Snapshot, **given: Any) -> Request:
    """An order of the drug in a form and by a route that the row speaks of."""
    q = s.qualifiers
    concept = _ingredient(snapshot, s.subject)
    made = (snapshot.concept(concept) or snapshot.concept(s.subject)).attributes.get("forms", ())
    form = next(iter((*q.get("forms", ()), *made)), "")
    routes = [*q.get("routes", ()), ROUTE_OF_FORM.get(form, ""), "静脉滴注" if form == "注射剂" else "口服"]
    route = next(route for route in routes if route)
    text = snapshot.name(concept)
    return {
        "id": "o1",
        "text": text,
        "form": form,
        "route": route,
        "dose": 1,
        "unit": "mg",
        "frequency": "tid",
        **given,
    }


def _controlled(s: Statement, snapshot: Snapshot) -> Request:
    conditions = [{"text": snapshot.name(s.object)}] if s.object else []
    return {
        "patient": {"id": "p", "conditions": conditions},
        "orders": [_order(s, snapshot, days=60)],
        "visit": "outpatient",
        "prescriber": {"title": "主治医师", "controlled": True},
    }


def _high_alert(s: Statement, snapshot: Snapshot) -> Request:
    given = {"unit": "IU", "rate": 5, "rateUnit": "mL/h"}
    return {"patient": {"id": "p"}, "orders": [_order(s, snapshot, **given)], "stage": "medication-verify"}


def _insurance(s: Statement, snapshot: Snapshot) -> Request:
    """A patient who meets none of the limits that a row can state."""
    q = s.qualifiers
    old = q.get("age_min", 0) < 18 * 365
    return {
        "patient": {
            "id": "p",
            "sex": "女" if q.get("sex") == "male" else "男",
            "birthDate": "1950-01-01" if old else "2025-01-01",
            "conditions": [],
        },
        "orders": [_order(s, snapshot, days=400)],
        "visit": "outpatient" if q.get("visit") == "inpatient" else "inpatient",
        "institutionLevel": max(1, q.get("grade_min", 1) - 1),
        "insurance": "居民医保",
    }


REACH: Final[dict[Predicate, tuple[str, Callable[[Statement, Snapshot], Request]]]] = {
    Predicate.CONTROLLED: ("controlled-substance", _controlled),
    Predicate.HIGH_ALERT: ("high-alert", _high_alert),
    Predicate.INSURANCE_LIMIT: ("insurance-limit", _insurance),
}
