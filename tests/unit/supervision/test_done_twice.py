"""What a history marks as done twice: ``done_twice.yaml`` says it case by case."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from api.person_record import PersonRecords
from clinical.coded import CHINA
from inference.picture_parts import Stored
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from supervision.done_twice import done_twice
from tests.yaml_tables import load

CASES: Final = load(Path(__file__).with_suffix("").with_name("done_twice.yaml"))["cases"]
NOW: Final = datetime(2026, 11, 30, tzinfo=UTC)
_PLACES: Final = {"县医院": "league/a/county", "市医院": "league/b/city", "旗医院": "league/c/banner"}
_KINDS: Final = {
    "report": ("DiagnosticReport", "final", "effectiveDateTime"),
    "result": ("Observation", "final", "effectiveDateTime"),
    "study": ("ImagingStudy", "available", "started"),
    "drug": ("MedicationRequest", "active", "authoredOn"),
    "handed-out": ("MedicationDispense", "completed", "whenHandedOver"),
    "stated": ("MedicationStatement", "active", "dateAsserted"),
    "operation": ("Procedure", "completed", "performedDateTime"),
}


@pytest.fixture(scope="module")
def records(snapshot: Snapshot) -> PersonRecords:
    """Reads resources as the service does, from no database."""
    named = {path: name for name, path in _PLACES.items()}
    region = SimpleNamespace(directory=SimpleNamespace(name=named.__getitem__))
    serving = SimpleNamespace(now=SimpleNamespace(snapshot=snapshot, terminology=Terminology(snapshot)))
    nobody = cast(Any, None)
    return PersonRecords(nobody, nobody, nobody, nobody, nobody, cast(Any, region), cast(Any, serving))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_done_twice_is_marked_with_when_and_where(
    records: PersonRecords, snapshot: Snapshot, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = [_stored(line) for line in case["history"]]
    monkeypatch.setattr("api.person_record.datetime", SimpleNamespace(now=lambda zone: NOW))
    marks = done_twice(stored, records.told(stored, "P1").ever(), snapshot)
    lines = {line["id"]: line for line in case["history"]}
    told = {reference.rpartition("/")[2]: mark for reference, mark in marks.items()}
    assert {line: mark.reference.rpartition("/")[2] for line, mark in told.items()} == case["marks"]
    for mark in told.values():
        line = lines[mark.reference.rpartition("/")[2]]
        assert (mark.institution, mark.title) == (line["where"], _what(line)[1])
        assert mark.at.startswith(line["at"])


def _what(line: dict[str, Any]) -> tuple[str, str]:
    """How a line says what was done, and what."""
    return next((kind, line[kind]) for kind in _KINDS if kind in line)


def _stored(line: dict[str, Any]) -> Stored:
    said, text = _what(line)
    kind, status, when = _KINDS[said]
    tenant, at = _PLACES[line["where"]], datetime.fromisoformat(line["at"]).replace(tzinfo=CHINA)
    name = "medicationCodeableConcept" if kind.startswith("Medication") else "code"
    resource: dict[str, Any] = {"resourceType": kind, "id": line["id"], "status": line.get("status", status)}
    resource |= {"description": text} if said == "study" else {name: {"text": text}}
    resource[when] = line["at"] if len(line["at"]) == 10 else at.isoformat()
    return Stored(tenant, line["where"], at, resource | _more(line))


def _more(line: dict[str, Any]) -> dict[str, Any]:
    """What few lines say: value, category, numbers, how a drug is taken and for how long."""
    made: dict[str, Any] = {}
    if "value" in line:
        made["valueQuantity"] = {"value": line["value"], "unit": line["unit"]}
    if "category" in line:
        made["category"] = [{"coding": [{"code": line["category"]}]}]
    if "number" in line:
        made["identifier"] = [{"value": line["number"]} | ({"system": line["system"]} if "system" in line else {})]
    if "prescription" in line:
        made["authorizingPrescription"] = [
            {"type": "MedicationRequest", "identifier": {"value": line["prescription"]}}
        ]
    if "route" in line:
        made["dosageInstruction"] = [{"route": {"text": line["route"]}}]
    if "days" in line:
        supply = {"value": line["days"], "unit": "d"}
        made |= {"dispenseRequest": {"expectedSupplyDuration": supply}} if "drug" in line else {"daysSupply": supply}
    return made
