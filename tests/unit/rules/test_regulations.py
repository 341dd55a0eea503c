"""What the families about law and payment rest on: names that the release knows, days that orders cover."""

from __future__ import annotations

from typing import Any

import pytest

from clinical.coded import Coded
from clinical.logic import UNKNOWN
from clinical.order import Dosage, Ingredient, Order, OrderKind
from clinical.quantity import Quantity
from knowledge.model import ConceptKind, Predicate
from knowledge.snapshot import Snapshot
from rules.families.controlled_substance import FAMILY as CONTROLLED
from rules.regulations import LONG_TERM, MALIGNANCY, supply_days
from tests.case_tables import reviewed


def test_diseases_named_in_code_are_in_the_release(snapshot: Snapshot) -> None:
    assert sorted(d for d in {*LONG_TERM, MALIGNANCY} if snapshot.concept(d) is None) == []


def test_diseases_and_tests_of_payment_limits_are_in_the_release(snapshot: Snapshot) -> None:
    for s in snapshot.all_statements():
        if s.predicate is Predicate.INSURANCE_LIMIT:
            for name in s.qualifiers.get("diseases", ()):
                assert snapshot.by_name(name, ConceptKind.DISEASE), (snapshot.name(s.subject), name)
            if "lab" in s.qualifiers:
                assert snapshot.by_name(s.qualifiers["lab"], ConceptKind.LAB)
                assert {"lab_below", "lab_unit"} <= s.qualifiers.keys()


def _order(quantity: Quantity | None, dose: Quantity | None, times: float | None, **given: Any) -> Order:
    dosage = Dosage(
        dose=UNKNOWN if dose is None else dose,
        times_per_day=UNKNOWN if times is None else times,
        as_needed=bool(given.get("as_needed")),
    )
    parts = (Ingredient("ingredient:x", given.get("amount", UNKNOWN)),)
    dispensed = UNKNOWN if quantity is None else quantity
    return Order("o", OrderKind.DRUG, Coded("某片"), ingredients=parts, dosage=dosage, quantity=dispensed)


@pytest.mark.parametrize(
    ("order", "days"),
    [
        (_order(Quantity(20, "片"), Quantity(1, "片"), 2), 10),
        (_order(Quantity(20, "片"), Quantity(10, "mg"), 2, amount=Quantity(5, "mg")), 5),
        (_order(Quantity(1, "g"), Quantity(100, "mg"), 1), 10),
        (_order(Quantity(2, "盒"), Quantity(1, "片"), 2), UNKNOWN),
        (_order(Quantity(20, "片"), Quantity(1, "片"), 2, as_needed=True), UNKNOWN),
        (_order(None, Quantity(1, "片"), 2), UNKNOWN),
        (_order(Quantity(20, "片"), None, 2), UNKNOWN),
    ],
)
def test_days_follow_from_what_is_dispensed_only_in_one_unit(order: Order, days: float) -> None:
    assert supply_days(order) == days


def test_one_gap_however_many_orders_it_concerns(snapshot: Snapshot) -> None:
    drugs = ("盐酸吗啡片", "盐酸羟考酮缓释片")
    orders = [
        {"id": f"o{n}", "text": text, "dose": 10, "unit": "mg", "route": "口服", "frequency": "q12h", "days": 3}
        for n, text in enumerate(drugs)
    ]
    review = reviewed(snapshot, CONTROLLED, {"patient": {"id": "p", "conditions": []}, "orders": orders})
    assert {gap.needed: gap.orders for gap in review.gaps} == {
        "controlled-authority": ("o0", "o1"),
        "visit": ("o0", "o1"),
    }
