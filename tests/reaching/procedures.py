"""How to reach the statements about procedures, examinations and blood."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from knowledge.model import Concept, ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from tests.reaching import said

TODAY = datetime.fromisoformat("2026-11-24T08:00:00+08:00")
UNRELATED = (
    "痤疮",
    "白内障",
    "高血压",
    "慢性支气管炎",
    "龋齿",
    "妊娠",
    "骨折",
    "上呼吸道感染",
    "腹股沟疝",
    "甲真菌病",
)


def _request(orders: list[dict[str, Any]], **patient: Any) -> dict[str, Any]:
    known = {
        "id": "P-1",
        "sex": "女",
        "birthDate": "1985-06-01",
        "conditions": [],
        "medications": [],
        "observations": [],
        "reports": [],
        "procedures": [],
        "allergies": [],
        "pregnancy": {"pregnant": False},
    }
    return {"patient": {**known, **patient}, "orders": orders}


def _order(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"id": "order-1", "kind": kind, "text": name, **more}


def _leaf(snapshot: Snapshot, concept: str, kind: ConceptKind, wanted: Callable[[str], bool]) -> str:
    """The concept itself or the first below it that is of a kind and wanted."""
    waiting: list[str] = [concept]
    seen: set[str] = set()
    while waiting:
        this = waiting.pop(0)
        known = snapshot.concept(this)
        below = sorted(child.id for child in snapshot.children(this) if child.id not in seen)
        if known is not None and known.kind is kind and not below and wanted(this):
            return this
        seen.update(below)
        waiting += below
    return concept


def _thing(s: Statement, snapshot: Snapshot, kind: ConceptKind) -> str:
    """Name of an examination or procedure that a statement concerns."""
    spared = s.qualifiers.get("except_for", ())
    return snapshot.name(_leaf(snapshot, s.subject, kind, lambda c: snapshot.name(c) not in spared))


def _drug(snapshot: Snapshot, concept: str, wanted: Callable[[str], bool] = lambda c: True) -> str:
    return snapshot.name(_leaf(snapshot, concept, ConceptKind.INGREDIENT, wanted))


def _between(s: Statement, low: str = "at_least", high: str = "below") -> float:
    floor, ceiling = s.qualifiers.get(low), s.qualifiers.get(high)
    if floor is None:
        return float(ceiling) * 0.8
    return float(floor) if ceiling is None else (float(floor) + float(ceiling)) / 2


def _seen(lab: str, value: float | str, unit: str = "") -> dict[str, Any]:
    said: dict[str, Any] = {"text": lab, "value": value, "time": TODAY.isoformat()}
    return {**said, "unit": unit} if unit else said


def _limit(kind: ConceptKind, sort: str) -> Callable[[Statement, Snapshot], dict[str, Any]]:
    def make(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
        order = _order(sort, _thing(s, snapshot, kind))
        return _request([order], **_patient(s, snapshot))

    return make


def _patient(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """A patient in whom the condition of a limit holds."""
    name, q = snapshot.name(s.object) if s.object else "", s.qualifiers
    kidneys = [_seen("eGFR", _between(s), "mL/min")] if "at_least" in q or "below" in q else []
    made: dict[str, Callable[[], dict[str, Any]]] = {
        "disease": lambda: {"conditions": [{"text": name}]},
        "drug": lambda: {
            "medications": [{"id": "m-1", "text": _drug(snapshot, s.object), "route": "口服"}],
            "observations": kidneys,
        },
        "allergy": lambda: {"allergies": [{"text": name, "severe": bool(q.get("severe"))}]},
        "lab": lambda: {
            "observations": [_seen(name, q["word"]) if "word" in q else _seen(name, _between(s), q.get("unit", ""))]
        },
        "egfr": lambda: {"observations": kidneys},
        "pregnancy": lambda: {"pregnancy": _pregnant(q.get("trimesters", (2,))[0])},
        "age": lambda: {"birthDate": _born(q)},
        "procedure": lambda: {"procedures": [{"text": name}]},
        "exam": lambda: {"reports": [{"text": _examined(s, snapshot), "time": "2026-11-23T08:00:00+08:00"}]},
    }
    return made[q["kind"]]()


def _pregnant(trimester: int) -> dict[str, Any]:
    return {"pregnant": True, "gestationalDays": {1: 60, 2: 150, 3: 230}[trimester]}


def _born(q: dict[str, Any]) -> str:
    """A birthday in the middle of the ages of a row."""
    youngest = q.get("age_min", 0)
    days = (youngest + q["age_max"]) / 2 if "age_max" in q else youngest + 400
    return (TODAY.date() - timedelta(days=days)).isoformat()


def _examined(s: Statement, snapshot: Snapshot) -> str:
    return snapshot.name(_leaf(snapshot, s.object, ConceptKind.EXAM, lambda c: True))


def _unrelated(s: Statement, snapshot: Snapshot) -> str:
    """A diagnosis that is none of the indications, by name and by code."""
    names = [c for d in s.qualifiers["diseases"] for c in snapshot.by_name(d, ConceptKind.DISEASE)]
    listed = {a for c in names for a in snapshot.ancestors(c.id)}
    prefixes = tuple(s.qualifiers.get("icd10", ()))
    for name in UNRELATED:
        found: Iterable[Concept] = snapshot.by_name(name, ConceptKind.DISEASE)
        codes = [ref.code for c in found for ref in c.codes]
        clear = not any(code.startswith(p) or p.startswith(code) for code in codes for p in prefixes)
        if clear and codes and not any(listed & snapshot.ancestors(c.id) for c in found):
            return name
    return UNRELATED[0]


def _indicated(kind: ConceptKind, sort: str) -> Callable[[Statement, Snapshot], dict[str, Any]]:
    def make(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
        order = _order(sort, snapshot.name(s.subject))
        return _request([order], conditions=[{"text": _unrelated(s, snapshot)}])

    return make


def _need(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    return _request([_order("procedure", _thing(s, snapshot, ConceptKind.PROCEDURE))])


def _around(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """The drug in use and an operation tomorrow."""
    q = s.qualifiers
    operation = snapshot.name(s.object) if s.object else _operation(s, snapshot)
    own = [t.subject for t in said(snapshot, Predicate.PERIOPERATIVE)]
    narrower = {c for c in own if c != s.subject and snapshot.is_a(c, s.subject)}
    drug = _drug(snapshot, s.subject, lambda c: not any(snapshot.is_a(c, n) for n in narrower))
    routes = q.get("routes", ("口服",))
    taken = {"id": "m-1", "text": drug, "route": routes[0]}
    clearance = [_seen("肌酐清除率", _between(s, "crcl_min", "crcl_max"), "mL/min")] if _banded(q) else []
    conditions = [{"text": q["only"][0]}] if "only" in q else []
    order = _order("procedure", operation, start="2026-11-25")
    return _request([order], medications=[taken], observations=clearance, conditions=conditions)


def _banded(q: dict[str, Any]) -> bool:
    return "crcl_min" in q or "crcl_max" in q


def _operation(s: Statement, snapshot: Snapshot) -> str:
    """An operation with the bleeding risk and anaesthesia of a row, without rows of its own for the drug."""
    q = s.qualifiers
    taken = {t.object for t in said(snapshot, Predicate.PERIOPERATIVE) if t.object}
    for c in sorted(snapshot.concepts(), key=lambda c: c.id):
        fits = c.kind is ConceptKind.PROCEDURE and c.id not in taken and "bleeding" in c.attributes
        risk = "bleeding" not in q or c.attributes.get("bleeding") in q["bleeding"]
        if fits and risk and ("anaesthesia" not in q or c.attributes.get("anaesthesia") in q["anaesthesia"]):
            return c.name
    raise LookupError(s.id)


def _transfused(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    q = s.qualifiers
    product = snapshot.name(_leaf(snapshot, s.subject, ConceptKind.BLOOD_PRODUCT, lambda c: True))
    seen = [_seen(snapshot.name(s.object), _between(s), q.get("unit", ""))] if s.object else []
    conditions = [{"text": q["only"][0]}] if "only" in q else []
    born = {"birthDate": _born(q)} if "age_max" in q else {}
    return _request([_order("blood", product)], observations=seen, conditions=conditions, **born)


REACH: dict[Predicate, tuple[str, Callable[[Statement, Snapshot], dict[str, Any]]]] = {
    Predicate.EXAM_LIMIT: ("exam-appropriateness", _limit(ConceptKind.EXAM, "exam")),
    Predicate.EXAM_INDICATED: ("exam-appropriateness", _indicated(ConceptKind.EXAM, "exam")),
    Predicate.PROCEDURE_LIMIT: ("surgery", _limit(ConceptKind.PROCEDURE, "procedure")),
    Predicate.PROCEDURE_INDICATED: ("surgery", _indicated(ConceptKind.PROCEDURE, "procedure")),
    Predicate.PROCEDURE_NEEDS: ("surgery", _need),
    Predicate.PERIOPERATIVE: ("surgery", _around),
    Predicate.TRANSFUSION_THRESHOLD: ("transfusion", _transfused),
}
