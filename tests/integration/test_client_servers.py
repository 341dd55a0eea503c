"""What we ask of a client's own servers: missing prefetch from its FHIR server, keys from its JWK set."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient

from api.app import build
from api.openapi import EXAMPLES
from tests.integration.conftest import opened

SIGN = "/cds-services/yigong-order-sign"


class Hospital(ThreadingHTTPServer):
    """A FHIR server and a JWK set on this machine: path, with or without its query, to answer; and what was asked."""

    request_queue_size = 32  # all is asked at once; who finds the queue full tries again a second later

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.slow = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Hospital

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        time.sleep(self.server.slow)
        answers = self.server.answers
        found = answers.get(self.path, answers.get(self.path.partition("?")[0]))
        self.send_response(200 if found is not None else 404)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def hospital() -> Iterator[Hospital]:
    server = Hospital()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _asking(hospital: Hospital, *missing: str) -> dict[str, Any]:
    body = copy.deepcopy(EXAMPLES["order-sign"])
    for key in missing:
        del body["prefetch"][key]
    token = {"access_token": "secret-token", "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "y"}
    return body | {"fhirServer": f"{hospital.url}/fhir", "fhirAuthorization": token}


def test_missing_data_is_fetched_with_the_clients_token(served: TestClient, hospital: Hospital) -> None:
    prefetch = EXAMPLES["order-sign"]["prefetch"]
    hospital.answers = {
        "/fhir/Patient/P-0001": prefetch["patient"],
        "/fhir/MedicationRequest": prefetch["medications"],
    }
    got = served.post(SIGN, json=_asking(hospital, "patient", "medications"))
    assert got.status_code == 200
    assert any("华法林" in card["summary"] for card in got.json()["cards"])
    assert all(authorization == "Bearer secret-token" for _, authorization in hospital.asked)
    assert "secret-token" not in got.text


def test_what_the_server_does_not_give_is_listed_as_missing(served: TestClient, hospital: Hospital) -> None:
    got = served.post(SIGN, json=_asking(hospital, "allergies"))
    assert got.status_code == 200
    needed = {item["needed"] for item in got.json()["extension"]["cn.yigong.review"]["incomplete"]}
    assert "allergies" in needed


def test_a_server_without_the_required_is_412(served: TestClient, hospital: Hospital) -> None:
    assert served.post(SIGN, json=_asking(hospital, "patient")).status_code == 412


def test_what_the_client_says_it_does_not_have_is_not_asked_for_and_stays_unknown(
    served: TestClient, hospital: Hospital
) -> None:
    body = _asking(hospital)
    body["prefetch"]["allergies"] = None
    got = served.post(SIGN, json=body)
    assert got.status_code == 200
    assert "AllergyIntolerance" not in str(hospital.asked)
    assert "allergies" in {item["needed"] for item in got.json()["extension"]["cn.yigong.review"]["incomplete"]}


def test_dispatched_orders_are_fetched_by_kind(served: TestClient, hospital: Hospital) -> None:
    """What is dispatched comes as references of several kinds; a FHIR search asks for one kind."""
    prefetch = EXAMPLES["order-sign"]["prefetch"]
    drug = EXAMPLES["order-sign"]["context"]["draftOrders"]["entry"][0]["resource"] | {"status": "active"}
    examination = {"resourceType": "ServiceRequest", "status": "active", "category": [{"text": "检查"}]}
    tests = [examination | {"id": id_, "code": {"text": text}} for id_, text in (("1", "胸部CT"), ("2", "腹部超声"))]
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    report = {"resourceType": "DiagnosticReport", "id": "R1", "status": "final", "effectiveDateTime": yesterday}
    report |= {"extension": [{"url": "https://yigong.cn/fhir/recognised", "valueBoolean": True}]}
    hospital.answers = {
        "/fhir/Patient/P-0001": prefetch["patient"],
        "/fhir/DiagnosticReport": _searchset(report | {"code": {"text": "胸部CT平扫"}}),
        "/fhir/MedicationRequest": prefetch["medications"],
        "/fhir/ServiceRequest?_id=1,2": _searchset(*tests),
        "/fhir/MedicationRequest?_id=103": _searchset(drug),
    }
    references = ["ServiceRequest/1", "MedicationRequest/103", f"{hospital.url}/fhir/ServiceRequest/2", "Task/4"]
    named = {"patientId": "P-0001", "dispatchedOrders": references, "performer": "Organization/imaging"}
    body = _asking(hospital) | {"hook": "order-dispatch", "context": named, "prefetch": {}}
    got = served.post("/cds-services/yigong-order-dispatch", json=body)
    assert got.status_code == 200, got.text
    said = {
        (card["source"]["topic"]["code"], order)
        for card in got.json()["cards"]
        for order in card["extension"]["cn.yigong.finding"]["orders"]
    }
    assert {("duplicate-exam", "ServiceRequest/1"), ("interaction", "MedicationRequest/103")} <= said
    incomplete = got.json()["extension"]["cn.yigong.review"]["incomplete"]
    assert [item["orders"] for item in incomplete if item["needed"] == "orders"] == [["Task/4"]]
    assert not any(path.endswith(("_id=", "_id=1,103,2,4")) for path, _ in hospital.asked)


def test_of_a_kind_that_is_not_dispatched_nothing_is_asked(served: TestClient, hospital: Hospital) -> None:
    drug = EXAMPLES["order-sign"]["context"]["draftOrders"]["entry"][0]["resource"]
    hospital.answers = {"/fhir/MedicationRequest?_id=103": _searchset(drug)}
    named = {"patientId": "P-0001", "dispatchedOrders": ["MedicationRequest/103"], "performer": "Organization/shop"}
    body = _asking(hospital) | {"hook": "order-dispatch", "context": named}
    got = served.post("/cds-services/yigong-order-dispatch", json=body)
    assert got.status_code == 200, got.text
    assert any("华法林" in card["summary"] for card in got.json()["cards"])
    assert not [path for path, _ in hospital.asked if "ServiceRequest" in path]


def _searchset(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def test_a_slow_server_does_not_hold_the_order_up(starter_dir: Path, tmp_path: Path, hospital: Hospital) -> None:
    house = opened(starter_dir, tmp_path, fhir_budget_ms=100)
    hospital.slow = 1.0
    with TestClient(build(house)) as client:
        started = time.monotonic()
        got = client.post(SIGN, json=_asking(hospital, "allergies", "medications"))
        assert got.status_code == 200
        assert time.monotonic() - started < 0.9, "answered before the slow server did"
    house.engine.dispose()


@pytest.mark.parametrize("server", ["http://10.0.0.1/fhir", "ftp://127.0.0.1/fhir", 5])
def test_only_safe_servers_are_asked(served: TestClient, hospital: Hospital, server: Any) -> None:
    body = _asking(hospital, "allergies") | {"fhirServer": server}
    got = served.post(SIGN, json=body)
    assert got.status_code == 400
    assert got.json()["issue"][0]["expression"] == ["fhirServer"]


def _token(key: rsa.RSAPrivateKey, jku: str) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": "https://his.example", "aud": f"http://testserver{SIGN}", "iat": now, "exp": now + 300}
    headers = {"kid": "k1", "jku": jku, "typ": "JWT"}
    token = jwt.encode(claims | {"jti": str(uuid4())}, key, algorithm="RS384", headers=headers)
    return {"Authorization": f"Bearer {token}"}


def test_keys_are_taken_from_an_allowed_jwk_set_and_from_no_other(
    starter_dir: Path, tmp_path: Path, hospital: Hospital
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    hospital.answers = {"/jwks": {"keys": [{**jwk, "kid": "k1", "alg": "RS384"}]}}
    house = opened(starter_dir, tmp_path, require_client_auth=True, jku_allow=[f"{hospital.url}/jwks"])
    with TestClient(build(house)) as client:
        for _ in range(2):
            got = client.post(SIGN, json=EXAMPLES["order-sign"], headers=_token(key, f"{hospital.url}/jwks"))
            assert got.status_code == 200
        assert [path for path, _ in hospital.asked] == ["/jwks"], "fetched once, then remembered"
        foreign = client.post(SIGN, json=EXAMPLES["order-sign"], headers=_token(key, f"{hospital.url}/other"))
        assert foreign.status_code == 401
    house.engine.dispose()
