"""Requests that the first families must answer: interactions, contraindications, populations, doses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice, permutations
from typing import Any

from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from rules.measures import ALT

NOW = "2026-11-23T08:00:00+08:00"
Asked = dict[str, Any]


def _members(snapshot: Snapshot, concept: str) -> Iterator[str]:
    """The ingredient itself, or every ingredient of a class."""
    known = snapshot.concept(concept)
    if known is not None and known.kind is not ConceptKind.DRUG_CLASS:
        yield concept
    for child in snapshot.children(concept):
        yield from _members(snapshot, child.id)


def _born(days: float) -> str:
    return (date(2026, 11, 24) - timedelta(days=int(days))).isoformat()


def _order(snapshot: Snapshot, concept: str, s: Statement, number: int = 1, **more: Any) -> Asked:
    q = s.qualifiers
    made = {"id": f"o{number}", "text": snapshot.name(concept), **more}
    if q.get("routes"):
        made["route"] = q["routes"][0]
    if q.get("forms"):
        made["form"] = q["forms"][0]
    return made


def _asked(orders: list[Asked], **patient: Any) -> Asked:
    known: Asked = {"id": "p", "birthDate": "1986-01-01", "sex": "男", "medications": [], "allergies": []}
    return {"patient": known | {"conditions": [], "observations": []} | patient, "orders": orders}


def _each(make: Callable[[Statement, Snapshot, str], Asked]) -> Callable[[Statement, Snapshot], Asked]:
    """With the first member of the subject's class."""
    return lambda s, snapshot: make(s, snapshot, next(_members(snapshot, s.subject)))


def _interaction(s: Statement, snapshot: Snapshot) -> Iterator[Asked]:
    """Pairs of members, by one route after the other, until this statement is what decides."""
    q = s.qualifiers
    pairs = ((a, b) for a in _members(snapshot, s.subject) for b in _members(snapshot, s.object) if a != b)
    for a, b in islice(pairs, 40):
        for route in ("", *q.get("routes", ())):
            for one, two in ((0.1, 0.1), (9e3, 0.1), (0.1, 9e3)):
                first = _side(snapshot, a, q, "a", route, 1, one)
                yield _asked([first, _side(snapshot, b, q, "b", route, 2, two)])


def _side(
    snapshot: Snapshot, drug: str, q: dict[str, Any], side: str, route: str, number: int, given: float
) -> Asked:
    """One drug of a pair, above the dose that the row asks for, else in the one ``given``."""
    most = q.get(f"dose_above_{side}", 0)
    dose = {"dose": most * 1.5 or given, "unit": q.get("dose_unit", "mg"), "frequency": "qd"}
    way = next(iter(q.get(f"routes_{side}", ())), route)
    return {"id": f"o{number}", "text": snapshot.name(drug), **dose} | ({"route": way} if way else {})


def _contraindication(s: Statement, snapshot: Snapshot, drug: str) -> Asked:
    return _asked([_order(snapshot, drug, s)], conditions=[{"text": snapshot.name(s.object)}])


def _mother(s: Statement, snapshot: Snapshot, drug: str) -> Asked:
    if s.qualifiers["state"] == "lactation":
        return _asked([_order(snapshot, drug, s)], sex="女", lactating=True)
    weeks = {1: 8, 2: 20, 3: 34}[min(s.qualifiers.get("trimesters", (2,)))]
    return _asked([_order(snapshot, drug, s)], sex="女", pregnancy={"pregnant": True, "gestationalDays": weeks * 7})


def _age(s: Statement, snapshot: Snapshot, drug: str) -> Asked:
    q = s.qualifiers
    low, high = q.get("age_min", 0), q.get("age_max", 100 * 365.25)
    return _asked([_order(snapshot, drug, s)], birthDate=_born((low + min(high, low + 400)) / 2))


def _renal(s: Statement, snapshot: Snapshot, drug: str) -> Asked:
    q = s.qualifiers
    low, high = q.get("at_least", 0), q.get("below", 200)
    name = "eGFR" if q["measure"] == "egfr" else "肌酐清除率"
    value = {"text": name, "value": (low + high) / 2, "unit": "mL/min", "time": NOW}
    sick = [{"text": "血液透析状态"}, {"text": "透析"}] if q.get("dialysis") else []
    return _asked([_beyond(_order(snapshot, drug, s), q)], observations=[value], conditions=sick)


