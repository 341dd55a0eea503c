"""A limit that a label states in days counts days, also of a child that a short February has made a month old."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clinical.coded import Coded
from clinical.order import Dosage, Order, OrderKind, OrderStatus
from clinical.patient import PatientContext
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.engine import review
from rules.model import Case
from tests.case_tables import ALL_FAMILIES


@pytest.mark.parametrize(
    ("born", "day", "newborn"),
    [
        pytest.param(date(2026, 2, 1), date(2026, 3, 1), True, id="28 days and a month"),
        pytest.param(date(2026, 2, 1), date(2026, 3, 2), False, id="29 days and a month"),
        pytest.param(date(2028, 2, 1), date(2028, 2, 29), True, id="28 days, leap year"),
        pytest.param(date(2028, 2, 1), date(2028, 3, 1), False, id="29 days and a month, leap year"),
    ],
)
def test_ceftriaxone_and_calcium_are_kept_apart_altogether_in_the_first_28_days(
    snapshot: Snapshot, born: date, day: date, newborn: bool
) -> None:
    patient = PatientContext("P", datetime(day.year, day.month, day.day, 4, tzinfo=UTC), birth_date=born)
    drafts = tuple(
        Order(name, OrderKind.DRUG, Coded(name), OrderStatus.DRAFT, dosage=Dosage(route="静脉滴注"))
        for name in ("注射用头孢曲松钠 1g", "10%葡萄糖酸钙注射液(10ml:1g)")
    )
    patient, orders, _ = Terminology(snapshot).resolve(patient, drafts)
    found = review(Case(patient, orders, snapshot, day), ALL_FAMILIES).findings
    assert any(one.family == "iv-compatibility" and "不同管路也不可" in one.summary for one in found) is newborn
