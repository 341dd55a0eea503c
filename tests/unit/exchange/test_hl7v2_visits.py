"""Patients and visits of HL7 v2 messages become FHIR resources."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from exchange.fhir.context import read_context
from tests.hl7v2_samples import (
    CARD,
    OBR,
    PID,
    PV1,
    every,
    message,
    obx,
    one,
    read,
    refused,
    segment,
)

NOW = datetime(2026, 1, 12, tzinfo=UTC)


# -- the patient -----------------------------------------------------------------------


def test_a_patient_has_the_numbers_name_and_ways_to_reach_them() -> None:
    patient = one(read(message("ADT^A28", "EVN|A28", PID)), "Patient")
    by_type = {i["type"]["coding"][0]["code"]: i for i in patient["identifier"]}
    assert by_type["MR"]["value"] == "0001234"
    assert (by_type["NI"]["system"], by_type["NI"]["value"]) == ("urn:oid:2.16.156.10011.1.3", CARD)
    assert by_type["SS"]["value"] == "YB778"
    assert patient["name"][0]["text"] == "张三丰"
    assert patient["gender"] == "male"
    assert patient["telecom"] == [{"system": "phone", "value": "13800000000", "use": "mobile"}]
    assert patient["address"][0]["text"] == "北京北京市朝阳区朝阳路1号"
    assert "meta" not in patient


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [("M", "male"), ("女", "female"), ("1", "male"), ("9", "other"), ("U", "unknown"), ("X", None), ("", None)],
)
def test_sex_is_read_in_codes_and_words_and_never_guessed(sent: str, read_as: str | None) -> None:
    pid = segment("PID", {3: "1^^^HIS^MR", 8: sent})
    assert one(read(message("ADT^A28", pid)), "Patient").get("gender") == read_as


def test_an_identity_card_is_known_by_its_form_and_never_becomes_the_id() -> None:
    parsed = read(message("ADT^A28", segment("PID", {3: f"{CARD}~0001234"})))
    assert parsed.subject == "0001234"
    assert one(parsed, "Patient")["identifier"][0]["system"] == "urn:oid:2.16.156.10011.1.3"
    error = refused(message("ADT^A28", segment("PID", {3: CARD, 5: "张三丰"})))
    assert error.field == "PID-3"
    assert CARD not in str(error)
    assert "张三丰" not in str(error)


def test_a_number_of_an_unknown_type_is_the_last_that_is_taken_and_one_of_a_card_never() -> None:
    assert read(message("ADT^A28", segment("PID", {3: "YB9^^^^YB~77^^^^OPID"}))).subject == "77"
    assert refused(message("ADT^A28", segment("PID", {3: "YB9^^^^YB"}))).field == "PID-3"


def test_a_number_that_fhir_does_not_allow_as_an_id_becomes_one_that_stays_the_same() -> None:
    first, again = (read(message("ADT^A28", segment("PID", {3: "住/00 1^^^HIS^MR"}))).subject for _ in range(2))
    other = read(message("ADT^A28", segment("PID", {3: "住-00-1^^^HIS^MR"}))).subject
    assert first == again != other


def test_a_message_about_something_else_only_mentions_its_patient() -> None:
    patient = one(read(message("ORU^R01", PID, OBR, obx(1, "HGB^血红蛋白", "95"))), "Patient")
    assert patient["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_two_numbers_are_joined() -> None:
    parsed = read(message("ADT^A40", "EVN|A40", PID, "MRG|0009999^^^HIS^MR"))
    assert [(m.survivor, m.retired) for m in parsed.merges] == [("0001234", "0009999")]
    assert refused(message("ADT^A40", PID)).field == "MRG"
    assert refused(message("ADT^A40", PID, "MRG|0001234^^^HIS^MR")).field == "MRG-1"


# -- the visit -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "status"),
    [("A01", "in-progress"), ("A02", "in-progress"), ("A03", "finished"), ("A04", "in-progress"), ("A05", "planned"),
     ("A06", "in-progress"), ("A07", "in-progress"), ("A08", "in-progress"), ("A11", "cancelled"), ("A12", "in-progress"),
     ("A13", "in-progress")],
)  # fmt: skip
def test_an_event_makes_of_a_visit_what_it_is(event: str, status: str) -> None:
    encounter = one(read(message(f"ADT^{event}", f"EVN|{event}", PID, PV1)), "Encounter")
    assert (encounter["id"], encounter["status"]) == ("ZY2026001", status)
    assert encounter["class"]["code"] == "IMP"
    assert encounter["serviceType"]["text"] == "心内科"
    assert [p["individual"]["display"] for p in encounter["participant"]] == ["王医生", "李医生"]
    assert encounter["period"]["start"] == "2026-01-10T08:30:00+08:00"


def test_a_discharge_that_was_cancelled_has_no_end() -> None:
    left = PV1 + "|20260115100000"
    assert "end" in one(read(message("ADT^A03", PID, left)), "Encounter")["period"]
    assert "end" not in one(read(message("ADT^A13", PID, left)), "Encounter")["period"]
    assert one(read(message("ADT^A08", PID, left)), "Encounter")["status"] == "finished"


def test_a_visit_needs_a_number() -> None:
    assert refused(message("ADT^A01", PID, "PV1|1|I")).field == "PV1-19"
    assert refused(message("ADT^A01", PID)).field == "PV1"
    assert not every(read(message("ADT^A31", PID, "PV1|1|N")), "Encounter")


def test_diagnoses_and_allergies_reach_the_doctor_as_conditions_and_allergies() -> None:
    raw = message(
        "ADT^A01",
        PID,
        PV1,
        "DG1|1||I10.x00^原发性高血压^I10||20260110|F",
        "DG1|2||^心悸待查|||A",
        "AL1|1|DA|^青霉素|SV|^皮疹~^休克|20200101",
        "AL1|2|FA|^否认食物过敏",
    )
    parsed = read(raw)
    prefetch = {
        "patient": one(parsed, "Patient"),
        "encounter": one(parsed, "Encounter"),
        "conditions": bundle(every(parsed, "Condition")),
        "allergies": bundle(every(parsed, "AllergyIntolerance")),
    }
    patient = read_context({"patientId": parsed.subject}, prefetch, NOW).context
    assert patient.birth_date == datetime(1949, 12, 31).date()
    assert patient.institution == "县人民医院"
    assert patient.department == "心内科"
    assert isinstance(patient.conditions, tuple)
    assert [(c.what.text, [x.value for x in c.what.codes]) for c in patient.conditions] == [
        ("原发性高血压", ["I10.x00"]),
        ("心悸待查", []),
    ]
    assert isinstance(patient.allergies, tuple)
    assert [(a.what.text, a.reactions, a.severe) for a in patient.allergies] == [("青霉素", ("皮疹", "休克"), True)]


def bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]}


def test_a_diagnosis_does_not_stand_in_its_id_and_keeps_it() -> None:
    first, second = (
        one(read(message("ADT^A08", PID, PV1, f"DG1|1||B20^艾滋病^I10||{day}")), "Condition")["id"]
        for day in ("20260110", "20260111")
    )
    assert first == second
    assert "B20" not in first


def test_what_the_sender_deletes_is_deleted() -> None:
    dg1 = segment("DG1", {1: "1", 3: "I10^高血压^I10", 21: "D"})
    parsed = read(message("ADT^A08", PID, PV1, dg1, "IAM|1|DA|^青霉素|||D"))
    assert not every(parsed, "Condition")
    assert {d.partition("/")[0] for d in parsed.deletions} == {"Condition", "AllergyIntolerance"}


def test_vital_signs_of_an_admission_are_observations() -> None:
    found = one(
        read(message("ADT^A01", "EVN|A01|202601100830", PID, PV1, "OBX|1|NM|8302-2^身高^LN||172|cm|||||F")),
        "Observation",
    )
    assert found["valueQuantity"] == {"value": 172.0, "unit": "cm"}
    assert found["effectiveDateTime"] == "2026-01-10T08:30:00+08:00"
