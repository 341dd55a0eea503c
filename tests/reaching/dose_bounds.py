"""Requests that marks of doses and drugs that call for others must answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot

_NOW = "2026-11-24T08:00:00+08:00"
_YEAR = 365.25
Reach = tuple[str, Callable[[Statement, Snapshot], dict[str, Any]]]


def _ingredient(concept: str, snapshot: Snapshot) -> str:
    """The thing itself, or the first ingredient of a class."""
    known = snapshot.concept(concept)
    if known is None or known.kind is not ConceptKind.DRUG_CLASS:
        return concept
    return next(_ingredient(child.id, snapshot) for child in snapshot.children(concept))


def _patient(s: Statement, drug: str) -> dict[str, Any]:
    """Of 50 kg and 150 cm, with healthy kidneys and whatever disease or earlier doses the row is about."""
    q = s.qualifiers
    years = q["age_min"] / _YEAR + 1 if "age_min" in q else q["age_max"] / _YEAR / 2 if "age_max" in q else 40
    measured = [("体重", 50, "kg"), ("身高", 150, "cm"), ("血肌酐", 50, "umol/L")]
    if q.get("of") == "lifetime":
        measured.append((f"{drug}既往累积剂量", q["value"], q["unit"] + ("/m²" if q.get("per") == "m2" else "")))
    return {
        "id": "p",
        "sex": "女",
        "birthDate": f"{2026 - int(years)}-01-02",
        "conditions": [{"text": name, "time": _NOW} for name in q.get("only", ())[:1]],
        "medications": [],
        "observations": [{"text": text, "value": v, "unit": unit, "time": _NOW} for text, v, unit in measured],
    }


def _order(s: Statement, snapshot: Snapshot, dose: float, unit: str) -> dict[str, Any]:
    q = s.qualifiers
    text = snapshot.name(_ingredient(s.subject, snapshot)) + "".join(q.get("words", ())[:1])
    made = {"id": "o1", "text": text, "dose": dose, "unit": unit, "frequency": "qd", "days": 2}
    return made | ({"route": q["routes"][0]} if q.get("routes") else {})


def _dose_bound(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """A third above the mark, or four fifths of it: between it and any that is graver. A course is spread over
    its days, so that no single dose of it is too much by itself."""
    q = s.qualifiers
    mark = min(q["value"] * {"kg": 50.0, "m2": 1.44}.get(q.get("per", ""), 1.0), q.get("cap", float("inf")))
    days = q.get("days", 2) if q["of"] == "course" else 1 if q["of"] == "single" and q["side"] == "most" else 2
    parts = days if q["of"] == "course" else 1
    dose = mark * (1.3 if q["side"] == "most" else 0.8) / parts
    if q["of"] == "lifetime":
        dose = mark / 50
    order = _order(s, snapshot, dose, "g" if q["of"] == "times" else q["unit"]) | {"days": days}
    return {"patient": _patient(s, order["text"]), "orders": [order], "visit": "inpatient"}


def _companion(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """A large dose with what the other rows about the drug call for, and not this one."""
    q = s.qualifiers
    dose = q.get("dose_from", 1.0) * {"kg": 50.0, "m2": 1.6}.get(q.get("per", ""), 1.0) * 1.1
    orders = [_order(s, snapshot, dose, q.get("dose_unit", "mg"))]
    others = [o for o in snapshot.statements(s.predicate, s.subject) if o.id != s.id and "only" not in o.qualifiers]
    for n, other in enumerate(others, 2):
        named = snapshot.by_name(other.qualifiers["companions"][0], ConceptKind.DRUG_CLASS, ConceptKind.INGREDIENT)
        orders.append({"id": f"o{n}", "text": snapshot.name(_ingredient(named[0].id, snapshot))})
    return {"patient": _patient(s, orders[0]["text"]), "orders": orders, "visit": "inpatient"}


REACH: dict[Predicate, Reach] = {
    Predicate.DOSE_BOUND: ("dose-bound", _dose_bound),
    Predicate.COMPANION: ("companion", _companion),
}
