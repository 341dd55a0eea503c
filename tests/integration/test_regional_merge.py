"""What other institutions told beside what was sent: nothing twice, nothing that is over, everything with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import orjson

from api.regional import merged
from clinical.coded import Coded, Origin
from clinical.logic import UNKNOWN, Unknown
from clinical.order import Order, OrderKind, OrderStatus
from clinical.patient import Condition, Observation, PatientContext
from clinical.quantity import Quantity
from records.context import History, Part

NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)
THERE = "league/county-b/hospital-2"
SENT = PatientContext(
    "P",
    NOW,
    conditions=(),
    allergies=(),
    observations=(),
    medications=(),
    reports=(),
    procedures=(),
    institution="甲县人民医院",
)


def told(*resources: dict[str, Any], own: bool = False, name: str = "乙县中医医院") -> History:
    raw = tuple(msgspec.Raw(orjson.dumps({"status": "completed"} | r)) for r in resources)
    return History((Part(THERE, name, own, False, raw),))


def ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def dispensed(local: str, days: float, supply: float | None = 28, text: str = "华法林钠片") -> dict[str, Any]:
    made = {"resourceType": "MedicationDispense", "id": local, "whenHandedOver": ago(days)}
    made["medicationCodeableConcept"] = {"text": text}
    return made if supply is None else made | {"daysSupply": {"value": supply, "unit": "d"}}


def requested(local: str, days: float, status: str = "active", text: str = "华法林钠片") -> dict[str, Any]:
    made = {"resourceType": "MedicationRequest", "id": local, "status": status, "authoredOn": ago(days)}
    return made | {"medicationCodeableConcept": {"text": text}}


def drugs(history: History, sent: PatientContext = SENT) -> list[Order]:
    found, _ = merged(sent, history)
    assert not isinstance(found.medications, Unknown)
    return list(found.medications)


def test_a_fact_of_another_institution_carries_its_place_and_name() -> None:
    (order,) = drugs(told(dispensed("d1", 3)))
    reference = f"{THERE}/MedicationDispense/d1"
    assert (order.id, order.origin.reference, order.origin.institution) == (reference, reference, "乙县中医医院")
    assert order.status is OrderStatus.ACTIVE


def test_an_unregistered_institution_is_named_by_the_report_else_by_its_path() -> None:
    report = {"resourceType": "DiagnosticReport", "id": "r", "code": {"text": "胸部CT"}}
    signed = report | {"performer": [{"reference": "Organization/9", "display": "乙县第二医院"}]}
    for resource, name in ((report, "hospital-2"), (signed, "乙县第二医院")):
        found, _ = merged(SENT, told(resource, name=""))
        assert not isinstance(found.reports, Unknown)
        assert found.reports[0].origin.institution == name


def test_the_last_of_several_courses_counts_and_a_past_one_is_known_as_past() -> None:
    (order,) = drugs(told(dispensed("old", 60), dispensed("new", 5)))
    assert order.id.endswith("/new")
    (past,) = drugs(told(dispensed("old", 60)))
    assert (past.status, past.stop) == (OrderStatus.COMPLETED, date(2026, 4, 1))


def test_a_prescription_that_is_done_lasts_as_long_as_what_was_prescribed() -> None:
    supply = {"dispenseRequest": {"expectedSupplyDuration": {"value": 14, "unit": "d"}}}
    (order,) = drugs(told(requested("r", 5, "completed") | supply))
    assert order.status is OrderStatus.ACTIVE
    (order,) = drugs(told(requested("r", 5, "stopped") | supply))
    assert order.status is OrderStatus.STOPPED


def test_a_drug_of_unknown_supply_is_taken_for_a_month() -> None:
    assert [o.status for o in drugs(told(dispensed("d", 20, None)))] == [OrderStatus.ACTIVE]
    assert drugs(told(dispensed("d", 40, None))) == []
    assert drugs(told(requested("r", 400))) == [], "what a system never closed"


def test_what_was_sent_wins() -> None:
    warfarin = Order("MedicationRequest/1", OrderKind.DRUG, Coded("华法林钠片"), OrderStatus.ACTIVE)
    sent = msgspec.structs.replace(SENT, medications=(warfarin,))
    assert drugs(told(dispensed("d1", 3)), sent) == [warfarin]
    assert len(drugs(told(dispensed("d1", 3, text="地高辛片")), sent)) == 2


def test_a_result_is_told_once_whoever_tells_it() -> None:
    result = Observation(Coded("血钾"), Quantity(4.1, "mmol/L"), Origin("Observation/1", NOW - timedelta(hours=1)))
    sent = msgspec.structs.replace(SENT, observations=(result,))
    same = {"resourceType": "Observation", "id": "x", "status": "final", "code": {"text": "血钾"}}
    same["effectiveDateTime"] = (NOW - timedelta(hours=1)).isoformat()
    other = same | {"id": "y", "effectiveDateTime": ago(3)}
    found, partial = merged(sent, told(same, other))
    assert not isinstance(found.observations, Unknown)
    assert [o.origin.reference for o in found.observations] == ["Observation/1", f"{THERE}/Observation/y"]
    assert not partial


def test_of_its_own_drugs_an_institution_that_sends_a_list_is_the_authority() -> None:
    """An order that its own system forgot to close is not brought back; of a list not sent it is."""
    history = told(requested("r", 3), own=True)
    assert drugs(history) == []
    found, partial = merged(msgspec.structs.replace(SENT, medications=UNKNOWN), history)
    assert not isinstance(found.medications, Unknown)
    assert [o.origin.reference for o in found.medications] == ["MedicationRequest/r"]
    assert found.medications[0].origin.institution == "甲县人民医院"
    assert partial == {"medications"}


def test_old_acute_diagnoses_are_no_reason_for_anything_today() -> None:
    acute = {"resourceType": "Condition", "id": "1", "code": {"text": "社区获得性肺炎"}, "recordedDate": ago(150)}
    lasting = {"resourceType": "Condition", "id": "2", "code": {"text": "2型糖尿病"}, "recordedDate": ago(150)}
    found, _ = merged(SENT, told(acute, lasting))
    assert [c.what.text for c in found.conditions if isinstance(c, Condition)] == ["2型糖尿病"]  # type: ignore[union-attr]


def test_a_diagnosis_that_was_entered_in_error_is_none() -> None:
    wrong = {"resourceType": "Condition", "id": "1", "code": {"text": "2型糖尿病"}, "recordedDate": ago(2)}
    void = {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
    assert merged(SENT, told(wrong | void))[0] is SENT
    assert merged(SENT, told(wrong))[0] is not SENT


def test_one_resource_that_cannot_be_read_takes_no_other_along() -> None:
    wrong = {"resourceType": "Condition", "id": "1", "code": {"text": 7}}
    right = {"resourceType": "Condition", "id": "2", "code": {"text": "2型糖尿病"}, "recordedDate": ago(2)}
    found, _ = merged(SENT, told(wrong, right))
    assert not isinstance(found.conditions, Unknown)
    assert len(found.conditions) == 1


def test_where_nothing_is_told_nothing_changes() -> None:
    assert merged(SENT, History())[0] is SENT
    assert merged(SENT, told())[0] is SENT
