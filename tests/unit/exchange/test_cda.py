"""Shared documents (WS/T 500) are read as hospitals send them, written so that they read the same, and refused with
the place and the fix; hostile XML gets nowhere."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from base.plugins import discover
from clinical.quantity import Quantity
from exchange.building import named
from exchange.cda import _tables as t
from exchange.cda._tables import STANDARD, TITLES, Table, loaded, template_of
from exchange.cda.documents import messages, read
from exchange.fhir.context import read_context
from exchange.fhir.orders import read_order
from exchange.fhir.shapes import Resource, shaped
from exchange.message import Json, Message, MessageError, Parsed
from exchange.rendered.cda import TEXTS, Signed, compose, write
from tests.cda_samples import (
    ALL,
    CARD,
    DIAGNOSIS,
    DISCHARGE,
    DRUG,
    EXAMINATION,
    LABORATORY,
    OUTPATIENT,
    PRESCRIPTION,
    document,
    element,
    section,
)
from tests.hl7v2_samples import every, one

NOW = datetime(2026, 1, 12, tzinfo=UTC)
NS = {"c": "urn:hl7-org:v3"}


def valid(parsed: Parsed) -> Parsed:
    for resource in parsed.resources:
        get_fhir_model_class(resource["resourceType"]).model_validate_json(orjson.dumps(resource))
    return parsed


def refused(raw: bytes) -> MessageError:
    with pytest.raises(MessageError) as caught:
        read(raw)
    return caught.value


def held(parsed: Parsed) -> list[Json]:
    """What a document says; the reference to the original is of its bytes."""
    return [r for r in parsed.resources if r["resourceType"] != "DocumentReference"]


# -- reading -----------------------------------------------------------------------------


@pytest.mark.parametrize("code", list(ALL))
def test_a_document_becomes_valid_fhir_about_one_patient(code: str) -> None:
    parsed = valid(read(ALL[code]))
    names = [(r["resourceType"], r["id"]) for r in parsed.resources]
    assert len(names) == len(set(names))
    assert names[0][0] == "Patient"
    assert parsed.message_id == "2.16.156.10011.1.1/DOC1"
    assert parsed.sent == datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
    assert parsed.kind == template_of(code)
    assert read(ALL[code]) == parsed


def test_every_shared_document_has_a_reader_by_its_template() -> None:
    readers = discover("exchange.cda", "MESSAGE", Message)
    assert len(readers) == len(TITLES) == 53
    assert {kind for m in readers.values() for kind in m.types} >= {template_of(code) for code in TITLES}
    assert (TITLES["C0004"], TITLES["C0007"], TITLES["C0032"], TITLES["C0053"]) == (
        "西药处方",
        "检验报告",
        "住院病案首页",
        "出院小结",
    )


def test_the_patient_is_mentioned_with_numbers_that_are_kept_apart_from_those_of_registration() -> None:
    parsed = read(PRESCRIPTION)
    patient = one(parsed, "Patient")
    assert parsed.subject == patient["id"] == "mz.MZ100", "an outpatient number is not the number of a patient"
    assert patient["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert {i["value"] for i in patient["identifier"]} == {"MZ100", CARD}
    assert (patient["gender"], patient["birthDate"], patient["name"]) == ("male", "1949-12-31", [{"text": "张三丰"}])
    assert patient["address"][0]["text"] == "北京北京市朝阳区朝阳路1号"


def test_an_outpatient_record_says_allergy_and_diagnosis_and_keeps_the_rest_where_it_stood() -> None:
    """The template id is the one that some samples print by mistake; the code says what it is."""
    parsed = read(OUTPATIENT)
    assert one(parsed, "AllergyIntolerance")["code"] == {"text": "青霉素"}
    assert one(parsed, "Condition")["code"] == {
        "text": "原发性高血压",
        "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10.x00", "display": "原发性高血压"}],
    }
    composition = one(parsed, "Composition")
    assert [s["title"] for s in composition["section"]] == ["过敏史", "主诉", "现病史", "诊断"]
    assert [c.get("valueString") for c in composition["contained"]] == ["头晕三天", None]
    assert "emptyReason" in composition["section"][2], "NA says nothing"
    assert one(parsed, "Encounter")["serviceType"] == {"text": "心内科"}


def test_a_prescription_is_understood_as_order_entry_understands_one() -> None:
    parsed = read(PRESCRIPTION)
    request = one(parsed, "MedicationRequest")
    order = read_order(shaped(request, Resource, "x"), {})
    assert order.what.text == "盐酸二甲双胍片"
    assert order.dosage.dose == Quantity(0.5, "g")
    assert (order.dosage.times_per_day, order.dosage.route, order.group, order.prescriber) == (
        2,
        "口服",
        "2",
        "王医生",
    )
    assert order.quantity == Quantity(20, "片")
    assert order.stop is None, (
        "for how many days a prescription may be filled says nothing of how long the drug is taken"
    )
    assert request["authoredOn"] == "2026-01-10T09:30:00+08:00"
    attester = one(parsed, "Composition")["attester"][0]
    assert (attester["mode"], attester["party"]["display"]) == ("legal", "赵药师")


def test_a_laboratory_report_has_its_results_and_conclusion() -> None:
    parsed = read(LABORATORY)
    number, word = every(parsed, "Observation")
    assert number["valueQuantity"] == {"value": 95.0, "unit": "g/L"}
    assert number["code"] == {"text": "血红蛋白"}
    assert number["effectiveDateTime"] == "2026-01-10T08:00:00+08:00"
    assert number["specimen"] == {"display": "全血"}
    assert number["interpretation"][0]["coding"][-1]["code"] == "A"
    assert (word["code"], word["valueString"]) == ({"text": "尿蛋白"}, "阴性")
    report = one(parsed, "DiagnosticReport")
    assert (report["id"], report["code"], report["conclusion"]) == ("LAB9", {"text": "血常规"}, "轻度贫血")
    assert report["basedOn"][0]["identifier"]["value"] == "REQ5"
    assert [r["reference"] for r in report["result"]] == [f"Observation/{o['id']}" for o in (number, word)]


def test_an_examination_report_is_named_by_its_item_and_concludes() -> None:
    report = one(read(EXAMINATION), "DiagnosticReport")
    assert (report["id"], report["code"], report["conclusion"]) == ("CT8", {"text": "胸部CT平扫"}, "支气管炎")
    assert report["category"][0]["coding"][0]["code"] == "imaging"
    assert report["performer"][0]["display"] == "县人民医院"


def test_a_discharge_summary_tells_what_came_in_from_what_went_out() -> None:
    parsed = read(DISCHARGE)
    found = {
        c["code"]["text"]: (
            c["verificationStatus"]["coding"][0]["code"],
            [x["code"] for x in c["code"].get("coding", ())],
        )
        for c in every(parsed, "Condition")
    }
    assert found == {
        "胸痛": ("provisional", ["R07.400"]),
        "冠心病": ("confirmed", ["I25.100"]),
        "胸痹": ("confirmed", []),
    }
    procedure = one(parsed, "Procedure")
    assert (procedure["code"]["text"], procedure["performedDateTime"]) == (
        "冠状动脉造影",
        "2026-01-03T10:00:00+08:00",
    )
    encounter = one(parsed, "Encounter")
    assert encounter["period"] == {"start": "2026-01-01T09:00:00+08:00", "end": "2026-01-10T11:00:00+08:00"}
    assert (encounter["class"]["code"], encounter["status"], encounter["serviceType"]["text"]) == (
        "IMP",
        "finished",
        "心血管内科",
    )
    assert encounter["location"][0]["location"]["display"] == "2床"


def test_a_code_is_not_given_the_name_of_another_diagnosis() -> None:
    coded = element(
        "DE05.01.024.00",
        "诊断代码",
        "CD",
        code="E11.900",
        codeSystem="2.16.156.10011.2.3.3.11",
        displayName="2型糖尿病",
    )
    raw = document(
        "C0002",
        "门（急）诊病历",
        section("29548-5", "D", element("DE05.01.025.00", "诊断名称", words="高血压"), coded),
    )
    assert [(c["code"]["text"], len(c["code"].get("coding", ()))) for c in every(read(raw), "Condition")] == [
        ("高血压", 0),
        ("2型糖尿病", 1),
    ]


def test_what_is_read_reaches_the_doctor() -> None:
    parsed = read(OUTPATIENT)
    prefetch = {
        "patient": one(parsed, "Patient"),
        "encounter": one(parsed, "Encounter"),
        "conditions": {"resourceType": "Bundle", "entry": [{"resource": r} for r in every(parsed, "Condition")]},
        "allergies": {
            "resourceType": "Bundle",
            "entry": [{"resource": r} for r in every(parsed, "AllergyIntolerance")],
        },
    }
    patient = read_context({"patientId": parsed.subject}, prefetch, NOW).context
    assert isinstance(patient.conditions, tuple)
    assert isinstance(patient.allergies, tuple)
    assert [c.what.codes[0].value for c in patient.conditions] == ["I10.x00"]
    assert [a.what.text for a in patient.allergies] == ["青霉素"]
    assert patient.institution == "县人民医院"


@pytest.mark.parametrize(
    ("flag", "words", "found"), [("false", "", 0), ("false", "无", 0), ("true", "", 1), ("true", "头孢", 1)]
)
def test_no_allergy_is_said_and_an_unnamed_one_is_not_lost(flag: str, words: str, found: int) -> None:
    inner = (
        f"<entryRelationship>{element('DE02.10.022.00', '过敏史', words=words)}</entryRelationship>" if words else ""
    )
    raw = document(
        "C0002",
        "门（急）诊病历",
        section("48765-2", "过敏", element("DE02.10.023.00", "过敏史标志", "BL", value=flag, inner=inner)),
    )
    resources = every(read(raw), "AllergyIntolerance")
    assert len(resources) == 1
    context = read_context(
        {"patientId": "1"}, {"allergies": {"resourceType": "Bundle", "entry": [{"resource": resources[0]}]}}, NOW
    )
    assert isinstance(context.context.allergies, tuple)
    assert len(context.context.allergies) == found


def test_the_original_is_kept_by_its_digest() -> None:
    attachment = one(read(PRESCRIPTION), "DocumentReference")["content"][0]["attachment"]
    assert attachment["url"].startswith("ni:///sha-256;")
    assert attachment["size"] == len(PRESCRIPTION)
    assert attachment["url"] != one(read(PRESCRIPTION + b" "), "DocumentReference")["content"][0]["attachment"]["url"]


def test_a_document_that_replaces_another_says_which() -> None:
    raw = document(
        "C0004",
        "西药处方",
        "",
        more='<relatedDocument typeCode="RPLC"><parentDocument><id extension="DOC0"/></parentDocument></relatedDocument>',
    )
    raw = raw.replace(b"<structuredBody></structuredBody>", b"<nonXMLBody/>")
    assert one(read(raw), "DocumentReference")["relatesTo"] == [
        {"code": "replaces", "target": {"reference": "DocumentReference/DOC0"}}
    ]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030", "GBK", "UTF-16"])
def test_a_document_is_read_in_the_encoding_it_names(encoding: str) -> None:
    raw = PRESCRIPTION.decode().replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
    assert one(read(raw), "Patient")["name"] == [{"text": "张三丰"}]


def test_sections_without_a_structured_body_are_read_too() -> None:
    raw = PRESCRIPTION.replace(b"<component><structuredBody>", b"").replace(b"</structuredBody></component>", b"")
    assert one(read(raw), "MedicationRequest")


def test_results_that_stand_one_after_the_other_are_told_apart_by_their_items() -> None:
    flat = [
        element("DE04.30.019.00", "检验项目代码", words=name)
        + element("DE04.30.015.00", "检验定量结果", "REAL", value=value)
        for name, value in (("钾", "4.1"), ("钠", "&lt;100"))
    ]
    raw = document(
        "C0007",
        "检验报告",
        section("30954-2", "S", *[e for pair in flat for e in re.findall(r"<observation.*?</observation>", pair)]),
    )
    assert [(o["code"]["text"], o["valueQuantity"]) for o in every(read(raw), "Observation")] == [
        ("钾", {"value": 4.1}),
        ("钠", {"value": 100.0, "comparator": "<"}),
    ]


# -- a site's table ----------------------------------------------------------------------


def test_a_site_may_say_what_its_platform_calls_things(tmp_path: Path) -> None:
    file = tmp_path / "cda.json"
    file.write_text(
        '{"patients": {"1.2.3": ""}, "templates": {"9.9.9": "C0004"}, "elements": {"LOCAL1": "DE05.01.024.00"}}',
        "utf-8",
    )
    table = loaded(file)
    assert table.id_card == STANDARD.id_card
    readers = {kind: m for m in messages(table, "site-") for kind in m.types}
    raw = PRESCRIPTION.replace(b"2.16.156.10011.1.11", b"1.2.3").replace(b"DE05.01.024.00", b"LOCAL1")
    parsed = readers["9.9.9"].read(raw)
    assert parsed.subject == "MZ100"
    assert one(parsed, "Condition")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"patient": {}}', "'patient'"),
        ('{"patients": 3}', "cda.json"),
        ("{", "cda.json"),
        ('{"staff": "x"}', "cda.json"),
    ],
)
def test_a_wrong_table_is_refused_with_the_entry(text: str, names: str, tmp_path: Path) -> None:
    file = tmp_path / "cda.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=re.escape(names)):
        loaded(file)


# -- what is wrong is said ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ((b'<id root="2.16.156.10011.1.1" extension="DOC1"/>', b""), "ClinicalDocument/id"),
        (
            (b'<effectiveTime value="20260110100000"/>', b'<effectiveTime value=""/>'),
            "ClinicalDocument/effectiveTime/@value",
        ),
        (
            (b'<effectiveTime value="20260110100000"/>', b'<effectiveTime value="2026-13"/>'),
            "ClinicalDocument/effectiveTime/@value",
        ),
        ((b'code="C0004"', b'code="C9999"'), None),
        (
            (b'<birthTime value="19491231"/>', b'<birthTime value="1949.12"/>'),
            "ClinicalDocument/recordTarget/patientRole/patient/birthTime/@value",
        ),
        ((b"recordTarget", b"recordTargets"), "ClinicalDocument/recordTarget/patientRole"),
        ((b"2.16.156.10011.1.11", b"1.1.1"), "ClinicalDocument/recordTarget/patientRole/id"),
        ((b'extension="MZ100"', b'extension="NA"'), "ClinicalDocument/recordTarget/patientRole/id"),
        (
            (b'<doseQuantity value="0.5"', b'<doseQuantity value="half"'),
            "ClinicalDocument/component/structuredBody/component[2]/section/entry[1]/substanceAdministration/doseQuantity/@value",
        ),
        (
            (
                b"<name>\xe7\x9b\x90\xe9\x85\xb8\xe4\xba\x8c\xe7\x94\xb2\xe5\x8f\x8c\xe8\x83\x8d\xe7\x89\x87</name>",
                b"",
            ),
            "ClinicalDocument/component/structuredBody/component[2]/section/entry[1]/substanceAdministration/consumable/manufacturedProduct/manufacturedLabeledDrug/name",
        ),
        (
            (b"representedCustodianOrganization>", b"organisation>"),
            "ClinicalDocument/custodian/assignedCustodian/representedCustodianOrganization",
        ),
        ((b"<consumable>", b"<consumables>"), None),
        (
            (b"<entry><substanceAdministration", b"<entry><medication/><substanceAdministration"),
            "ClinicalDocument/component/structuredBody/component[2]/section/entry[1]",
        ),
        ((b'xmlns="urn:hl7-org:v3"', b'xmlns="urn:other"'), "ClinicalDocument"),
        ((b"</ClinicalDocument>", b""), "line 20"),
    ],
)
def test_an_error_names_the_element_and_the_fix(change: tuple[bytes, bytes], field: str | None) -> None:
    assert change[0] in PRESCRIPTION
    raw = PRESCRIPTION.replace(*change)
    if change[0] == b'code="C0004"':  # the template still says what it is
        assert read(raw).kind == template_of("C0004")
        return
    error = refused(raw)
    if field is not None and not field.startswith("line"):
        assert error.field == field
    assert CARD not in str(error)
    assert "张三丰" not in str(error)


# -- hostile XML -------------------------------------------------------------------------

LAUGHS = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">%s]><ClinicalDocument xmlns="urn:hl7-org:v3"><title>&e9;</title></ClinicalDocument>"""
    % b"".join(b'<!ENTITY e%d "%s">' % (n, (b"&e%d;" % (n - 1) if n else b"&a;") * 10) for n in range(10))
)


