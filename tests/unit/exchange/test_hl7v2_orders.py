"""Orders, results, appointments and documents of HL7 v2 messages become FHIR resources."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from clinical.order import OrderStatus
from clinical.quantity import Quantity
from exchange.fhir.orders import read_order
from exchange.fhir.shapes import Resource, shaped
from tests.hl7v2_samples import (
    OBR,
    ORC,
    PID,
    PV1,
    RXE,
    RXR,
    every,
    message,
    obx,
    one,
    read,
    refused,
    segment,
)

NOW = datetime(2026, 1, 12, tzinfo=UTC)


# -- orders ----------------------------------------------------------------------------


def order_of(resource: dict[str, Any]) -> Any:
    return read_order(shaped(resource, Resource, "x"), {})


def test_a_prescription_is_understood_as_order_entry_understands_one() -> None:
    parsed = read(message("RDE^O11", PID, PV1, ORC, RXE, RXR))
    order = order_of(one(parsed, "MedicationRequest"))
    assert order.what.text == "盐酸二甲双胍片"
    assert order.status is OrderStatus.ACTIVE
    assert order.dosage.dose == Quantity(0.5, "g")
    assert (order.dosage.times_per_day, order.dosage.route, order.dosage.duration_days) == (2, "口服", 7)
    assert order.quantity == Quantity(14, "片")
    assert (order.group, order.prescriber) == ("G9", "王医生")
    assert (order.start, order.stop) == (datetime(2026, 1, 11).date(), datetime(2026, 1, 17).date())


@pytest.mark.parametrize(
    ("control", "state", "status"),
    [("NW", "", "active"), ("CA", "", "cancelled"), ("DC", "", "stopped"), ("HD", "", "on-hold"), ("RL", "", "active"),
     ("SC", "CM", "completed"), ("SC", "DC", "stopped"), ("DE", "", "entered-in-error"), ("CA", "IP", "cancelled")],
)  # fmt: skip
def test_a_drug_that_is_cancelled_or_stopped_is_no_longer_taken(control: str, state: str, status: str) -> None:
    orc = segment("ORC", {1: control, 2: "P100", 5: state})
    assert one(read(message("RDE^O11", PID, orc, RXE)), "MedicationRequest")["status"] == status


def test_newer_timing_segments_say_the_same_as_the_old_field() -> None:
    rxe = segment("RXE", {2: "^阿莫西林胶囊", 3: "2", 5: "粒"})
    tq1 = segment("TQ1", {3: "q8h", 6: "5^天", 7: "20260111", 9: "S", 11: "空腹"})
    order = order_of(
        one(read(message("RDE^O11", PID, ORC, tq1, rxe, "RXR|^口服", version="2.5.1")), "MedicationRequest")
    )
    assert (order.dosage.dose, order.dosage.times_per_day, order.dosage.duration_days) == (Quantity(2, "粒"), 3, 5)
    assert order.urgent


def test_a_drug_as_needed_says_so() -> None:
    rxe = segment("RXE", {1: "^prn", 2: "^布洛芬片", 3: "0.2", 5: "g", 7: "^疼痛时服"})
    assert order_of(one(read(message("RDE^O11", PID, ORC, rxe)), "MedicationRequest")).dosage.as_needed


def test_what_is_mixed_into_one_bag_is_one_group() -> None:
    rxe = segment("RXE", {1: "^qd", 2: "^头孢曲松钠", 3: "2", 5: "g"})
    raw = message(
        "RDE^O11", PID, "ORC|NW|P7", rxe, "RXR|^静脉滴注", "RXC|B|^0.9%氯化钠注射液|100|ml", "RXC|A|^头孢曲松钠|2|g"
    )
    orders = [order_of(r) for r in every(read(raw), "MedicationRequest")]
    assert [o.what.text for o in orders] == ["头孢曲松钠", "0.9%氯化钠注射液"]
    assert {o.group for o in orders} == {"P7"}
    assert {o.dosage.route for o in orders} == {"静脉滴注"}
    assert orders[1].dosage.dose == Quantity(100, "ml")


def test_a_dispense_says_what_was_handed_out_and_for_how_long() -> None:
    raw = message(
        "RDS^O13", PID, PV1, ORC, RXE, RXR, "RXD|1|86900001^盐酸二甲双胍片|20260111103000|14|片||RX1|||2001^赵^药师"
    )
    given_out = one(read(raw), "MedicationDispense")
    assert (given_out["status"], given_out["whenHandedOver"]) == ("completed", "2026-01-11T10:30:00+08:00")
    assert given_out["quantity"] == {"value": 14.0, "unit": "片"}
    assert given_out["daysSupply"] == {"value": 7, "unit": "d"}
    assert order_of(given_out).dosage.route == "口服"
    assert [p["actor"]["display"] for p in given_out["performer"]] == ["赵药师", "县人民医院"]


@pytest.mark.parametrize(
    ("kind", "section", "order_kind"),
    [
        ("ORM^O01", "CT", "exam"),
        ("OMG^O19", "检查", "exam"),
        ("OML^O21", "", "lab"),
        ("ORM^O01", "LAB", "lab"),
        ("OMG^O19", "手术", "procedure"),
    ],
)
def test_a_request_says_what_kind_of_service_is_wanted(kind: str, section: str, order_kind: str) -> None:
    obr = segment("OBR", {1: "1", 2: "P100", 4: "X1^胸部CT平扫^L", 5: "S", 24: section, 31: "^咳嗽两周"})
    order = order_of(one(read(message(kind, PID, PV1, ORC, obr)), "ServiceRequest"))
    assert (order.kind.value, order.what.text, order.prescriber, order.urgent) == (
        order_kind,
        "胸部CT平扫",
        "王医生",
        True,
    )
    assert [r.text for r in order.reason] == ["咳嗽两周"]


def test_several_items_of_one_form_are_several_requests() -> None:
    items = [segment("OBR", {2: "P100", 4: f"T{n}^项目{n}"}) for n in (1, 2)]
    assert [r["id"] for r in every(read(message("OML^O21", PID, ORC, *items)), "ServiceRequest")] == [
        "P100.T1",
        "P100.T2",
    ]


def test_an_order_needs_its_number_and_what_is_ordered() -> None:
    assert refused(message("RDE^O11", PID, "ORC|NW", RXE)).field == "ORC-2"
    assert refused(message("RDE^O11", PID, "ORC|CA|P1")).field == "ORC-1"
    assert refused(message("RDE^O11", PID, ORC, segment("RXE", {3: "1"}))).field == "RXE-2"
    assert refused(message("RDE^O11", PID, ORC, segment("RXE", {2: "^a", 3: "一片"}))).field == "RXE-3"
    assert refused(message("ORM^O01", PID)).field == "ORC"
    assert refused(message("OML^O21", PID, ORC, segment("OBR", {4: ""}) + "|")).field == "OBR-4"


# -- results ---------------------------------------------------------------------------


def test_a_result_has_value_unit_range_flag_and_who_found_it() -> None:
    raw = message(
        "ORU^R01", PID, PV1, OBR, obx(1, "HGB^血红蛋白^L^718-7^Hemoglobin^LN", "95", flag="L"), "NTE|1||标本轻度溶血"
    )
    parsed = read(raw)
    found = one(parsed, "Observation")
    assert found["valueQuantity"] == {"value": 95.0, "unit": "g/L"}
    assert found["referenceRange"] == [{"text": "130-175", "low": {"value": 130.0}, "high": {"value": 175.0}}]
    assert found["interpretation"][0]["coding"][0]["code"] == "L"
    assert [(c["system"], c["code"]) for c in found["code"]["coding"]] == [
        ("L", "HGB"),
        ("http://loinc.org", "718-7"),
    ]
    assert found["performer"][0]["display"] == "县人民医院"
    assert found["note"] == [{"text": "标本轻度溶血"}]
    assert found["category"][0]["coding"][0]["code"] == "laboratory"
    report = one(parsed, "DiagnosticReport")
    assert (report["id"], report["status"], report["specimen"]) == ("R200", "final", [{"display": "血清"}])
    assert report["result"] == [{"reference": f"Observation/{found['id']}"}]


@pytest.mark.parametrize(
    ("kind", "value", "unit", "read_as"),
    [
        ("NM", "5.6", "mmol/L", {"valueQuantity": {"value": 5.6, "unit": "mmol/L"}}),
        ("ST", "5.6", "mmol/L", {"valueQuantity": {"value": 5.6, "unit": "mmol/L"}}),
        ("ST", "<0.01", "ng/mL", {"valueQuantity": {"value": 0.01, "comparator": "<", "unit": "ng/mL"}}),
        ("ST", "≥1000", "U/L", {"valueQuantity": {"value": 1000, "comparator": ">=", "unit": "U/L"}}),
        ("SN", "<^5", "mg/L", {"valueQuantity": {"value": 5, "comparator": "<", "unit": "mg/L"}}),
        ("SN", "^1^:^128", "", {"valueString": "1:128"}),
        ("ST", "阳性(+)", "", {"valueString": "阳性(+)"}),
        ("ST", "0", "", {"valueString": "0"}),
        ("NM", "0", "g/L", {"valueQuantity": {"value": 0, "unit": "g/L"}}),
        (
            "CE",
            "POS^阳性^L",
            "",
            {"valueCodeableConcept": {"text": "阳性", "coding": [{"system": "L", "code": "POS", "display": "阳性"}]}},
        ),
        ("DT", "20260101", "", {"valueDateTime": "2026-01-01"}),
        ("TX", "第一行~第二行", "", {"valueString": "第一行\n第二行"}),
        ("NM", "", "g/L", {}),
        ("NM", '""', "g/L", {}),
    ],
)
def test_a_value_is_read_after_its_type(kind: str, value: str, unit: str, read_as: dict[str, Any]) -> None:
    found = one(read(message("ORU^R01", PID, OBR, obx(1, "X^项目", value, kind, unit))), "Observation")
    assert {k: v for k, v in found.items() if k.startswith("value")} == read_as
    assert ("dataAbsentReason" in found) == (not read_as)


def test_a_number_that_is_none_is_refused_with_its_place_and_without_its_value() -> None:
    error = refused(message("ORU^R01", PID, OBR, obx(1, "A^甲", "5"), obx(2, "B^乙", "张三丰")))
    assert error.field == "OBX[2]-5"
    assert "张三丰" not in str(error)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("F", "final"),
        ("C", "corrected"),
        ("P", "preliminary"),
        ("X", "cancelled"),
        ("W", "entered-in-error"),
        ("", "final"),
        ("?", "unknown"),
    ],
)
def test_a_result_says_how_final_it_is(sent: str, status: str) -> None:
    assert (
        one(read(message("ORU^R01", PID, OBR, obx(1, "A^甲", "5", status=sent))), "Observation")["status"] == status
    )


def test_a_result_that_was_taken_back_is_deleted_by_the_id_it_had() -> None:
    first = read(message("ORU^R01", PID, OBR, obx(1, "A^甲", "5"), obx(2, "B^乙", "6")))
    then = read(message("ORU^R01", PID, OBR, obx(1, "A^甲", "5"), obx(2, "B^乙", "6", status="D")))
    assert then.deletions == (f"Observation/{every(first, 'Observation')[1]['id']}",)
    assert len(every(then, "Observation")) == 1


def test_a_report_that_comes_again_replaces_itself() -> None:
    first = read(message("ORU^R01", PID, OBR, obx(1, "A^甲", "5"), number="1"))
    again = read(message("ORU^R01", PID, OBR, obx(1, "A^甲", "6", status="C"), number="2"))
    assert [r["id"] for r in first.resources] == [r["id"] for r in again.resources]


def test_two_reports_of_one_number_and_two_values_of_one_test_are_told_apart() -> None:
    parsed = read(
        message(
            "ORU^R01",
            PID,
            OBR,
            obx(1, "A^甲", "5"),
            obx(2, "A^甲", "6"),
            OBR.replace("XHS", "SH"),
            obx(1, "A^甲", "7"),
        )
    )
    assert len(every(parsed, "Observation")) == 3
    assert [r["id"] for r in every(parsed, "DiagnosticReport")] == ["R200.XHS", "R200.SH"]


def test_what_an_examination_concludes_is_its_conclusion() -> None:
    obr = segment("OBR", {3: "CT1", 4: "CT^胸部CT", 7: "20260111", 24: "CT"})
    raw = message(
        "ORU^R01", PID, obr, "OBX|1|FT|F^影像所见||双肺纹理增多||||||F", "OBX|2|FT|I^诊断印象||支气管炎||||||F"
    )
    report = one(read(raw), "DiagnosticReport")
    assert report["conclusion"] == "支气管炎"
    assert report["category"][0]["coding"][0]["code"] == "imaging"


def test_a_pdf_is_kept_by_reference() -> None:
    content = b64encode(b"%PDF-1.4 ...").decode()
    report = one(
        read(message("ORU^R01", PID, OBR, f"OBX|1|ED|PDF^报告||^application^pdf^Base64^{content}||||||F")),
        "DiagnosticReport",
    )
    form = report["presentedForm"][0]
    assert (form["contentType"], form["size"]) == ("application/pdf", 12)
    assert form["url"].startswith("ni:///sha-256;")
    assert "data" not in form
    assert (
        refused(message("ORU^R01", PID, OBR, "OBX|1|ED|PDF^报告||^application^pdf^Base64^!!||||||F")).field == "OBX-5"
    )


# -- appointments and documents ----------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "status"), [("S12", "booked"), ("S13", "booked"), ("S14", "booked"), ("S15", "cancelled")]
)
def test_an_appointment_is_made_moved_changed_and_called_off(event: str, status: str) -> None:
    raw = message(
        f"SIU^{event}",
        "SCH|A1|B1||||^停诊|^复诊||15|min|^^^20260301090000",
        PID,
        "AIS|1||MR^头颅MRI",
        "AIP|1||1001^王^医生",
        "AIL|1||三楼^磁共振室",
    )
    found = one(read(raw), "Appointment")
    assert (found["id"], found["status"], found["minutesDuration"]) == ("A1", status, 15)
    assert (found["start"], found["end"]) == ("2026-03-01T09:00:00+08:00", "2026-03-01T09:15:00+08:00")
    assert [p["actor"].get("display") for p in found["participant"]] == [None, "王医生", "三楼 磁共振室"]
    assert ("cancelationReason" in found) == (status == "cancelled")


def test_an_appointment_needs_a_number_and_a_beginning() -> None:
    assert refused(message("SIU^S12", "SCH||", PID)).field == "SCH-1"
    assert refused(message("SIU^S12", "SCH|A1", PID)).field == "SCH-11"
    assert refused(message("SIU^S12", "SCH|A1||||||||||^^^20260301", PID)).field == "SCH-11"


@pytest.mark.parametrize(
    ("event", "state", "code"),
    [
        ("T02", "final", "replaces"),
        ("T04", "amended", "replaces"),
        ("T06", "final", "appends"),
        ("T08", "amended", "replaces"),
        ("T10", "amended", "replaces"),
    ],
)
def test_a_document_has_its_text_its_author_and_what_it_belongs_to(event: str, state: str, code: str) -> None:
    txa = segment(
        "TXA",
        {
            1: "1",
            2: "CN^会诊记录",
            4: "20260110090000",
            7: "20260110093000",
            9: "1001^王^医生",
            12: "D2",
            13: "D1",
            17: "AU",
            19: "AV",
        },
    )
    document = one(
        read(message(f"MDM^{event}", PID, PV1, txa, "OBX|1|TX|||第一段", "OBX|2|TX|||第二段")), "DocumentReference"
    )
    assert (document["id"], document["docStatus"], document["type"]["text"]) == ("D2", state, "会诊记录")
    assert document["author"][0]["display"] == "王医生"
    assert document["relatesTo"] == [{"code": code, "target": {"reference": "DocumentReference/D1"}}]
    assert document["content"][0]["attachment"]["data"] == b64encode("第一段\n第二段".encode()).decode()


def test_a_document_that_is_cancelled_needs_no_text_and_stands_for_nothing() -> None:
    txa = segment("TXA", {1: "1", 2: "CN^会诊记录", 12: "D2", 13: "D1"})
    document = one(read(message("MDM^T11", PID, PV1, txa)), "DocumentReference")
    assert (document["id"], document["status"]) == ("D2", "entered-in-error")
    assert document["content"] == [{"attachment": {"title": "文书已作废"}}]
    assert "relatesTo" not in document


def test_a_document_elsewhere_is_kept_by_its_address() -> None:
    raw = message(
        "MDM^T02", PID, segment("TXA", {12: "D3"}), "OBX|1|RP|||https://pacs.example/1^PACS^Application^PDF"
    )
    content = one(read(raw), "DocumentReference")["content"][0]["attachment"]
    assert content == {"contentType": "application/pdf", "url": "https://pacs.example/1"}
    assert refused(message("MDM^T02", PID, segment("TXA", {12: "D3"}))).field == "OBX"
    assert refused(message("MDM^T02", PID, "TXA|1", "OBX|1|TX|||x")).field == "TXA-12"
