"""Draft orders as systems send them: without ids, with ids that stand twice, with figures nobody gives."""

from __future__ import annotations

from typing import Any

import pytest

from api.cards import render
from clinical.logic import UNKNOWN
from clinical.order import Order
from clinical.patient import Pregnancy, Sex
from exchange.fhir.context import ReadError, read_bundle, read_context, read_orders
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.engine import review
from rules.model import Case
from tests.case_tables import ALL_FAMILIES, NOW


def draft(text: str, dose: float = 1, **members: Any) -> dict[str, Any]:
    amount = {"doseQuantity": {"value": dose, "unit": "mg"}}
    return {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"text": text},
        "dosageInstruction": [{"doseAndRate": [amount]}],
        **members,
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}


def orders(*resources: dict[str, Any]) -> list[Order]:
    return list(read_orders(bundle(*resources), "context.draftOrders"))


def test_orders_without_ids_are_told_apart_the_same_way_each_time() -> None:
    first = orders(draft("华法林钠片"), draft("布洛芬片"), draft("布洛芬片"))
    assert len({order.id for order in first}) == 3
    assert [o.id for o in first] == [o.id for o in orders(draft("华法林钠片"), draft("布洛芬片"), draft("布洛芬片"))]


def test_two_drugs_ordered_without_ids_still_alert_and_no_action_names_an_order_nobody_has(
    snapshot: Snapshot,
) -> None:
    hook = {"patientId": "1", "draftOrders": bundle(draft("华法林钠片"), draft("布洛芬片", 200))}
    incoming = read_context(hook, {}, NOW)
    patient, resolved, _ = Terminology(snapshot).resolve(incoming.context, incoming.orders)
    found = review(Case(patient, resolved, snapshot, NOW.date()), ALL_FAMILIES)
    pairs = [f for f in found.findings if f.family == "interaction" and len(f.orders) == 2]
    assert pairs
    cards = render(found, {}, {}, frozenset())
    actions = [a for card in cards for s in card.get("suggestions", ()) for a in s["actions"]]
    assert not [a for a in actions if "resourceId" in a]


def test_an_id_that_stands_twice_is_refused_by_name() -> None:
    with pytest.raises(ReadError) as told:
        orders(draft("华法林钠片", id="a"), draft("布洛芬片", id="a"))
    assert told.value.path == "context.draftOrders.entry[1].resource.id"


def test_a_dose_below_zero_is_no_dose() -> None:
    assert orders(draft("华法林钠片", -3))[0].dosage.dose is UNKNOWN


def test_what_comes_again_says_the_same_each_time_and_what_was_changed_says_so_at_once() -> None:
    def dose(of: float) -> Any:
        taken = bundle(draft("华法林钠片", of, id="a", status="active"))
        medications = read_context({"patientId": "1"}, {"medications": taken}, NOW).context.medications
        assert isinstance(medications, tuple)
        return medications[0].dosage.dose

    assert [dose(2.5).value for _ in range(4)] == [2.5] * 4
    assert [dose(of).value for of in (5, 2.5, 5, 2.5)] == [5, 2.5, 5, 2.5]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"entry": []}, "prefetch.conditions.resourceType"),
        ({"resourceType": "bundle", "entry": []}, "prefetch.conditions.resourceType"),
        ({}, "prefetch.conditions.resourceType"),
        ({"resourceType": "bundle"}, "prefetch.conditions.resourceType"),
        ({"resourceType": "Patient"}, "prefetch.conditions.resourceType"),
        (bundle(bundle()), "prefetch.conditions.entry[0].resource.resourceType"),
        (bundle({"code": {"text": "肾衰"}}), "prefetch.conditions.entry[0].resource.resourceType"),
        ({"resource": {"resourceType": "Condition", "code": 5}}, "prefetch.conditions.resource.code"),
        ({"resource": {"resource": {"resourceType": "Condition"}}}, "prefetch.conditions.resource.resourceType"),
        ({"resourceType": "Condition", "code": 5}, "prefetch.conditions.code"),
        ({"resourceType": "Condition", "status": 5}, "prefetch.conditions.status"),
        (bundle({"resourceType": "Condition"}, {"status": 5}), "prefetch.conditions.entry[1].resource.status"),
        (
            bundle({"resourceType": "Patient"}, {"resourceType": "Condition", "code": 5}),
            "prefetch.conditions.entry[1].resource.code",
        ),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_by_name_and_not_taken_for_no_disease(sent: Any, path: str) -> None:
    with pytest.raises(ReadError) as told:
        read_context({"patientId": "1"}, {"conditions": sent}, NOW)
    assert told.value.path == path


@pytest.mark.parametrize(
    "sent", [draft("华法林钠片"), {"resource": draft("华法林钠片")}, {"resourceType": "OperationOutcome"}]
)
def test_what_is_no_bundle_of_a_prescription_is_refused_by_name(sent: dict[str, Any]) -> None:
    with pytest.raises(ReadError) as told:
        read_bundle(sent, NOW)
    assert told.value.path == "body.resourceType"


@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: {"resource": one}, bundle])
def test_a_patient_is_one_however_it_is_wrapped_and_without_its_type(wrap: Any) -> None:
    context = read_context({"patientId": "1"}, {"patient": wrap({"gender": "female"})}, NOW).context
    assert context.sex is Sex.FEMALE