@pytest.mark.parametrize(
    "raw",
    [
        LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><ClinicalDocument xmlns="urn:hl7-org:v3"><title>&f;</title></ClinicalDocument>',
        b'<!DOCTYPE ClinicalDocument SYSTEM "http://127.0.0.1:1/x.dtd"><ClinicalDocument xmlns="urn:hl7-org:v3"/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'.encode("utf-16"),
    ],
    ids=["billion laughs", "in UTF-16", "external entity", "external DTD", "DTD in UTF-16"],
)
def test_a_document_type_declaration_gets_nowhere(raw: bytes) -> None:
    started = time.process_time()
    error = refused(raw)
    assert error.field in ("DOCTYPE", "line 1", "line 0")
    assert "root:" not in str(error)
    assert time.process_time() - started < 5


def test_a_document_that_is_too_deep_or_too_long_is_refused() -> None:
    deep = b"<a>" * 200 + b"</a>" * 200
    assert "嵌套" in refused(PRESCRIPTION.replace(b"<languageCode", deep + b"<languageCode")).problem
    assert "字节" in refused(PRESCRIPTION + b" " * 20_000_000).problem
    assert refused(PRESCRIPTION.replace(b"<languageCode", b"<a>" * 5000 + b"<languageCode")).field


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(ALL)), st.data())
def test_a_document_cut_off_or_damaged_is_read_or_refused_and_nothing_else(code: str, data: st.DataObject) -> None:
    raw = ALL[code]
    at = data.draw(st.integers(0, len(raw)))
    junk = data.draw(
        st.one_of(
            st.binary(max_size=5),
            st.sampled_from([b"<value/>", b"<id/>", b"<entry/>", b'value="x"', b"</section>", b"\x00"]),
        )
    )
    for damaged in (raw[:at], raw[:at] + junk + raw[at:], raw[:at] + raw[at + data.draw(st.integers(1, 60)) :]):
        try:
            parsed = read(damaged)
        except MessageError as error:
            assert error.field  # noqa: PT017 the place is what is checked
            continue
        assert parsed.resources[0]["resourceType"] == "Patient"
        assert orjson.loads(orjson.dumps(parsed.resources)) == list(parsed.resources)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(ALL)), st.data())
