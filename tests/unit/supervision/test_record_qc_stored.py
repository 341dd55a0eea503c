"""Visits that hospitals sent as records: CDA documents, HL7 messages, FHIR resources, through the whole line."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine

from base.tenancy import system
from clinical.coded import CHINA
from clinical.medical_record import DocumentKind, EventKind, MedicalRecord, RecordKind, Signer, Title
from records.store import Repository
from supervision.record_qc.engine import checks, examine
from supervision.record_qc.naming import kind_of, signer_of, title_of
from supervision.record_qc.places import Stage
from supervision.record_qc.resources import record_of
from supervision.record_qc.stored import Visits
from supervision.record_qc.subject import Subject
from tests.cda_samples import INPATIENT_IDS, document, element, section
from tests.exchange_site import A, Site
from tests.hl7v2_samples import PID, msh, segment
from tests.yaml_tables import load

SUBJECT, STAY = {"reference": "Patient/p1"}, {"reference": "Encounter/zy1"}
ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "zy1",
    "status": "finished",
    "class": {"code": "IMP"},
    "subject": SUBJECT,
    "serviceType": {"text": "心内科"},
    "period": {"start": "2026-11-01T08:00:00+08:00", "end": "2026-11-10T10:00:00+08:00"},
    "participant": [
        {
            "type": [{"coding": [{"code": "ATND"}]}],
            "individual": {"display": "李医生", "identifier": {"value": "D07"}},
        }
    ],
}
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1958-12-01"}


def made(*resources: dict[str, Any], **encounter: Any) -> MedicalRecord:
    return record_of(ENCOUNTER | encounter, PATIENT, resources)


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with system("test"):
        yield Site(engine, tmp_path)


def stored(site: Site) -> list[MedicalRecord]:
    visits = Visits(site.engine, Repository(site.engine, site.ring))
    return [one.record for one in visits.of(A)]


def test_a_shared_document_becomes_a_document_of_the_record(site: Site) -> None:
    complaint = section("10154-3", "主诉", element("DE04.01.119.00", "主诉", words="反复胸闷3天"))
    site.send(document("C0034", "入院记录", complaint, INPATIENT_IDS), "cda")
    assert site.drain() == 1
    (found,) = stored(site)
    assert (found.kind, found.visit.sex) == (RecordKind.INPATIENT, "男")
    (note,) = found.documents
    assert note.kind is DocumentKind.ADMISSION
    assert [(s.title, s.text) for s in note.sections] == [("主诉", "主诉：反复胸闷3天")]
    assert note.author is not None
    assert (found.orders, found.operations, found.events) == (None, None, None), "nobody told"


def test_resources_of_one_visit_become_one_record(site: Site) -> None:
    note = {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "type": {"text": "首次病程记录"},
        "subject": SUBJECT,
        "date": "2026-11-01T12:00:00+08:00",
        "author": [{"display": "张医生"}],
        "content": [
            {"attachment": {"contentType": "text/plain", "data": b64encode("诊疗计划：完善检查。".encode()).decode()}}
        ],
        "context": {"encounter": [STAY]},
    }
    other = note | {"id": "d2", "context": {"encounter": [{"reference": "Encounter/zy9"}]}}
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": r} for r in (PATIENT, ENCOUNTER, note, other)],
    }
    site.send(orjson.dumps(bundle))
    assert site.drain() == 1
    (found,) = stored(site)
    assert [(d.id, d.kind) for d in found.documents] == [("d1", DocumentKind.FIRST_COURSE)]
    assert found.visit.department == "心内科"
    assert found.visit.attending is not None
    assert found.visit.attending.id == "D07"
    assert found.visit.age == 67
    visits = Visits(site.engine, Repository(site.engine, site.ring))
    one = visits.one(A, "zy1")
    assert one is not None
    assert one.record == found
    assert list(visits.of(A, after=(A, "zy1"))) == []


def test_what_resources_do_not_tell_stays_unknown() -> None:
    found = made()
    assert (found.operations, found.orders, found.results, found.events) == (None, None, None, None)
    assert (found.diagnoses, found.front_page) == (None, None)
    day = made(period={"start": "2026-11-01", "end": "2026-11-10"})
    assert day.visit.admitted is None, "a day says nothing of hours"


def test_a_death_is_one_and_no_discharge() -> None:
    found = made(hospitalization={"dischargeDisposition": {"text": "死亡"}})
    assert found.visit.died is not None
    assert found.visit.discharged is None


def test_who_attested_signed_as_what() -> None:
    consent = {
        "resourceType": "Composition",
        "id": "c1",
        "title": "手术知情同意书",
        "date": "2026-11-02T08:00:00+08:00",
        "encounter": STAY,
        "attester": [
            {"party": {"display": "王医生"}, "extension": [{"url": "https://x/role", "valueString": "手术者"}]},
            {"party": {"display": "王大山"}, "extension": [{"url": "https://x/role", "valueString": "患者签名"}]},
        ],
    }
    (found,) = made(consent).documents
    assert found.signatures is not None
    assert [(s.name, s.role) for s in found.signatures] == [("王医生", Signer.SURGEON), ("王大山", Signer.PATIENT)]
    (unsigned,) = made({k: v for k, v in consent.items() if k != "attester"}).documents
    assert unsigned.signatures is None


def test_orders_results_and_operations_are_read() -> None:
    found = made(
        {"resourceType": "MedicationRequest", "id": "m", "medicationCodeableConcept": {"text": "阿司匹林肠溶片"}, "authoredOn": "2026-11-01T09:00:00+08:00"},
        {"resourceType": "Observation", "id": "k", "category": [{"coding": [{"code": "laboratory"}]}], "code": {"text": "血钾"}, "valueQuantity": {"value": 6.8, "unit": "mmol/L"}, "interpretation": [{"coding": [{"code": "HH"}]}]},
        {"resourceType": "Observation", "id": "n", "category": [{"coding": [{"code": "laboratory"}]}], "code": {"text": "血钠"}, "valueQuantity": {"value": 140, "unit": "mmol/L"}},
        {"resourceType": "DiagnosticReport", "id": "r", "category": [{"coding": [{"code": "imaging"}]}], "code": {"text": "胸部CT"}, "conclusion": "右下肺感染"},
        {"resourceType": "Procedure", "id": "o", "code": {"text": "阑尾切除术"}, "performedDateTime": "2026-11-03T09:00:00+08:00"},
    )  # fmt: skip
    assert found.orders is not None
    assert [(o.kind, o.text) for o in found.orders] == [("药品", "阿司匹林肠溶片")]
    assert found.results is not None
    told = {r.name: (r.abnormal, r.critical, r.text) for r in found.results}
    assert told == {"血钾": (True, True, ""), "血钠": (None, None, ""), "胸部CT": (None, None, "右下肺感染")}
    assert found.operations is not None
    assert [o.name for o in found.operations] == ["阑尾切除术"]


def test_a_front_page_is_no_document_but_a_front_page() -> None:
    page = {
        "resourceType": "Composition",
        "id": "f",
        "title": "住院病案首页",
        "date": "2026-11-11T08:00:00+08:00",
        "contained": [
            {"resourceType": "Observation", "id": "e1", "code": {"text": "离院方式"}, "valueString": "医嘱离院"}
        ],
        "section": [{"title": "诊断", "entry": [{"reference": "Condition/x"}, {"reference": "#e1"}]}],
    }
    main = {"resourceType": "Condition", "id": "x", "code": {"text": "冠心病", "coding": [{"code": "I25.1"}]}}
    found = made(page, main)
    assert found.documents == ()
    assert found.front_page is not None
    assert found.front_page.fields == {"离院方式": "医嘱离院"}
    assert [(d.name, d.code) for d in found.front_page.diagnoses] == [("冠心病", "I25.1")]


EVENTS = load(Path(__file__).parents[2] / "record_qc" / "events.yaml")


@pytest.mark.parametrize("case", EVENTS, ids=[case["case"] for case in EVENTS])
def test_events_come_from_flags_orders_procedures_and_messages(case: dict[str, Any]) -> None:
    given = [{"id": f"r{n}", "encounter": STAY, **one} for n, one in enumerate(case["resources"])]
    found = made(*given, **case.get("encounter", {}))
    told = [
        {"kind": e.kind.value}
        | ({"at": e.at.strftime("%m-%d %H:%M")} if e.at else {})
        | ({"end": e.end.strftime("%m-%d %H:%M")} if e.end else {})
        | ({"department": e.department} if e.department else {})
        | ({"urgent": e.urgent} if e.urgent is not None else {})
        for e in found.events or ()
    ]
    assert told == case["events"]
    assert [o.name for o in found.operations or ()] == case.get("operations", [])


def test_of_what_no_resource_speaks_stays_unknown() -> None:
    flag = {"resourceType": "Flag", "id": "f", "status": "active", "code": {"text": "病危"}, "encounter": STAY}
    subject = Subject(made(flag), Stage.FINAL, datetime.now(UTC))
    assert [event.kind for event in subject.events(EventKind.CRITICAL) or ()] == [EventKind.CRITICAL]
    assert subject.events(EventKind.RESCUE) is None


def test_a_move_that_a_message_told_asks_for_its_notes(site: Site) -> None:
    """Admitted to internal medicine, moved to the surgeons by mistake (A02, A12), moved to the cardiac unit (A02), and
    to another bed there (A02)."""
    sent = (
        ("A01", "20261101080000", "内科", "W1^1^1", ""),
        ("A02", "20261102100000", "外科", "W3^1^1", "W1^1^1"),
        ("A12", "20261102101500", "内科", "W1^1^1", "W3^1^1"),
        ("A02", "20261103150000", "心内科", "W2^1^1", "W1^1^1"),
        ("A02", "20261104090000", "心内科", "W2^1^2", "W2^1^1"),
    )
    for event, at, service, bed, before in sent:
        visit = {1: "1", 2: "I", 3: bed, 6: before, 10: service, 19: "V1", 44: "20261101080000"}
        head = msh(f"ADT^{event}", f"M{at}").replace("20260110083001", at)
        message = "\r".join((head, segment("EVN", {2: at}), PID, segment("PV1", visit)))
        site.send(message.encode(), "hl7v2")
        assert site.drain() == 1
    (found,) = stored(site)
    (move,) = found.events or ()
    assert (move.kind, move.department) == (EventKind.TRANSFER, "心内科")
    assert move.at == datetime(2026, 11, 3, 15, tzinfo=CHINA)
    examined = examine(Subject(found, Stage.RUNNING, datetime(2026, 11, 6, tzinfo=CHINA)), checks().values())
    missing = {check.name for check, _ in examined.defects()}
    assert {"transfer-in-note-missing", "transfer-out-note-missing"} <= missing


def test_events_arrive_with_a_bundle_and_a_move_of_its_own_is_no_visit(site: Site) -> None:
    move = ENCOUNTER | {
        "id": "zy1-t1",
        "type": [{"coding": [{"code": "transfer"}]}],
        "partOf": STAY,
        "serviceType": {"text": "重症医学科"},
        "period": {"start": "2026-11-03T15:00:00+08:00"},
    }
    flag = {
        "resourceType": "Flag",
        "id": "zy1-f1",
        "status": "active",
        "code": {"text": "病危"},
        "subject": SUBJECT,
        "encounter": STAY,
        "period": {"start": "2026-11-03T14:30:00+08:00"},
    }
    handover = {
        "resourceType": "Communication",
        "id": "zy1-c1",
        "status": "completed",
        "category": [{"text": "经治医师交接班"}],
        "subject": SUBJECT,
        "encounter": STAY,
        "sent": "2026-11-05T08:00:00+08:00",
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": r} for r in (PATIENT, ENCOUNTER, move, flag, handover)],
    }
    site.send(orjson.dumps(bundle))
    assert site.drain() == 1
    (found,) = stored(site)
    told = [(e.kind, e.department) for e in found.events or ()]
    assert told == [(EventKind.CRITICAL, ""), (EventKind.TRANSFER, "重症医学科"), (EventKind.HANDOVER, "")]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("入院记录", DocumentKind.ADMISSION),
        ("心内科入院记录", DocumentKind.ADMISSION),
        ("24小时内入出院记录", DocumentKind.DAY_STAY),
        ("病重（病危）护理记录", DocumentKind.CRITICAL_NURSING),
        ("术后首次病程记录", DocumentKind.POSTOP_COURSE),
        ("首次病程记录", DocumentKind.FIRST_COURSE),
        ("输血治疗同意书", DocumentKind.CONSENT_TRANSFUSION),
        ("一般手术记录", DocumentKind.OPERATION),
        ("饮食记录", DocumentKind.OTHER),
    ],
)
def test_titles_name_documents(title: str, kind: DocumentKind) -> None:
    assert kind_of(title) is kind


def test_every_kind_is_named_by_its_own_name() -> None:
    assert all(kind_of(kind.value) is kind for kind in DocumentKind)
    assert (signer_of("患者家属签名"), signer_of("主治医师")) == (Signer.AGENT, Signer.SUPERIOR)
    assert (title_of("副主任医师 王某"), title_of("王某")) == (Title.ASSOCIATE, None)
