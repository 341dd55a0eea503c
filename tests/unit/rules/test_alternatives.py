"""What is offered instead of an order is tried on the patient before it is offered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from base.plugins import discover
from clinical.finding import Finding, Review, Severity, Suggestion
from clinical.patient import PatientContext
from exchange.plain import PlainReview, read
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.alternatives import MOST, vetted
from rules.model import Case, Family

FAMILIES = tuple(discover("rules.families", "FAMILY", Family).values())
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
ORDER = {"id": "o1", "text": "布洛芬片", "dose": 0.3, "unit": "g", "route": "口服", "frequency": "tid"}
KNOWN: dict[str, Any] = {
    "id": "p",
    "sex": "男",
    "birthDate": "1980-01-01",
    "conditions": [],
    "allergies": [],
    "medications": [],
    "observations": [],
    "reports": [],
}


def _offered(
    snapshot: Snapshot, patient: dict[str, Any], *concepts: str, beside: tuple[dict[str, Any], ...] = ()
) -> list[str]:
    plain = msgspec.convert({"patient": KNOWN | patient, "orders": [ORDER, *beside]}, PlainReview, strict=False)
    incoming = read(plain, NOW)
    context, orders, _ = Terminology(snapshot).resolve(incoming.context, incoming.orders)
    names = [snapshot.name(concept) for concept in concepts]
    suggestions = tuple(Suggestion(n, "replace", "o1", c, n) for n, c in zip(names, concepts, strict=True))
    drop = Suggestion("取消", "delete", "o1")
    finding = Finding("interaction", "r", "1", Severity.MAJOR, "s", "", ("o1",), suggestions=(*suggestions, drop))
    case = Case(context, orders, snapshot, NOW.date())
    (kept,) = vetted(Review("rel", (finding,)), case, FAMILIES).findings
    assert kept.suggestions[-1] == drop, "what is not a replacement stays"
    return [s.concept for s in kept.suggestions[:-1]]


def test_a_harmless_alternative_is_offered(snapshot: Snapshot) -> None:
    assert _offered(snapshot, {}, "ingredient:paracetamol") == ["ingredient:paracetamol"]


@pytest.mark.parametrize(
    "patient",
    [
        {"allergies": [{"text": "对乙酰氨基酚"}]},
        {"medications": [{"id": "m", "text": "对乙酰氨基酚片", "route": "口服"}]},
    ],
)
def test_one_that_would_alert_itself_is_not(snapshot: Snapshot, patient: dict[str, Any]) -> None:
    assert _offered(snapshot, patient, "ingredient:paracetamol") == []


def test_one_that_does_not_go_with_another_new_order_is_not(snapshot: Snapshot) -> None:
    """Whatever is ordered together will be taken together."""
    again = {
        "id": "o2",
        "text": "对乙酰氨基酚片",
        "dose": 0.5,
        "unit": "g",
        "route": "口服",
        "frequency": "tid",
        "days": 3,
    }
    assert _offered(snapshot, {}, "ingredient:paracetamol", "ingredient:loratadine", beside=(again,)) == [
        "ingredient:loratadine"
    ]


def test_the_first_safe_ones_are_enough(snapshot: Snapshot) -> None:
    many = ["ingredient:paracetamol", "ingredient:loratadine", "ingredient:cetirizine", "ingredient:omeprazole"]
    assert _offered(snapshot, {}, *many) == many[:MOST]


def test_what_hangs_on_the_orders_is_worked_out_again_for_a_replacement(snapshot: Snapshot) -> None:
    """Families keep what they found of a case's orders; a trial has other orders."""
    patient = PatientContext("p", NOW)
    first, second = (Case(patient, (), snapshot, NOW.date()) for _ in range(2))
    first.once("herbs", lambda: ("黄芪",))
    first.once(("measured", "lab:alt", "U/L", 0), lambda: 40.0)
    second.take_over(first)
    assert second.once("herbs", tuple) == ()
    assert second.once(("measured", "lab:alt", "U/L", 0), lambda: 0.0) == 40.0