def test_an_element_left_out_or_doubled_is_read_or_refused_and_nothing_else(code: str, data: st.DataObject) -> None:
    root = etree.fromstring(ALL[code], etree.XMLParser(remove_comments=True))
    nodes = list(root.iterdescendants())
    node = nodes[data.draw(st.integers(0, len(nodes) - 1))]
    parent = node.getparent()
    assert parent is not None
    match data.draw(st.sampled_from(["out", "twice", "bare", "renamed"])):
        case "out":
            parent.remove(node)
        case "twice":
            parent.append(etree.fromstring(etree.tostring(node, with_tail=False)))
        case "bare":
            node.attrib.clear()
        case _:
            node.tag = "{urn:hl7-org:v3}value"
    try:
        read(etree.tostring(root))
    except MessageError as error:
        assert error.field  # noqa: PT017 the place is what is checked


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(raw: bytes) -> None:
    assert refused(raw).field


# -- writing -----------------------------------------------------------------------------


@pytest.mark.parametrize("code", list(ALL))
def test_what_was_read_is_written_so_that_it_reads_the_same(code: str) -> None:
    parsed = read(ALL[code])
    again = read(write(parsed.resources))
    assert held(again) == held(parsed)
    assert (again.message_id, again.kind, again.subject) == (parsed.message_id, parsed.kind, parsed.subject)