def _beyond(order: Asked, q: dict[str, Any]) -> Asked:
    """More than a cap allows, and more often."""
    if "unit" in q:
        order |= {
            "dose": max(q.get("single_max", 0), q.get("daily_max", 0)) * 3,
            "unit": q["unit"],
            "frequency": "bid",
        }
    if "times_per_day_max" in q:
        order |= {
            "dose": order.get("dose", 1),
            "unit": order.get("unit", "mg"),
            "frequency": "每2小时一次",
            "days": 7,
        }
    return order | {"days": order.get("days", 7)}


def _hepatic(s: Statement, snapshot: Snapshot, drug: str) -> Asked:
    q = s.qualifiers
    order = _beyond(_order(snapshot, drug, s), q)
    if q.get("child_pugh"):
        return _asked([order], observations=[{"text": "Child-Pugh分级", "value": q["child_pugh"][0], "time": NOW}])
    value = {"text": snapshot.name(ALT), "value": q["alt_times_uln"] * 100, "unit": "U/L", "time": NOW}
    return _asked([order], observations=[value])


def _frequency(s: Statement, snapshot: Snapshot, drug: str) -> Asked:
    illness = [{"text": snapshot.name(s.object)}] if s.object else []
    often = "每1小时一次" if s.qualifiers.get("per_day_max", 0) >= 8 else "每2小时一次"
    order = _order(snapshot, drug, s, frequency=often, days=7)
    return _asked([order], conditions=illness)


def _route(s: Statement, snapshot: Snapshot, drug: str) -> Asked:
    q = s.qualifiers
    way = q["forbidden"][0] if q.get("forbidden") else next(w for w in _WAYS if w not in q["allowed"])
    return _asked([_order(snapshot, drug, s) | {"route": way}])


_WAYS = ("鞘内注射", "口服", "静脉注射", "肌内注射", "吸入")


def _duplicates(s: Statement, snapshot: Snapshot) -> Asked:
    members = list(_members(snapshot, s.subject))
    drugs = members[: s.qualifiers["allowed_count"] + 1]
    if len(members) == 1:
        drugs = members * (s.qualifiers["allowed_count"] + 1)
    return _asked([_order(snapshot, drug, s, n) for n, drug in enumerate(drugs, 1)])


def _crossing(s: Statement, snapshot: Snapshot) -> Iterator[Asked]:
    """A member of whom no closer row speaks; of a row about a class within itself one member against another."""
    rivals = [r for r in snapshot.statements(Predicate.CROSS_REACTS, s.subject) if r.id != s.id]
    named = {r.object for r in rivals} | {s.subject}
    members = list(_members(snapshot, s.object))
    drug = next((m for m in members if m == s.object or m not in named), members[0])
    reaction = "".join(s.qualifiers.get("reactions", ())[:1])
    yield _asked([_order(snapshot, drug, s)], allergies=[{"text": snapshot.name(s.subject), "reaction": reaction}])
    for had, given in permutations(members, 2):
        yield _asked([_order(snapshot, given, s)], allergies=[{"text": snapshot.name(had), "reaction": reaction}])


REACH: dict[Predicate, tuple[str, Callable[[Statement, Snapshot], Asked | Iterator[Asked]]]] = {
    Predicate.INTERACTS_WITH: ("interaction", _interaction),
    Predicate.CONTRAINDICATED_IN: ("contraindication", _each(_contraindication)),
    Predicate.PREGNANCY_LACTATION: ("pregnancy-lactation", _each(_mother)),
    Predicate.AGE_LIMIT: ("age", _each(_age)),
    Predicate.RENAL_LIMIT: ("renal", _each(_renal)),
    Predicate.HEPATIC_LIMIT: ("hepatic", _each(_hepatic)),
    Predicate.FREQUENCY_LIMIT: ("frequency", _each(_frequency)),
    Predicate.ROUTE_LIMIT: ("route", _each(_route)),
    Predicate.DUPLICATE_GROUP: ("duplicate-therapy", _duplicates),
    Predicate.CROSS_REACTS: ("allergy", _crossing),
}
