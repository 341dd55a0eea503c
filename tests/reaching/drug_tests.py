"""Requests that rows about test results, genes and courses must answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot

_YESTERDAY = "2026-11-24T00:00:00+08:00"
_DAYS_A_YEAR = 365.25
Reach = tuple[str, Callable[[Statement, Snapshot], dict[str, Any]]]


def _ingredient(s: Statement, snapshot: Snapshot) -> str:
    """The subject, or a member of the class that has no row of its own that would be told first."""
    found = sorted(_members(s.subject, snapshot)) or [s.subject]  # a product has none
    free = [c for c in found if not _own(s, c, snapshot)]
    return snapshot.name((free or found)[0])


def _members(concept_id: str, snapshot: Snapshot) -> set[str]:
    concept = snapshot.concept(concept_id)
    if concept is not None and concept.kind is ConceptKind.INGREDIENT:
        return {concept_id}
    return {m for child in snapshot.children(concept_id) for m in _members(child.id, snapshot)}


def _own(s: Statement, concept_id: str, snapshot: Snapshot) -> bool:
    said = snapshot.statements(s.predicate, concept_id)
    return any(other.id != s.id and other.object == s.object for other in said)


def _order(s: Statement, snapshot: Snapshot, **more: Any) -> dict[str, Any]:
    q = s.qualifiers
    order = {"id": "order-1", "text": _ingredient(s, snapshot), **more}
    if q.get("routes"):
        order["route"] = q["routes"][0]
    return order


def _born(s: Statement) -> str:
    q = s.qualifiers
    years = (q.get("age_min", 0) / _DAYS_A_YEAR + 1) if "age_min" in q else 0.9 if "age_max" in q else 40.0
    return f"{2026 - int(years) - (1 if years < 1 else 0)}-12-20" if years < 1 else f"{2026 - int(years)}-01-01"


def _request(s: Statement, orders: list[dict[str, Any]], **patient: Any) -> dict[str, Any]:
    about = {"id": "P-1", "sex": "女", "birthDate": _born(s), "conditions": [], "medications": [], "observations": []}
    return {"patient": {**about, **patient}, "orders": orders, "visit": "outpatient"}


def _result(s: Statement, snapshot: Snapshot, value: float | str, unit: str = "") -> dict[str, Any]:
    return {"text": snapshot.name(s.object), "value": value, "unit": unit, "time": _YESTERDAY}


def _lab_limit(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    q = s.qualifiers
    limit = q["value"] if "value" in q else q["times_uln"] * _upper(s, snapshot)
    value = limit if q["comparison"] in (">=", "<=") else limit * (1.001 if q["comparison"] == ">" else 0.999)
    order = _order(s, snapshot)
    taken = [] if q.get("starting") else [{**order, "id": "active-1", "start": "2026-11-01"}]
    return _request(s, [order], medications=taken, observations=[_result(s, snapshot, value, q["unit"])])


def _upper(s: Statement, snapshot: Snapshot) -> float:
    """The upper reference limit of an adult woman, in the row's unit as ranges are."""
    ranges = snapshot.statements(Predicate.REFERENCE_RANGE, s.object)
    fitting = (r.qualifiers for r in ranges if r.qualifiers.get("sex", "female") == "female")
    adult = [q for q in fitting if "high" in q and q.get("age_min", 0) <= 40 * _DAYS_A_YEAR < q.get("age_max", 1e9)]
    return float(adult[0]["high"])


def _lab_needed(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    order = _order(s, snapshot)
    taken = [{**order, "id": "active-1", "start": "2023-01-01"}] if s.qualifiers["when"] == "during" else []
    return _request(s, [order], medications=taken)


def _gene(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    return _request(s, [_order(s, snapshot)], observations=[_result(s, snapshot, s.qualifiers["results"][0])])


def _duration(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    q = s.qualifiers
    days = q["max_days"] + 1 if "max_days" in q else q["min_days"] - 1
    conditions = [{"text": snapshot.name(s.object)}] if s.object else []
    order = _order(s, snapshot, days=days, dose=1, unit="片", frequency="bid")
    return _request(s, [order], conditions=conditions)


REACH: dict[Predicate, Reach] = {
    Predicate.LAB_LIMIT: ("lab-based", _lab_limit),
    Predicate.LAB_NEEDED: ("lab-based", _lab_needed),
    Predicate.PHARMACOGENOMIC: ("pharmacogenomics", _gene),
    Predicate.DURATION_LIMIT: ("duration", _duration),
}