def test_an_operation_outcome_in_place_of_a_list_leaves_it_unknown_and_one_among_it_says_nothing() -> None:
    outcome = {"resourceType": "OperationOutcome"}
    assert read_context({"patientId": "1"}, {"conditions": outcome}, NOW).context.conditions is UNKNOWN
    among = read_context({"patientId": "1"}, {"conditions": bundle(outcome)}, NOW)
    assert among.context.conditions == ()


def test_a_draft_of_no_kind_is_refused_where_it_stands() -> None:
    nameless = {"id": "a", "medicationCodeableConcept": {"text": "华法林钠片"}}
    with pytest.raises(ReadError) as told:
        orders(draft("布洛芬片"), nameless)
    assert told.value.path == "context.draftOrders.entry[1].resource.resourceType"
    with pytest.raises(ReadError) as told:
        read_bundle(bundle(draft("布洛芬片"), nameless), NOW)
    assert told.value.path == "body.entry[1].resource.resourceType"


@pytest.mark.parametrize(
    ("among", "path"),
    [
        ((draft("布洛芬片") | {"authoredOn": "今天"},), "body.entry[2].resource.authoredOn"),
        (({"resourceType": "Condition", "code": 5}, draft("布洛芬片")), "body.entry[2].resource.code"),
        (({"resourceType": "Observation", "effectiveDateTime": "昨天"},), "body.entry[2].resource.effectiveDateTime"),
        (({"resourceType": "Patient", "birthDate": "正月初一"},), "body.entry[2].resource.birthDate"),
        (
            ({"resourceType": "Encounter", "period": {"start": "早上"}},),
            "body.entry[2].resource.period.start",
        ),
    ],
)
def test_what_cannot_be_read_of_a_prescription_is_named_where_it_stands_in_its_bundle(
    among: tuple[dict[str, Any], ...], path: str
) -> None:
    before = ({"resourceType": "Condition", "code": {"text": "痛风"}}, draft("华法林钠片"))
    with pytest.raises(ReadError) as told:
        read_bundle(bundle(*before, *among), NOW)
    assert told.value.path == path


def test_a_prescription_without_drafts_is_refused_where_they_should_stand() -> None:
    with pytest.raises(ReadError) as told:
        read_bundle(bundle({"resourceType": "Condition", "code": {"text": "痛风"}}), NOW)
    assert told.value.path == "body.entry"


@pytest.mark.parametrize("depth", [300, 2000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    within: dict[str, Any] = {"resourceType": "Medication"}
    for _ in range(depth):
        within = {"resourceType": "Medication", "contained": [within]}
    with pytest.raises(ReadError, match="嵌套过深"):
        orders(draft("华法林钠片", contained=[within]))


def test_a_wrong_field_is_named_where_it_stands_in_what_was_sent() -> None:
    wrong = draft("华法林钠片", authoredOn="gestern")
    referring = {**wrong, "medicationReference": {"reference": "Medication/m"}}
    for order in (wrong, referring):
        for sent, where in (
            (order, ""),
            ({"resource": order}, ".resource"),
            (bundle(order), ".entry[0].resource"),
            ({"resource": bundle(order)}, ".resource.entry[0].resource"),
        ):
            with pytest.raises(ReadError) as told:
                read_orders(sent, "context.medication")
            assert told.value.path == f"context.medication{where}.authoredOn"


def test_a_drug_named_beside_the_orders_is_the_one_that_is_sent_now() -> None:
    order = {"resourceType": "MedicationRequest", "id": "a", "medicationReference": {"reference": "Medication/m"}}
    named = [
        orders(order, {"resourceType": "Medication", "id": "m", "code": {"text": text}})[0].what.text
        for text in ("华法林钠片", "布洛芬片")
    ]
    assert named == ["华法林钠片", "布洛芬片"]


@pytest.mark.parametrize("where", ["supply", "bounds", "gestation"])
def test_a_length_in_a_unit_that_is_no_time_counts_as_not_said(where: str) -> None:
    amount = {"value": 7, "unit": "片"}
    order = draft("华法林钠片")
    if where == "supply":
        order["dispenseRequest"] = {"expectedSupplyDuration": amount}
    if where == "bounds":
        order["dosageInstruction"] = [{"timing": {"repeat": {"boundsDuration": amount}}}]
    observed = [_observed("82810-3", valueString="怀孕"), _observed("18185-9", valueQuantity=amount)]
    read = read_context({"patientId": "1", "draftOrders": bundle(order)}, {"observations": bundle(*observed)}, NOW)
    assert read.orders[0].dosage.duration_days is UNKNOWN
    assert isinstance(read.context.pregnancy, Pregnancy)
    assert read.context.pregnancy.gestational_days is UNKNOWN


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_a_pregnancy_entered_in_error_is_none(status: str) -> None:
    observed = bundle(_observed("82810-3", valueString="怀孕", status=status))
    read = read_context(
        {"patientId": "1", "draftOrders": bundle(draft("华法林钠片"))}, {"observations": observed}, NOW
    )
    assert read.context.pregnancy is UNKNOWN


def _observed(code: str, **members: Any) -> dict[str, Any]:
    loinc = {"coding": [{"system": "http://loinc.org", "code": code}]}
    return {"resourceType": "Observation", "status": "final", "code": loinc, **members}
