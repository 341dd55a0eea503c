"""Requests that each statement about bags and lines must answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from clinical.units import canonical_unit
from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from tests.case_tables import NOW

_FLUIDS = ("氯化钠", "葡萄糖", "复方氯化钠", "乳酸钠林格")
_SOLUTES = ("氯化钠", "葡萄糖")
_VOLUME = 100.0


def _member(concept_id: str, snapshot: Snapshot) -> str:
    """The name of an ingredient: the thing itself, or some member of a class."""
    concept = snapshot.concept(concept_id)
    assert concept is not None
    if concept.kind is not ConceptKind.DRUG_CLASS:
        return concept.name
    return _member(min(child.id for child in snapshot.children(concept_id)), snapshot)


def _order(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {"id": f"order-{number}", "text": text, "route": "静脉滴注", "frequency": "qd", "group": "1", **more}


def _fluid(number: int, text: str) -> dict[str, Any]:
    return _order(number, text, dose=_VOLUME, unit="ml")


def _request(s: Statement, orders: list[dict[str, Any]], stage: str = "") -> dict[str, Any]:
    """For a patient of the age the statement is about, who weighs 50 kg."""
    low, high = s.qualifiers.get("age_min", 0), s.qualifiers.get("age_max", 80 * 365.25)
    days = 40 * 365 if low <= 40 * 365 < high else (low + high) / 2
    born = (NOW - timedelta(days=int(days))).date().isoformat()
    return {"patient": {"id": "P-1", "birthDate": born, "weightKg": 50.0}, "orders": orders, "stage": stage}


def _pair(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    a, b = (_member(concept, snapshot) for concept in (s.subject, s.object))
    return _request(s, [_order(1, a, dose=1.0, unit="g"), _order(2, b, dose=1.0, unit="g")])


def _infusion(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    if "measure" in s.qualifiers:
        return _NUTRITION[s.qualifiers["measure"]](s)
    if "conc_max" in s.qualifiers and "words" in s.qualifiers and snapshot.name(s.subject).endswith(_SOLUTES):
        return _neat(s, snapshot)
    for field, make in _BREAKING.items():
        if field in s.qualifiers:
            return _broken(s, snapshot, make(s.qualifiers))
    raise AssertionError(f"{s.id} states no requirement")


def _neat(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """What others are dissolved in itself, undiluted, of the strength that the row names."""
    name, word = snapshot.name(s.subject), s.qualifiers["words"][0]
    text = f"{name}注射液 {word}" if "ml" in word else f"{word.removesuffix(name)}{name}注射液"
    return _request(s, [_order(1, text, dose=10.0, unit="ml") | {"route": s.qualifiers["routes"][0]}])


def _broken(s: Statement, snapshot: Snapshot, more: dict[str, Any]) -> dict[str, Any]:
    """A bag of the drug in a fluid, in which one requirement is broken."""
    q = s.qualifiers
    name = _member(s.subject, snapshot)
    text = f"{name}({q['words'][0]})" if q.get("words") else name
    drug = {"dose": 1.0, "unit": "g", "route": (q.get("routes") or ["静脉滴注"])[0], **more.get("drug", {})}
    if q.get("line") == "central":
        drug |= {"note": "中心静脉"}
    if "dose_above" in q:
        drug |= {"dose": q["dose_above"] * 2, "unit": q["dose_unit"]}
    fluid = more.get("fluid") or next(f for f in q.get("solvents", _FLUIDS) if f not in (name, "注射用水"))
    return _request(s, [_order(1, text, **drug), _fluid(2, fluid)], more.get("stage", ""))


def _dense(q: dict[str, Any], times: float, field: str) -> dict[str, Any]:
    part, _, per = canonical_unit(q["conc_unit"]).partition("/")
    litres = _VOLUME / (1000 if per == "L" else 1)
    return {"drug": {"dose": q[field] * times * litres, "unit": part}}


def _running(hours: float) -> dict[str, Any]:
    return {"drug": {"rate": _VOLUME / hours, "rateUnit": "ml/h"}}


_BREAKING: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "conc_max": lambda q: _dense(q, 3.0, "conc_max"),
    "conc_min": lambda q: _dense(q, 0.3, "conc_min"),
    "minutes_min": lambda q: _running(q["minutes_min"] / 180),
    "rate_max": lambda q: {"drug": {"rate": q["rate_max"] * 3, "rateUnit": q["rate_unit"]}},
    "alone": lambda q: {"fluid": "维生素C注射液"},
    "forbidden": lambda q: {"fluid": q["forbidden"][0]},
    "solvents": lambda q: {"fluid": next(f for f in _FLUIDS if f not in q["solvents"])},
    "stable": lambda q: _running(q["stable"] * 3),
    "light": lambda q: {"stage": "order-dispatch"},
    "handling": lambda q: {"stage": "order-dispatch"},
}


def _mixture(s: Statement, *more: dict[str, Any]) -> dict[str, Any]:
    """Amino acids, glucose and lipid with something more."""
    base = [
        _order(1, "8.5%复方氨基酸注射液(18AA-Ⅱ)", dose=100.0, unit="ml"),
        _order(2, "50%葡萄糖注射液", dose=100.0, unit="ml"),
        _order(3, "20%中/长链脂肪乳注射液(C8-24)", dose=100.0, unit="ml"),
    ]
    return _request(s, [*base, *more])


_NUTRITION: dict[str, Callable[[Statement], dict[str, Any]]] = {
    "monovalent": lambda s: _mixture(s, _order(4, "10%氯化钾注射液", dose=60.0, unit="ml")),
    "divalent": lambda s: _mixture(s, _order(4, "10%葡萄糖酸钙注射液", dose=60.0, unit="ml")),
    "amino-acids": lambda s: _mixture(s, _order(4, "10%葡萄糖注射液", dose=900.0, unit="ml")),
    "glucose": lambda s: _mixture(s, _order(4, "50%葡萄糖注射液", dose=500.0, unit="ml")),
    "glucose-rate": lambda s: _mixture(
        s, _order(4, "50%葡萄糖注射液", dose=500.0, unit="ml", rate=600.0, rateUnit="ml/h")
    ),
    "additives": lambda s: _mixture(s, _order(4, "注射用奥美拉唑钠", dose=40.0, unit="mg")),
}

REACH: dict[Predicate, tuple[str, Callable[[Statement, Snapshot], dict[str, Any]]]] = {
    Predicate.IV_INCOMPATIBLE: ("iv-compatibility", _pair),
    Predicate.INFUSION_LIMIT: ("iv-compatibility", _infusion),
}
