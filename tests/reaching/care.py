"""Requests that a nursing risk, a way of giving, a critical value, a disease alert or a pathway step must answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot

_NOW = "2026-11-24T08:00:00+08:00"
_KNOWN: dict[str, list[Any]] = {
    field: [] for field in ("conditions", "allergies", "observations", "medications", "reports", "procedures")
}
_BASE: dict[str, dict[str, Any]] = {
    "fall": {"conditions": [{"text": "帕金森病"}, {"text": "谵妄"}]},
    "pressure": {"conditions": [{"text": "压疮"}, {"text": "昏迷"}]},
    "aspiration": {"conditions": [{"text": "吞咽困难"}, {"text": "昏迷"}]},
    "vte-medical": {"conditions": [{"text": "肺癌"}, {"text": "下肢深静脉血栓"}]},
    "vte-surgical": {"conditions": [{"text": "肺癌"}, {"text": "下肢深静脉血栓"}]},
}
"""Enough of each risk that any one factor more is named among the reasons."""


def _members(snapshot: Snapshot, concept: str) -> Iterator[str]:
    """Ingredients of a concept: itself, or what is below a class."""
    known = snapshot.concept(concept)
    if known is not None and known.kind is not ConceptKind.DRUG_CLASS:
        yield concept
        return
    for child in snapshot.children(concept):
        yield from _members(snapshot, child.id)


def _operation(snapshot: Snapshot, concept: str) -> str:
    """The name of an operation, or of one in a group of them."""
    return next((child.name for child in snapshot.children(concept)), snapshot.name(concept))


def _born(s: Statement) -> str:
    """A birth date that an age band holds, else of somebody middle-aged."""
    low, high = s.qualifiers.get("age_min"), s.qualifiers.get("age_max")
    if low is None and high is None:
        return "1986-06-01"
    days = (low or 0) + 200 if high is None else ((low or 0) + high) / 2
    return (date(2026, 11, 24) - timedelta(days=int(days))).isoformat()


def _nursing(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    q = s.qualifiers
    patient = {"id": "P-1", "sex": "男", "birthDate": _born(s), **_KNOWN, **_BASE[q["risk"]]}
    request: dict[str, Any] = {
        "visit": "inpatient",
        "department": "普外科" if "surgical" in q["risk"] else "呼吸内科",
    }
    orders: list[dict[str, Any]] = []
    name = snapshot.name(s.subject)
    if q["kind"] == "drug":
        drug = snapshot.name(next(_members(snapshot, s.subject)))
        orders.append({"id": "O-1", "text": drug, "route": "口服"})
    elif q["kind"] == "disease":
        patient["conditions"] = [*patient["conditions"], {"text": name, "time": _NOW}]
    elif q["kind"] == "procedure":
        orders.append({"id": "O-1", "kind": "procedure", "text": _operation(snapshot, s.subject)})
    elif q["kind"] in ("lab", "score"):
        value = q["at_least"] if "at_least" in q else q["below"] - 1
        patient["observations"] = [{"text": name, "value": value, "unit": q.get("unit", "1"), "time": _NOW}]
    return {**request, "patient": patient, "orders": orders}


def _administration(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """The first form of the drug in the first way that it must not be given."""
    forms, way = s.qualifiers.get("forms", ["片剂"]), s.qualifiers["ways"][0]
    order = {"id": "O-1", "text": snapshot.name(s.subject), "form": forms[0], "route": "口服", "frequency": "qd"}
    if way == "tube":
        order["route"] = "鼻饲"
    else:
        order["note"] = {"crush": "研碎后服", "split": "掰开服", "chew": "嚼服"}[way]
    return {"patient": {"id": "P-1", **_KNOWN}, "orders": [order]}


def _critical(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """A result of this morning far beyond the limit, of a patient whom a range with such a limit concerns."""
    low = s.qualifiers["direction"] == "low"
    ranges = snapshot.statements(Predicate.REFERENCE_RANGE, s.subject)
    limit = "critical_low" if low else "critical_high"
    row = next(r for r in ranges if limit in r.qualifiers)
    q = s.qualifiers
    value = min(row.qualifiers[limit] * (0.9 if low else 1.1), q.get("below", float("inf")) * 0.9)
    conditions = [{"text": name} for name in q.get("only", ())[:1]]
    result = {"text": snapshot.name(s.subject), "value": value, "unit": row.qualifiers["unit"], "time": _NOW}
    sex = {"sex": row.qualifiers["sex"]} if "sex" in row.qualifiers else {}
    patient = {"id": "P-1", "birthDate": _born(row), **sex, **_KNOWN, "observations": [result]}
    return {"patient": patient | {"conditions": conditions}, "orders": []}


def _alert(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """A diagnosis of this morning."""
    conditions = [{"text": snapshot.name(s.subject), "time": _NOW}]
    return {"patient": {"id": "P-1", "birthDate": _born(s), **_KNOWN, "conditions": conditions}, "orders": []}


def _pathway(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """An inpatient of three weeks for whom nothing was done, or who gets what does not suit."""
    conditions = [{"text": snapshot.name(s.subject), "time": "2026-11-01T10:00:00+08:00"}]
    orders = []
    if s.qualifiers["step"] == "avoid":
        drug = snapshot.name(next(_members(snapshot, s.object)))
        orders.append({"id": "O-1", "text": drug, "route": "静脉滴注"})
    patient = {"id": "P-1", "birthDate": _born(s), **_KNOWN, "conditions": conditions}
    return {"visit": "inpatient", "admitted": "2026-11-01", "patient": patient, "orders": orders}


REACH: dict[Predicate, tuple[str, Callable[[Statement, Snapshot], dict[str, Any]]]] = {
    Predicate.NURSING_RISK: ("nursing", _nursing),
    Predicate.ADMINISTRATION_LIMIT: ("nursing", _administration),
    Predicate.CRITICAL_ACTION: ("critical-value", _critical),
    Predicate.DISEASE_ALERT: ("disease-alert", _alert),
    Predicate.PATHWAY_STEP: ("pathway-deviation", _pathway),
}
