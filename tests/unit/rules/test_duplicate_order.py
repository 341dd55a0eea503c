"""The same order again: said once beside duplicate therapy, and by what another institution told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from base.plugins import discover
from clinical.coded import Coded, Origin
from clinical.order import Dosage, Order, OrderKind, OrderStatus
from clinical.patient import PatientContext, Sex, Visit
from clinical.quantity import Quantity
from clinical.value import replace
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.families.duplicate_order import FAMILY
from rules.model import Case, Family
from rules.partial import review_in_part
from tests.case_tables import shown

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
ONCE_A_DAY = Dosage(Quantity(5, "mg"), "口服", 1.0, duration_days=30.0, frequency_text="qd")
DRAFT = Order("o", OrderKind.DRUG, Coded("苯磺酸氨氯地平片"), dosage=ONCE_A_DAY)
TOLD = replace(
    DRAFT,
    id="league/x/MedicationRequest/1",
    status=OrderStatus.ACTIVE,
    start=date(2026, 11, 20),
    stop=date(2026, 12, 19),
    origin=Origin("league/x/MedicationRequest/1", NOW, "乙县中医医院"),
)
PATIENT = PatientContext(
    *("P", NOW, Sex.MALE, date(1960, 1, 1)),
    medications=(TOLD,),
    institution="甲县人民医院",
    visit=Visit.OUTPATIENT,
)


def case(snapshot: Snapshot, patient: PatientContext, *orders: Order, focus: frozenset[str] = frozenset()) -> Case:
    context, resolved, _ = Terminology(snapshot).resolve(patient, orders)
    return Case(context, resolved, snapshot, NOW.date(), focus)


@pytest.mark.parametrize("text", ["奥美拉唑肠溶胶囊", "逍遥丸"])
def test_two_identical_lines_are_one_card(snapshot: Snapshot, text: str) -> None:
    """Whether duplicate therapy speaks of them too or passes over what is in them."""
    line: dict[str, Any] = {"text": text, "dose": 20, "unit": "mg", "route": "口服", "frequency": "qd", "days": 7}
    patient = {"id": "P", "sex": "女", "birthDate": "1980-01-01", "medications": []}
    found = shown(snapshot, {"patient": patient, "orders": [{"id": "a", **line}, {"id": "b", **line}]})
    twice = [f for f in found if f.family in ("duplicate-order", "duplicate-therapy")]
    assert [set(f.orders) for f in twice] == [{"a", "b"}]


def test_what_another_institution_told_alerts_although_the_list_was_not_sent(snapshot: Snapshot) -> None:
    families = tuple(discover("rules.families", "FAMILY", Family).values())
    found = review_in_part(case(snapshot, PATIENT, DRAFT), families, ("medications",))
    (said,) = [f for f in found.findings if f.family == "duplicate-order"]
    assert "乙县中医医院" in said.summary
    assert TOLD.origin.reference in {datum.reference for datum in said.data}


def test_only_what_the_user_works_on_alerts(snapshot: Snapshot) -> None:
    assert not list(FAMILY.check(case(snapshot, PATIENT, DRAFT, focus=frozenset({"other"}))))
    assert list(FAMILY.check(case(snapshot, PATIENT, DRAFT, focus=frozenset({"o"}))))


def test_the_order_itself_by_the_number_of_another_system_is_none_of_its_own(snapshot: Snapshot) -> None:
    origin = Origin("other/1", NOW, PATIENT.institution)
    same = replace(TOLD, origin=origin)
    draft = replace(DRAFT, origin=Origin("MedicationRequest/o", NOW, PATIENT.institution))
    patient = replace(PATIENT, medications=(same,))
    assert not list(FAMILY.check(case(snapshot, patient, draft)))
    later = replace(draft, origin=replace(draft.origin, time=NOW.replace(hour=3)))
    assert list(FAMILY.check(case(snapshot, patient, later)))
