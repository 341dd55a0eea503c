"""Every dosed row of the starter plans, given to a typical patient it is for: our own rules must not object to how
much, how often, by which way, how long, at that age or in that pregnancy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from base.plugins import discover
from clinical.coded import Coded, Origin
from clinical.finding import Finding, Severity
from clinical.patient import Observation, PatientContext, Pregnancy, Sex
from clinical.quantity import Quantity
from clinical.value import replace
from inference.dose import Dose, dose_of
from inference.drafting import order_of
from inference.plan import Plan, plans_of
from inference.subject import Subject
from inference.treatment import with_diagnoses
from knowledge.model import ConceptKind, Predicate
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.engine import review
from rules.model import Case, Family

NOW = datetime(2026, 6, 1, 10)
YEAR = 365.25
ASKED = ("age", "dose", "duration", "frequency", "pregnancy-lactation", "route")
WEIGHTS = [(0, 3.4), (28, 4.5), (91, 6.5), (183, 8), (365, 10), (730, 12.5), (1096, 14.5), (1461, 16.5), (1826, 18.5)]
WEIGHTS += [(2192, 21), (2922, 26), (3652, 33), (4383, 42), (5113, 50), (5844, 56), (6575, 60), (50_000, 60)]
"""Age in days and kg of a child in the middle of the growth charts; grown-ups weigh 60."""
KNOWN = {
    (
        "结膜炎",
        "头孢曲松",
        "age",
    ): "gonococcal conjunctivitis of the newborn is the one use (CDC 2021: single dose) of a "
    "drug to be avoided before 28 days; the option is shown flagged, and says what to give a jaundiced newborn",
}
"""Objections that are right although the row is: the clinician must see both."""


def typical_days(plan: Plan) -> float:
    """An age in the middle of a child's band, 45 years or the nearest within a grown-up's."""
    least, most = plan.age_min, min(plan.age_max, 80 * YEAR)
    if plan.pregnant == "yes":
        return 28 * YEAR
    if most <= 18 * YEAR:
        return (least + most) / 2
    return min(max(45 * YEAR, least + YEAR), most - YEAR)


def typical(plan: Plan) -> PatientContext:
    days = typical_days(plan)
    kg = next(x + (y - x) * (days - a) / (b - a) for (a, x), (b, y) in pairwise(WEIGHTS) if a <= days < b)
    body = (("lab:body-weight", round(kg, 1), "kg"), ("lab:body-height", 165.0, "cm"))
    female = plan.sex == "female" or plan.pregnant == "yes"
    return PatientContext(
        "p",
        NOW,
        sex=Sex.FEMALE if female else Sex.MALE,
        birth_date=(NOW - timedelta(days=days)).date(),
        pregnancy=Pregnancy(150) if plan.pregnant == "yes" else None,
        lactating=False,
        conditions=(),
        allergies=(),
        medications=(),
        observations=tuple(Observation(Coded("", (), (c,)), Quantity(v, u), Origin("", NOW)) for c, v, u in body),
    )


def objections(
    plan: Plan, snapshot: Snapshot, terminology: Terminology, families: tuple[Family, ...]
) -> Iterator[Finding]:
    """What the rules hold against either end of the dose of a row."""
    who = with_diagnoses(typical(plan), [plan.disease], snapshot)
    dose = dose_of(plan, Subject.of(who, snapshot, [plan.disease]))
    assert isinstance(dose, Dose), f"{plan.statement.id}: {dose}"
    for chosen in dict.fromkeys((dose.chosen, dose.high)):
        order = order_of(plan, replace(dose, chosen=chosen), Coded(snapshot.name(plan.disease)), snapshot)
        assert order is not None
        _, orders, _ = terminology.resolve(PatientContext("p", NOW), (order,))
        for finding in review(Case(who, orders, snapshot, NOW.date()), families).findings:
            if finding.severity.rank >= Severity.MAJOR.rank:
                yield finding


def drugs(snapshot: Snapshot) -> list[Plan]:
    diseases = (c.id for c in snapshot.concepts() if c.kind is ConceptKind.DISEASE)
    own = (plan for d in diseases for plan in plans_of(snapshot, d, NOW.date()) if plan.disease == d)
    return [plan for plan in own if plan.kind == "drug"]


def dosed(snapshot: Snapshot) -> list[Plan]:
    return [plan for plan in drugs(snapshot) if plan.amount is not None]


@pytest.mark.slow
def test_no_dosed_row_contradicts_our_own_rules(snapshot: Snapshot) -> None:
    families = tuple(f for name, f in discover("rules.families", "FAMILY", Family).items() if name in ASKED)
    terminology, told, met = Terminology(snapshot), [], set()
    rows = dosed(snapshot)
    assert len(rows) > 1000
    for plan in rows:
        for finding in objections(plan, snapshot, terminology, families):
            key = (snapshot.name(plan.disease), snapshot.name(plan.item), finding.family)
            met.add(key)
            if key not in KNOWN:
                told.append((*key, plan.situation, finding.summary))
    assert told == []
    assert met == set(KNOWN), "an exception that is none any more"


def test_what_a_plan_gives_its_diagnosis_calls_for(snapshot: Snapshot) -> None:
    """Or one of the diseases that the row asks for beside it, or another drug of the plan (a gastric protection)."""
    families = tuple(discover("rules.families", "FAMILY", Family)[name] for name in ("indication",))
    terminology, told = Terminology(snapshot), []
    for plan in drugs(snapshot):
        who = with_diagnoses(typical(plan), [plan.disease, *plan.other], snapshot)
        order = order_of(plan, None, Coded(snapshot.name(plan.disease)), snapshot)
        assert order is not None
        beside = [drug for drug in plans_of(snapshot, plan.disease, NOW.date()) if drug.kind == "drug"]
        _, orders, _ = terminology.resolve(PatientContext("p", NOW), (order,))
        if review(Case(who, orders, snapshot, NOW.date()), families).findings and not _called(snapshot, plan, beside):
            told.append((snapshot.name(plan.disease), snapshot.name(plan.item), plan.situation))
    assert told == []


def _called(snapshot: Snapshot, plan: Plan, beside: list[Plan]) -> bool:
    """Whether a drug of the same plan calls for the drug of a row."""
    given = {c for other in beside for c in snapshot.ancestors(other.item)}
    return any(s.object in given for s in snapshot.statements(Predicate.INDICATED_FOR, plan.item))


def test_at_least_120_diseases_have_plans_with_a_source(snapshot: Snapshot) -> None:
    diseases = [c.id for c in snapshot.concepts() if c.kind is ConceptKind.DISEASE]
    own = {d: [p for p in plans_of(snapshot, d, NOW.date()) if p.disease == d] for d in diseases}
    planned = {d: plans for d, plans in own.items() if plans}
    assert len(planned) >= 120
    assert all(
        p.statement.citations and p.statement.citations[0].section for plans in planned.values() for p in plans
    )
    assert all(any(p.group in ("first-line", "emergency", "non-drug", "procedure", "symptomatic") for p in plans) for plans in planned.values())  # fmt: skip
