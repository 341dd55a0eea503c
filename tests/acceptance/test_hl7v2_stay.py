"""A hospital stay as HL7 v2 messages, from registration to discharge: what the doctor of the next hospital sees."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from clinical.patient import PatientContext, Sex, Visit
from clinical.quantity import Quantity
from exchange.fhir.context import read_context
from exchange.landing import readers
from exchange.message import Json
from tests.hl7v2_samples import OBR, ORC, PID, PV1, RXE, RXR, message, obx, segment

NOW = datetime(2026, 1, 14, tzinfo=UTC)
READERS = readers()
_KEYS = {
    "Condition": "conditions",
    "AllergyIntolerance": "allergies",
    "Observation": "observations",
    "DiagnosticReport": "reports",
    "MedicationRequest": "medications",
    "Procedure": "procedures",
}


class Store:
    """What a repository keeps: the newest of each resource, without what was taken back."""

    def __init__(self) -> None:
        self.kept: dict[str, Json] = {}

    def take(self, kind: str, *segments: str, **header: str) -> None:
        parsed = READERS["hl7v2", kind].read(message(kind, *segments, **header))
        for resource in parsed.resources:
            name = f"{resource['resourceType']}/{resource['id']}"
            mentioned = "tag" in resource.get("meta", {})
            if not (mentioned and name in self.kept):
                self.kept[name] = resource
        for reference in parsed.deletions:
            self.kept.pop(reference, None)

    def patient(self) -> PatientContext:
        prefetch: dict[str, Any] = {key: {"resourceType": "Bundle", "entry": []} for key in _KEYS.values()}
        for resource in self.kept.values():
            kind = resource["resourceType"]
            if kind in _KEYS:
                prefetch[_KEYS[kind]]["entry"].append({"resource": resource})
            elif kind in ("Patient", "Encounter"):
                prefetch[kind.lower()] = resource
        return read_context({"patientId": "0001234"}, prefetch, NOW).context


@pytest.fixture
def stay() -> Store:
    store = Store()
    store.take("ADT^A28", "EVN|A28|20260110080000", PID, number="1")
    store.take(
        "ADT^A01",
        "EVN|A01|20260110083000",
        PID,
        PV1,
        "AL1|1|DA|^青霉素|SV|^过敏性休克",
        "DG1|1||E11.900^2型糖尿病^I10||20260110|A",
        "OBX|1|NM|29463-7^体重^LN||68|kg|||||F",
        number="2",
    )
    store.take("RDE^O11", PID, PV1, ORC, RXE, RXR, number="3")
    store.take(
        "ORM^O01",
        PID,
        PV1,
        segment("ORC", {1: "NW", 2: "P200"}),
        segment("OBR", {4: "CT^胸部CT平扫", 24: "CT"}),
        number="4",
    )
    store.take(
        "ORU^R01", PID, PV1, OBR, obx(1, "HGB^血红蛋白^L^718-7^Hemoglobin^LN", "95", flag="L"), number="5", app="LIS"
    )
    store.take(
        "ORU^R01",
        PID,
        segment("OBR", {2: "P200", 3: "CT9", 4: "CT^胸部CT平扫", 7: "20260112", 24: "CT", 25: "F"}),
        "OBX|1|TX|IMP^诊断印象||右肺上叶结节\n建议三个月后复查||||||F",
        number="6",
        app="RIS",
    )
    return store


def test_the_next_hospital_sees_who_the_patient_is_and_what_was_found(stay: Store) -> None:
    patient = stay.patient()
    assert (patient.sex, patient.birth_date, patient.visit) == (Sex.MALE, date(1949, 12, 31), Visit.INPATIENT)
    assert (patient.institution, patient.department, patient.admitted) == ("县人民医院", "心内科", date(2026, 1, 10))
    assert isinstance(patient.allergies, tuple)
    assert [(a.what.text, a.severe) for a in patient.allergies] == [("青霉素", True)]
    assert isinstance(patient.observations, tuple)
    assert {o.what.text: o.value for o in patient.observations if o.what.text in ("血红蛋白", "体重")} == {
        "血红蛋白": Quantity(95, "g/L"),
        "体重": Quantity(68, "kg"),
    }
    assert isinstance(patient.reports, tuple)
    by_name = {r.what.text: r for r in patient.reports}
    assert by_name["胸部CT平扫"].conclusion == "右肺上叶结节\n建议三个月后复查"
    assert by_name["胸部CT平扫"].origin.institution == "县人民医院"
    assert isinstance(patient.medications, tuple)
    assert [m.what.text for m in patient.medications] == ["盐酸二甲双胍片"]


def test_a_drug_that_was_stopped_is_no_longer_taken(stay: Store) -> None:
    stay.take("RDE^O11", PID, PV1, ORC.replace("|NW|", "|DC|"), segment("RXE", {2: "^盐酸二甲双胍片"}), number="7")
    medications = stay.patient().medications
    assert isinstance(medications, tuple)
    assert not [m for m in medications if m.is_active()]


def test_a_result_that_was_corrected_counts_and_one_that_was_taken_back_does_not(stay: Store) -> None:
    stay.take("ORU^R01", PID, OBR, obx(1, "HGB^血红蛋白", "128", status="C"), number="8", app="LIS")
    found = stay.patient().observations
    assert isinstance(found, tuple)
    assert [o.value for o in found if o.what.text == "血红蛋白"] == [Quantity(128, "g/L")]
    stay.take("ORU^R01", PID, OBR, obx(1, "HGB^血红蛋白", "", status="D"), number="9", app="LIS")
    found = stay.patient().observations
    assert isinstance(found, tuple)
    assert not [o for o in found if o.what.text == "血红蛋白"]


def test_a_laboratory_that_knows_little_of_the_patient_does_not_make_us_forget(stay: Store) -> None:
    stay.take(
        "ORU^R01",
        "PID|1||0001234^^^HIS^MR||张^三丰",
        OBR,
        obx(1, "K^钾", "4.1", unit="mmol/L"),
        number="10",
        app="LIS",
    )
    assert stay.patient().birth_date == date(1949, 12, 31)


def test_a_discharge_ends_the_stay_and_an_admission_in_error_is_cancelled(stay: Store) -> None:
    stay.take("ADT^A03", "EVN|A03|20260115", PID, PV1 + "|20260115100000", number="11")
    assert stay.kept["Encounter/ZY2026001"]["status"] == "finished"
    stay.take("ADT^A11", "EVN|A11|20260115", PID, PV1, number="12")
    assert stay.kept["Encounter/ZY2026001"]["status"] == "cancelled"
