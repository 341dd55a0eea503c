"""A list of which only a part is known: what is there alerts, what is not there proves nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from base.plugins import discover
from clinical.coded import Coded, Origin
from clinical.finding import Review
from clinical.order import Order, OrderKind, OrderStatus
from clinical.patient import Condition, Observation, PatientContext, Sex
from clinical.quantity import Quantity
from clinical.value import replace
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.engine import review
from rules.model import Case, Family
from rules.partial import BY_PRESENCE, LISTS, review_in_part

NOW = datetime(2026, 5, 4, tzinfo=UTC)
FAMILIES = tuple(discover("rules.families", "FAMILY", Family).values())
SENT = PatientContext("P", NOW, Sex.MALE, date(1950, 1, 1), medications=(), allergies=(), conditions=())
ELSEWHERE = Origin("league/x/Thing/1", NOW, "乙县中医医院")


def drug(text: str, status: OrderStatus = OrderStatus.DRAFT, origin: Origin = Origin()) -> Order:
    return Order(origin.reference or text, OrderKind.DRUG, Coded(text), status, origin=origin)


def judged(snapshot: Snapshot, patient: PatientContext, order: Order, *partial: str) -> Review:
    context, orders, _ = Terminology(snapshot).resolve(patient, (order,))
    return review_in_part(Case(context, orders, snapshot, NOW.date()), FAMILIES, partial)


def families(found: Review) -> set[str]:
    return {finding.family for finding in found.findings}


def test_families_and_lists_are_named_as_they_are() -> None:
    assert {family.name for family in FAMILIES} >= BY_PRESENCE
    assert set(LISTS) <= set(PatientContext.__struct_fields__)


def test_a_drug_that_another_hospital_gives_alerts_and_the_list_stays_missing(snapshot: Snapshot) -> None:
    warfarin = drug("华法林钠片", OrderStatus.ACTIVE, ELSEWHERE)
    found = judged(snapshot, replace(SENT, medications=(warfarin,)), drug("布洛芬缓释胶囊"), "medications")
    assert "interaction" in families(found)
    assert ("interaction", "medications") in {(gap.family, gap.needed) for gap in found.gaps}


def test_a_measured_value_of_another_hospital_is_known(snapshot: Snapshot) -> None:
    """Whether there is a creatinine does not hang on the list being whole."""
    creatinine = Observation(Coded("血肌酐"), Quantity(420, "umol/L"), ELSEWHERE)
    without = judged(snapshot, replace(SENT, observations=()), drug("盐酸二甲双胍片"), "observations")
    found = judged(snapshot, replace(SENT, observations=(creatinine,)), drug("盐酸二甲双胍片"), "observations")
    assert "egfr" in {gap.needed for gap in without.gaps}
    assert "renal" in families(found)
    assert "egfr" not in {gap.needed for gap in found.gaps if gap.family == "renal"}


@pytest.mark.parametrize("text", ["2型糖尿病", "高血压"])
def test_a_diagnosis_of_another_hospital_proves_no_want_of_an_indication(snapshot: Snapshot, text: str) -> None:
    diagnosis = Condition(Coded(text), origin=ELSEWHERE)
    patient = replace(SENT, conditions=(diagnosis,))
    context, orders, _ = Terminology(snapshot).resolve(patient, (drug("华法林钠片"),))
    whole = review(Case(context, orders, snapshot, NOW.date()), FAMILIES)
    assert "indication" in families(whole)
    assert "indication" not in families(judged(snapshot, patient, drug("华法林钠片"), "conditions"))
