"""Requests that doses, allergies and repeated tests must answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice, product
from math import ceil
from typing import Any

from clinical.age import YEAR
from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from tests.case_tables import NOW as AS_OF
from tests.reaching.core import NOW, Asked, _asked, _born, _members

_AGES = {"adult": (18 * YEAR, 64 * YEAR), "elderly": (65 * YEAR, 90 * YEAR), "child": (0.0, 18 * YEAR)}
_BUILDS = ((1.0, 170), (0.5, 170), (2.0, 170), (2.0, 110))
"""How many times the usual weight, and cm."""


def _dose(s: Statement, snapshot: Snapshot) -> Iterator[Asked]:
    """Too much at once, too much a day, far too little: of each age, route and form that the row is about."""
    q = s.qualifiers
    drugs, forms = islice(_members(snapshot, s.subject), 3), q.get("forms", ("", "注射剂"))
    for drug, age, route, form, build in product(drugs, _ages(q), q.get("routes", ("",)), forms, _BUILDS):
        kilograms, tall = _weight(q, age, build[0]), build[1]
        known = [
            {"text": "体重", "value": kilograms, "unit": "kg", "time": NOW},
            {"text": "身高", "value": tall, "unit": "cm", "time": NOW},
        ]
        ill = [{"text": snapshot.name(s.object)}] if s.object else []
        factor = {"kg": kilograms, "m2": (tall * kilograms / 3600) ** 0.5}.get(q.get("per", ""), 1.0)
        for dose, often in _amounts(q, factor):
            order = {"id": "o1", "text": snapshot.name(drug), "dose": dose, "unit": q["unit"], "frequency": often}
            order |= {"days": 1 if q.get("loading") else 7}
            order |= {name: value for name, value in (("route", route), ("form", form)) if value}
            yield _asked([order], birthDate=_born(age), observations=known, conditions=ill)


def _ages(q: dict[str, Any]) -> list[float]:
    least, most = _AGES[q["population"]]
    low, high = q.get("age_min", least), min(q.get("age_max", most), 100 * YEAR)
    return [(low + high) / 2, low + 1, max(low, high - 2)]


def _weight(q: dict[str, Any], age: float, scale: float) -> float:
    """Within the bounds of the row, else about what somebody of the age weighs, or what light and heavy ones do: a
    figure per kg may be less or more than a fixed one beside it."""
    usual = scale * (60.0 if age >= 18 * YEAR else max(3.0, 2 * age / YEAR + 8))
    low, high = q.get("weight_min", 0.0), q.get("weight_max", 200.0)
    return usual if low <= usual < high else (low + high) / 2


def _amounts(q: dict[str, Any], factor: float) -> Iterator[tuple[float, str]]:
    """Doses beyond each limit, with how often they are taken."""
    single = _held(q, "single", factor)
    day = _held(q, "daily", factor)
    if single is not None:
        for more in (1.3, 4.0):
            yield single * more, "qd"
            yield single * more, "qw"
    if day is not None:
        yield day * 1.3, "qd"
        times = ceil(day * 1.3 / single) if single else 4
        if times <= 24:
            yield day * 1.3 / times, f"每日{times}次"
    if q.get("single_min"):
        yield q["single_min"] * factor * 0.3, "qd"


def _held(q: dict[str, Any], which: str, factor: float) -> float | None:
    most, cap = q.get(f"{which}_max"), q.get(f"{which}_cap")
    known = [value for value in (None if most is None else most * factor, cap) if value is not None]
    return min(known) if known else None


def allergen(s: Statement, snapshot: Snapshot) -> Iterator[Asked]:
    """Whoever is allergic to the one is ordered the other."""
    for drug in islice(_members(snapshot, s.object), 10):
        yield _asked([{"id": "o1", "text": snapshot.name(drug)}], allergies=[{"text": snapshot.name(s.subject)}])


def again(s: Statement, snapshot: Snapshot) -> Asked:
    """The same within the interval after it was done elsewhere, where the row holds."""
    concept = snapshot.concept(s.subject)
    assert concept is not None
    kind = "lab" if concept.kind is ConceptKind.LAB else "exam"
    done = (AS_OF - timedelta(hours=s.qualifiers["hours"] / 2)).isoformat()
    report = {"text": concept.name, "conclusion": "未见异常", "time": done, "institution": "县人民医院"}
    asked = _asked([{"id": "o1", "kind": kind, "text": concept.name}], reports=[report])
    return asked | {"institution": next(iter(s.qualifiers.get("institutions", ())), "镇卫生院")}


REACH: dict[Predicate, tuple[str, Callable[[Statement, Snapshot], Asked | Iterator[Asked]]]] = {
    Predicate.DOSE_RANGE: ("dose", _dose),
}
