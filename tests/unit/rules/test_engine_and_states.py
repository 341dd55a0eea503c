"""A family that raises is isolated and counted; derived states know what they do not know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinical.coded import Coded, Origin
from clinical.finding import Finding, Outcome, Review, Severity
from clinical.logic import UNKNOWN
from clinical.order import Ingredient, Order, OrderKind, OrderStatus
from clinical.patient import Observation, PatientContext
from clinical.quantity import Quantity
from knowledge.snapshot import Snapshot
from rules.chaining import ChainError
from rules.engine import COUNTERS, review
from rules.model import Case, Family
from rules.states import States

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def drug(number: int, concept: str, status: OrderStatus = OrderStatus.DRAFT) -> Order:
    return Order(f"o{number}", OrderKind.DRUG, Coded(concept), status, (Ingredient(f"ingredient:{concept}"),))


def lab(concept: str, value: float, unit: str, ago: timedelta = timedelta(hours=1)) -> Observation:
    return Observation(Coded(concept, (), (f"lab:{concept}",)), Quantity(value, unit), Origin("", NOW - ago))


def case(snapshot: Snapshot, *orders: Order, states: States | None = None, **patient: Any) -> Case:
    known = {"medications": (), "observations": (), **patient}
    context = PatientContext("P-1", NOW, **known)
    derive = states.derive if states else (lambda _: {})
    return Case(context, orders, snapshot, NOW.date(), derive=derive)


@pytest.fixture(scope="module")
def states() -> States:
    started = States.start()
    if not started.available:
        pytest.skip("durable_rules (extra `states`) is not installed")
    return started


def test_a_family_that_raises_keeps_what_it_found_and_the_rest_answers(snapshot: Snapshot) -> None:
    kept = Finding("broken", "r1", "1", Severity.MAJOR, "先前的结果", "", ("o1",))
    other = Finding("sound", "r2", "1", Severity.MINOR, "另一族", "", ("o1",))

    def broken(_: Case) -> Iterator[Outcome]:
        yield kept
        raise ValueError("patient 张三")

    before = COUNTERS.faults["broken"]
    families = [Family("broken", "坏", broken), Family("sound", "好", lambda _: [other])]
    answer = review(case(snapshot, drug(1, "ibuprofen")), families)
    assert answer.findings == (kept, other)
    assert [(f.family, f.error) for f in answer.faults] == [("broken", "ValueError")]
    assert COUNTERS.faults["broken"] == before + 1


def test_a_family_of_other_orders_is_not_asked(snapshot: Snapshot) -> None:
    def never(_: Case) -> Iterator[Outcome]:
        raise AssertionError("asked")

    answer = review(case(snapshot, drug(1, "ibuprofen")), [Family("lab", "检验", never, kinds=(OrderKind.LAB,))])
    assert answer.faults == ()


TRIO = (drug(1, "ibuprofen"), drug(2, "valsartan"), drug(3, "hydrochlorothiazide"))


def test_triple_whammy_is_derived_and_absent_is_known_only_with_the_active_drugs(
    snapshot: Snapshot, states: States
) -> None:
    assert states.derive(case(snapshot, *TRIO))["triple-whammy"] is True
    assert states.derive(case(snapshot, TRIO[0]))["triple-whammy"] is False
    assert "triple-whammy" not in states.derive(case(snapshot, TRIO[0], medications=UNKNOWN))


@pytest.mark.parametrize(
    ("potassium", "expected"),
    [(5.6, (True, False)), (5.5, (True, False)), (4.0, (False, False)), (3.4, (False, True))],
)
def test_potassium_states(snapshot: Snapshot, states: States, potassium: float, expected: tuple[bool, bool]) -> None:
    found = states.derive(case(snapshot, TRIO[0], observations=(lab("potassium", potassium, "mmol/L"),)))
    assert (found["hyperkalaemia"], found["hypokalaemia"]) == expected


def test_without_a_potassium_nobody_says_it_is_normal(snapshot: Snapshot, states: States) -> None:
    old = (lab("potassium", 6.0, "mmol/L", timedelta(days=30)),)
    for observations in (UNKNOWN, (), old):
        found = states.derive(case(snapshot, TRIO[0], observations=observations))
        assert "hyperkalaemia" not in found


def test_aki_by_ratio_and_by_rise(snapshot: Snapshot, states: States) -> None:
    def with_creatinine(*course: tuple[float, int]) -> dict[str, bool]:
        observed = tuple(lab("creatinine", v, "umol/L", timedelta(hours=h)) for v, h in course)
        return states.derive(case(snapshot, TRIO[0], observations=observed))

    assert with_creatinine((80, 100), (125, 1))["aki"] is True  # 1.56 times within 7 days
    assert with_creatinine((100, 40), (127, 1))["aki"] is True  # 27 µmol/L within 48 h
    assert with_creatinine((100, 60), (127, 1))["aki"] is False
    assert "aki" not in with_creatinine((127, 1))


@pytest.mark.parametrize("unit", ["mL/min", "mL/min/1.73m2"])
def test_a_filtration_low_for_three_months_is_chronic_in_either_unit(
    snapshot: Snapshot, states: States, unit: str
) -> None:
    course = (lab("egfr", 50, "mL/min", timedelta(days=100)), lab("egfr", 45, unit))
    found = states.derive(case(snapshot, TRIO[0], observations=course))
    assert (found["ckd-3"], found["ckd-4"]) == (True, False)


def test_a_state_escalates_a_finding_and_says_why(snapshot: Snapshot, states: States) -> None:
    observed = (lab("creatinine", 80, "umol/L", timedelta(hours=90)), lab("creatinine", 160, "umol/L"))
    sick = case(snapshot, *TRIO, states=states, observations=observed)
    mild = Finding("interaction", "r", "1", Severity.MODERATE, "布洛芬 + 缬沙坦", "原因。", ("o1", "o2"))
    (escalated,) = states.apply(Review("r", (mild,)), sick).findings
    assert escalated.severity is Severity.MAJOR
    assert "急性肾损伤" in escalated.detail
    (same,) = states.apply(Review("r", (mild,)), case(snapshot, *TRIO, states=states)).findings
    assert same is mild


def test_a_dose_remark_on_a_forbidden_drug_is_not_shown(snapshot: Snapshot, states: States) -> None:
    forbidden = Finding("renal", "r1", "1", Severity.CONTRAINDICATED, "禁用", "", ("o1",))
    dose = Finding("dose", "r2", "1", Severity.MODERATE, "超量", "", ("o1",))
    elsewhere = Finding("dose", "r3", "1", Severity.MODERATE, "超量", "", ("o2",))
    answer = states.apply(Review("r", (forbidden, dose, elsewhere)), case(snapshot, *TRIO, states=states))
    assert [f.rule_id for f in answer.findings] == ["r1", "r3"]
    assert answer.suppressed[0].finding.rule_id == "r2"


def test_when_the_engine_fails_findings_stand_and_the_failure_is_counted(
    snapshot: Snapshot, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> object:
        raise ChainError("gone")

    mild = Finding("interaction", "r", "1", Severity.MODERATE, "布洛芬 + 缬沙坦", "", ("o1", "o2"))
    broken = States.start()
    monkeypatch.setattr(broken._chain, "fire", fails)
    before = COUNTERS.faults["states"]
    answer = broken.apply(Review("r", (mild,)), case(snapshot, *TRIO, states=broken))
    assert answer.findings == (mild,)
    assert answer.faults
    assert COUNTERS.faults["states"] > before


def test_when_facts_cannot_be_made_states_are_unknown_and_the_review_stands(
    snapshot: Snapshot, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Case) -> object:
        raise ValueError("血肌酐超出适用范围")

    mild = Finding("interaction", "r", "1", Severity.MODERATE, "布洛芬 + 缬沙坦", "", ("o1", "o2"))
    monkeypatch.setattr("rules.states._facts", fails)
    before = COUNTERS.faults["states"]
    answer = states.apply(Review("r", (mild,)), case(snapshot, *TRIO, states=states))
    assert answer.findings == (mild,)
    assert answer.states == ()
    assert COUNTERS.faults["states"] == before + 1


def test_without_the_engine_states_are_unknown_and_nothing_changes(snapshot: Snapshot) -> None:
    absent = States(None)
    mild = Finding("interaction", "r", "1", Severity.MODERATE, "布洛芬 + 缬沙坦", "", ("o1",))
    assert absent.derive(case(snapshot, *TRIO)) == {}
    assert absent.apply(Review("r", (mild,)), case(snapshot, *TRIO)).findings == (mild,)