WORDS = (
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"]), min_size=1, max_size=30)
    .map(str.strip)
    .filter(lambda text: text and text not in STANDARD.placeholders and not re.search("[\ufffe\uffff]", text))
)
NUMBERS = st.floats(0, 1e6, allow_nan=False).map(lambda value: round(value, 3))
CODES = st.from_regex(r"[A-Z][0-9]{2}\.[0-9]{3}", fullmatch=True)
REFERENCE = st.builds(
    lambda number, name: named("Practitioner", f"D{number}", name, "urn:oid:2.16.156.10011.1.7"),
    st.integers(1, 999),
    WORDS,
)
PATIENT = {
    "resourceType": "Patient", "id": "0001234", "gender": "female", "birthDate": "1990-03-07",
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": CARD}], "name": [{"text": "李四"}],
}  # fmt: skip
ENCOUNTER = {
    "resourceType": "Encounter", "id": "V1", "status": "finished", "class": {"code": "IMP"}, "subject": {"reference": "Patient/0001234"},
    "identifier": [{"value": "ZY77"}], "period": {"start": "2026-01-01T09:00:00+08:00"}, "serviceType": {"text": "心内科"},
}  # fmt: skip


@st.composite
def facts(draw: st.DrawFn) -> list[Json]:
    """What a hospital may keep of one visit."""
    subject = {"reference": "Patient/0001234"}
    number = iter(range(1000))
    made: list[Json] = [PATIENT, ENCOUNTER]
    for code in draw(st.lists(CODES, max_size=3, unique=True)):
        coding = {"system": "http://hl7.org/fhir/sid/icd-10", "code": code}
        status = draw(st.sampled_from(["confirmed", "provisional"]))
        made.append(
            {
                "resourceType": "Condition",
                "id": f"c{next(number)}",
                "code": {"text": draw(WORDS), "coding": [coding]},
                "subject": subject,
                "verificationStatus": {"coding": [{"code": status}]},
            }
        )
    for words in draw(st.lists(WORDS, max_size=2, unique=True)):
        made.append(
            {
                "resourceType": "AllergyIntolerance",
                "id": f"a{next(number)}",
                "code": {"text": words},
                "patient": subject,
            }
        )
    for words in draw(st.lists(WORDS, max_size=3, unique=True)):
        dose = {"doseQuantity": {"value": draw(NUMBERS), "unit": draw(st.sampled_from(["mg", "片", "ml"]))}}
        how = {
            "timing": {"code": {"text": draw(WORDS), "coding": [{"code": "bid"}]}},
            "route": {"text": draw(WORDS)},
            "doseAndRate": [dose],
        }
        made.append(
            {
                "resourceType": "MedicationRequest",
                "id": f"m{next(number)}",
                "status": "active",
                "intent": "order",
                "medicationCodeableConcept": {"text": words},
                "subject": subject,
                "dosageInstruction": [how],
            }
        )
    for words in draw(st.lists(WORDS, max_size=3, unique=True)):
        value = draw(
            st.one_of(
                NUMBERS.map(lambda v: {"valueQuantity": {"value": v, "unit": "g/L"}}),
                WORDS.map(lambda w: {"valueString": w}),
            )
        )
        made.append(
            {
                "resourceType": "Observation",
                "id": f"o{next(number)}",
                "status": "final",
                "code": {"text": words},
                "subject": subject,
                "effectiveDateTime": "2026-01-02T08:00:00+08:00",
                **value,
            }
        )
    made.append(
        {
            "resourceType": "DiagnosticReport",
            "id": "R1",
            "identifier": [{"value": "R1"}],
            "status": "final",
            "code": {"text": draw(WORDS)},
            "subject": subject,
            "conclusion": draw(WORDS),
        }
    )
    return made


