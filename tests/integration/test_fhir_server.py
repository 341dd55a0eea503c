"""The FHIR server as a hospital's interface engine uses it: store, ask, correct, take back, find persons."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House, key_ring
from api.intake import worker
from exchange.fhir.services import ASK, FETCH, MERGE, REGISTER, SERVICES, UPDATE, Service
from tests.integration.conftest import opened

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "P1",
    "name": [{"text": "测试甲"}],
    "gender": "female",
    "birthDate": "1980-05-12",
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "150102198005120026"}],
    "telecom": [{"system": "phone", "value": "13800000001"}],
}
"""A person nobody is; the check digit of her card is right."""


def potassium(value: float, at: str = "2026-11-25T08:30:00+08:00", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "K1",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"text": "血钾", "coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "subject": {"reference": "Patient/P1"},
        "effectiveDateTime": at,
        "issued": at,
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    } | more


class Server:
    """A served installation whose messages are stored as soon as they arrive."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.request(method, path, json=body, headers=headers)


@pytest.fixture
def server(starter_dir: Path, tmp_path: Path) -> Iterator[Server]:
    yield from _serving(starter_dir, tmp_path)


@pytest.fixture(scope="module")
def league(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all named services, which knows a patient."""
    for server in _serving(starter_dir, tmp_path_factory.mktemp("league")):
        server.send("POST", "/fhir", bundle(PATIENT))
        yield server


def _serving(starter_dir: Path, folder: Path) -> Iterator[Server]:
    house: House = opened(starter_dir, folder, rate_limit="")
    storing = worker(house, key_ring(house))
    stop = threading.Event()
    thread = threading.Thread(target=storing.run, args=(stop,), daemon=True)
    thread.start()
    with TestClient(build(house), raise_server_exceptions=False) as client:
        yield Server(client)
    stop.set()
    thread.join()
    house.engine.dispose()


def bundle(*resources: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
        ],
    }


def test_a_transaction_is_stored_whole_and_found_again(server: Server) -> None:
    answer = server.send("POST", "/fhir", bundle(PATIENT, potassium(5.8)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["type"] == "transaction-response"
    assert [e["response"]["status"] for e in answer.json()["entry"]] == ["201 Created", "201 Created"]
    read = server.send("GET", "/fhir/Observation/K1")
    assert read.json()["valueQuantity"]["value"] == 5.8
    assert read.headers["etag"] == 'W/"1"'
    assert read.headers["content-type"].startswith("application/fhir+json")
    found = server.send("GET", "/fhir/Observation?patient=P1&code=http://loinc.org|2823-3&_sort=-date").json()
    assert (found["type"], found["total"]) == ("searchset", 1)
    assert server.send("GET", "/fhir/Observation?patient=P1&code=718-7").json()["total"] == 0


def test_a_correction_makes_a_version_and_the_old_one_stays(server: Server) -> None:
    server.send("POST", "/fhir", bundle(PATIENT, potassium(5.8)))
    corrected = server.send("PUT", "/fhir/Observation/K1", potassium(4.8, status="corrected"))
    assert corrected.status_code == 200, corrected.text
    assert corrected.headers["etag"] == 'W/"2"'
    history = server.send("GET", "/fhir/Observation/K1/_history").json()
    assert [e["resource"]["valueQuantity"]["value"] for e in history["entry"]] == [4.8, 5.8]
    assert server.send("GET", "/fhir/Observation/K1/_history/1").json()["valueQuantity"]["value"] == 5.8
    assert server.send("DELETE", "/fhir/Observation/K1").status_code == 204
    assert server.send("GET", "/fhir/Observation/K1").status_code == 404
    assert server.send("GET", "/fhir/Observation?patient=P1").json().get("entry", []) == []


def test_what_is_wrong_is_told_by_entry_and_field_and_nothing_of_it_is_stored(server: Server) -> None:
    wrong = bundle(PATIENT, potassium(5.8, status="done"))
    wrong["entry"][1]["resource"]["effectiveDateTime"] = "yesterday"
    answer = server.send("POST", "/fhir", wrong)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "entry[1].resource" in answer.json()["issue"][0]["expression"][0]
    assert server.send("GET", "/fhir/Patient/P1").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/fhir/Rocket", None, 404),
        ("GET", "/fhir/Observation?colour=red", None, 400),
        ("GET", "/fhir/Observation?patient=P1&_region=maybe", None, 200),
        ("GET", "/fhir/Observation?_region=true", None, 400),
        ("GET", "/fhir/Observation/none", None, 404),
        ("GET", "/fhir/Patient/none/$everything", None, 404),
        ("PUT", "/fhir/Observation/K2", potassium(5), 400),
        ("POST", "/fhir/Observation", {"resourceType": "Patient"}, 400),
        ("POST", "/fhir", {"resourceType": "Bundle", "type": "document", "entry": []}, 400),
        ("POST", "/fhir/Patient/$match", {"resourceType": "Parameters"}, 400),
    ],
)
def test_refusals_are_operation_outcomes(server: Server, method: str, path: str, body: Any, status: int) -> None:
    answer = server.send(method, path, body)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_batch_answers_each_entry_for_itself(server: Server) -> None:
    server.send("POST", "/fhir", bundle(PATIENT))
    wrong = potassium(5.8, id="K9", status="done")
    sent = bundle(potassium(5.8), wrong, kind="batch")
    sent["entry"].append({"request": {"method": "GET", "url": "Patient/P1"}})
    answer = server.send("POST", "/fhir", sent).json()
    assert [e["response"]["status"][:3] for e in answer["entry"]] == ["201", "422", "200"]
    assert answer["entry"][2]["resource"]["birthDate"] == "1980-05-12"


def test_a_call_repeated_after_a_broken_line_is_stored_once(server: Server) -> None:
    server.send("POST", "/fhir", bundle(PATIENT))
    sent = potassium(5.8)
    first = server.send("PUT", "/fhir/Observation/K1", sent, **{"X-Request-Id": "call-1"})
    assert first.status_code == 201, first.text
    again = server.send("PUT", "/fhir/Observation/K1", sent, **{"X-Request-Id": "call-1"})
    assert again.status_code in (200, 201, 409)
    assert len(server.send("GET", "/fhir/Observation/K1/_history").json()["entry"]) == 1


def test_a_person_is_found_by_what_is_known_of_her(server: Server) -> None:
    server.send("POST", "/fhir", bundle(PATIENT))
    asked = {k: v for k, v in PATIENT.items() if k not in ("id", "telecom")}
    found = server.send("POST", "/fhir/Patient/$match", asked).json()
    assert found["total"] == 1
    assert found["entry"][0]["search"]["extension"][0]["valueCode"] == "certain"
    assert 0.9 < found["entry"][0]["search"]["score"] <= 1
    by_number = server.send("GET", "/fhir/Patient?identifier=150102198005120026").json()
    assert [e["resource"]["id"] for e in by_number["entry"]] == ["P1"]
    assert "entry" not in server.send("GET", "/fhir/Patient?identifier=150102198005120034").json()


def test_everything_of_a_patient(server: Server) -> None:
    server.send("POST", "/fhir", bundle(PATIENT, potassium(5.8)))
    everything = server.send("GET", "/fhir/Patient/P1/$everything").json()
    assert {e["resource"]["resourceType"] for e in everything["entry"]} == {"Patient", "Observation"}


def test_what_the_server_says_of_itself_is_what_it_does(server: Server) -> None:
    said = server.send("GET", "/fhir/metadata").json()
    assert said["fhirVersion"] == "4.0.1"
    for resource in said["rest"][0]["resource"]:
        asked = server.send("GET", f"/fhir/{resource['type']}?_count=1")
        assert asked.status_code == 200, resource["type"]
        for parameter in resource["searchParam"]:
            value = "2026-11-26" if parameter["type"] == "date" else "active"
            answer = server.send("GET", f"/fhir/{resource['type']}?{parameter['name']}={value}")
            assert answer.status_code == 200, (resource["type"], parameter)


def _name(service: Service, number: int) -> str:
    return f"s{number}" if service.subject.resource == "CodeSystem" else f"S{number}"


def _example(service: Service, number: int) -> dict[str, Any]:
    """A resource as a hospital would send it to a service."""
    subject, kind = service.subject, service.subject.resource
    coded = {"text": subject.title, "coding": [{"code": subject.code or "x"}]}
    made: dict[str, Any] = {"resourceType": kind, "id": _name(service, number)}
    made |= {
        "Patient": {k: v for k, v in PATIENT.items() if k not in ("resourceType", "id")},
        "Organization": {"name": f"科室{number}", "type": [{"coding": [{"code": "dept"}]}]},
        "Practitioner": {"name": [{"text": "测试医师"}]},
        "CodeSystem": {
            "status": "active",
            "content": "complete",
            "url": f"urn:test:{number}",
            "title": "检验项目",
            "concept": [{"code": "K", "display": "血钾"}],
        },
        "DocumentReference": {"status": "current", "content": [{"attachment": {"url": "ni:///sha-256;x"}}]},
        "Basic": {"code": coded, "identifier": [{"value": "8801"}], "created": "2026-11-01"},
        "Encounter": {
            "status": "finished" if subject.code == "finished" else "in-progress",
            "class": {"code": subject.code if subject.parameter == "class" else "IMP"},
            "type": [coded],
            "period": {"start": "2026-11-20T08:00:00+08:00"}
            | ({"end": "2026-11-25T10:00:00+08:00"} if subject.code == "finished" else {}),
        },
        "MedicationRequest": {
            "status": "active",
            "intent": "order",
            "authoredOn": "2026-11-25T08:00:00+08:00",
            "medicationCodeableConcept": {"text": "二甲双胍片"},
        },
        "ServiceRequest": {
            "status": "active",
            "intent": "order",
            "authoredOn": "2026-11-25T08:00:00+08:00",
            "category": [coded],
            "code": {"text": subject.title},
        },
        "Schedule": {"active": True, "actor": [{"display": "内科"}], "identifier": [{"value": f"S{number}"}]},
        "Appointment": {
            "status": "booked",
            "serviceCategory": [coded],
            "start": "2026-11-28T08:00:00+08:00",
            "end": "2026-11-28T08:30:00+08:00",
            "participant": [{"actor": {"reference": "Patient/P1"}, "status": "accepted"}],
        },
        "Task": {
            "status": "in-progress",
            "intent": "order",
            "code": coded,
            "authoredOn": "2026-11-25T08:00:00+08:00",
        },
        "Procedure": {
            "status": "in-progress",
            "category": coded,
            "code": {"text": "阑尾切除术"},
            "performedDateTime": "2026-11-25T08:00:00+08:00",
        },
    }[kind]
    about = {"Task": "for", "Basic": "subject", "DocumentReference": "subject"}.get(kind, "subject")
    if kind not in ("Patient", "Organization", "Practitioner", "CodeSystem", "Schedule", "Appointment"):
        made[about] = {"reference": "Patient/P1"}
    return made


@pytest.mark.parametrize("title", list(dict.fromkeys(s.subject.title for s in SERVICES)))
def test_every_named_service_does_what_it_is_called(league: Server, title: str) -> None:
    """信息互联互通: all services of one subject, one after the other, by the call that the documentation gives."""
    server = league
    services = [s for s in SERVICES if s.subject.title == title]
    number, kind = services[0].number, services[0].subject.resource
    example, name = _example(services[0], number), _name(services[0], number)
    path = f"/fhir/{kind}/{name}"
    tried = set()
    for service in sorted(services, key=lambda s: (REGISTER, UPDATE, FETCH, ASK, MERGE).index(s.act)):
        tried.add(service.act)
        if service.act == REGISTER:
            answer = server.send("POST", f"/fhir/{kind}", example)
            assert answer.status_code == 201, answer.text
        elif service.act == UPDATE:
            change = {"title": "检验项目 (新)"} if kind == "CodeSystem" else {"language": "zh-CN"}
            answer = server.send("PUT", path, example | change)
            assert answer.status_code in (200, 201), answer.text
            assert change.items() <= server.send("GET", path).json().items()
        elif service.act == FETCH:
            assert server.send("GET", path).json()["id"] == name
        elif service.act == ASK:
            query = service.call().partition("?")[2]
            asked = query.replace("patient={}", "patient=P1").replace("identifier={}", f"_id={name}")
            found = server.send("GET", f"/fhir/{kind}?{asked}").json()
            assert name in [e["resource"]["id"] for e in found.get("entry", [])], service.name
        elif service.act == MERGE:
            other = example | {"id": "S-other", "name": [{"text": "测试乙"}], "identifier": [], "telecom": []}
            assert server.send("POST", "/fhir/Patient", other).status_code == 201
            merge = {"resourceType": "Parameters", "parameter": [
                {"name": "source-patient", "valueReference": {"reference": "Patient/S-other"}},
                {"name": "target-patient", "valueReference": {"reference": f"Patient/S{number}"}},
            ]}  # fmt: skip
            assert server.send("POST", "/fhir/Patient/$merge", merge).status_code == 200
    assert tried == {s.act for s in services}
