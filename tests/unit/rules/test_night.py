"""After midnight in China it is another day there while it is the day before in UTC: courses end and begin by China's."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clinical.coded import Coded, china_day
from clinical.order import Order, OrderKind, OrderStatus
from clinical.patient import PatientContext
from exchange.fhir.context import read_orders
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.engine import review
from rules.model import Case
from tests.case_tables import ALL_FAMILIES

EVENING = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)
STOP = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("now", "taken"), [(EVENING, True), (NIGHT, False)], ids=["its last evening", "after midnight"]
)
def test_a_drug_is_taken_until_the_end_of_its_last_day(snapshot: Snapshot, now: datetime, taken: bool) -> None:
    ibuprofen = Order("m", OrderKind.DRUG, Coded("布洛芬片"), OrderStatus.ACTIVE, start=date(2026, 11, 20), stop=STOP)
    patient = PatientContext("P", now, medications=(ibuprofen,), allergies=(), conditions=())
    draft = Order("o", OrderKind.DRUG, Coded("布洛芬缓释胶囊"), OrderStatus.DRAFT, start=china_day(now))
    patient, orders, _ = Terminology(snapshot).resolve(patient, (draft,))
    found = review(Case(patient, orders, snapshot, china_day(now)), ALL_FAMILIES)
    assert any(finding.family == "duplicate-therapy" for finding in found.findings) is taken


@pytest.mark.parametrize(
    "written", ["2026-11-26T00:30:00+08:00", "2026-11-25T16:30:00Z", "2026-11-26T00:30:00", "2026-11-26"]
)
def test_the_day_of_an_order_is_chinas_whatever_zone_its_time_is_told_in(written: str) -> None:
    resource = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "authoredOn": written,
        "medicationCodeableConcept": {"text": "布洛芬片"},
    }
    order, *_ = read_orders({"resourceType": "Bundle", "entry": [{"resource": resource}]}, "context.draftOrders")
    assert order.start == date(2026, 11, 26)