def told(resources: list[Json], kind: str) -> list[Any]:
    """What resources of a kind say, without ids and who and when."""
    of = {
        "Condition": lambda r: (
            r["code"]["text"],
            r["code"]["coding"][0]["code"],
            r["verificationStatus"]["coding"][0]["code"],
        ),
        "AllergyIntolerance": lambda r: r["code"]["text"],
        "MedicationRequest": lambda r: (
            r["medicationCodeableConcept"]["text"],
            r["dosageInstruction"][0]["route"]["text"],
            r["dosageInstruction"][0]["timing"]["code"]["text"],
            r["dosageInstruction"][0]["doseAndRate"],
        ),
        "Observation": lambda r: (
            r["code"]["text"],
            r.get("valueQuantity"),
            r.get("valueString"),
            r["effectiveDateTime"],
        ),
        "DiagnosticReport": lambda r: (r["code"]["text"], r["conclusion"], r["id"]),
    }[kind]
    return [of(r) for r in resources if r["resourceType"] == kind]


HOLDS = {
    "C0002": ("Condition", "AllergyIntolerance", "MedicationRequest", "Observation"),
    "C0004": ("Condition", "AllergyIntolerance", "MedicationRequest"),
    "C0006": ("Condition", "DiagnosticReport"),
    "C0007": ("Condition", "Observation", "DiagnosticReport"),
    "C0053": ("Condition", "Observation"),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(code=st.sampled_from(sorted(HOLDS)), kept=facts(), author=REFERENCE, words=WORDS)
def test_whatever_a_hospital_keeps_of_a_visit_is_read_from_its_document_again(
    code: str, kept: list[Json], author: Json, words: str
) -> None:
    custodian = named("Organization", "40000323-5", "县人民医院", "urn:oid:2.16.156.10011.1.5")
    signed = Signed("2026-01-10T10:00:00+08:00", author, custodian, written="2026-01-10T09:30:00+08:00")
    sections = {
        "C0002": "DE04.01.119.00",
        "C0004": "DE06.00.294.00",
        "C0006": "DE04.50.131.00",
        "C0007": "",
        "C0053": "DE06.00.296.00",
    }
    texts = {sections[code]: words} if sections[code] else {}
    composition = compose(code, "DOC7", kept, signed, texts)
    raw = write([*kept, composition])
    parsed = valid(read(raw))
    back = list(parsed.resources)
    for kind in HOLDS[code]:
        # a diagnosis of the discharge summary stands in the section of its status
        assert sorted(told(back, kind), key=repr) == sorted(told(kept, kind), key=repr)
    assert [c["valueString"] for c in one(parsed, "Composition").get("contained", [])] == list(texts.values())
    assert parsed.subject == "0001234"
    assert one(parsed, "Composition")["author"] == [author]
    assert held(read(write(parsed.resources))) == held(parsed), "once read, it reads the same for ever"


def test_a_document_without_its_patient_or_of_a_kind_without_layout_is_not_written() -> None:
    signed = Signed("2026-01-10T10:00:00+08:00", {"display": "王"}, {"display": "县人民医院"})
    with pytest.raises(ValueError, match="Patient"):
        compose("C0004", "D", [], signed)
    with pytest.raises(ValueError, match="C0002"):
        compose("C0032", "D", [PATIENT], signed)
    with pytest.raises(ValueError, match="DE04"):
        compose("C0004", "D", [PATIENT], signed, {"DE04.01.119.00": "头痛"})
    with pytest.raises(ValueError, match="one Composition, not of 0"):
        write([PATIENT])


def test_what_is_written_says_what_document_it_is() -> None:
    signed = Signed(
        "2026-01-10T10:00:00+08:00", named("Practitioner", "1", "王"), named("Organization", "2", "县人民医院")
    )
    root = etree.fromstring(
        write(
            [
                PATIENT,
                ENCOUNTER,
                compose("C0053", "D9", [PATIENT, ENCOUNTER], signed, {"DE06.00.287.00": "低盐饮食 & <两周>"}),
            ]
        )
    )
    assert root.xpath("string(c:templateId/@root)", namespaces=NS) == "2.16.156.10011.2.1.1.73"
    assert root.xpath("string(c:code/@code)", namespaces=NS) == "C0053"
    assert root.xpath("string(c:recordTarget//c:id[@root='2.16.156.10011.1.12']/@extension)", namespaces=NS) == "ZY77"
    assert root.xpath("string(//c:section[c:code/@code='46209-3']//c:value)", namespaces=NS) == "低盐饮食 & <两周>"


def test_every_text_that_may_be_given_has_a_section_with_a_name() -> None:
    assert all(section.title and name for section, name in TEXTS.values())
    assert Table().templates[template_of(t.DISCHARGE)] == t.DISCHARGE
    assert DIAGNOSIS in PRESCRIPTION.decode()
    assert DRUG in PRESCRIPTION.decode()
