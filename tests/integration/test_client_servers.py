"""What we ask of a client's own servers: missing prefetch from its FHIR server, keys from its JWK set."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Iterator
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
    """A FHIR server and a JWK set on this machine: path to answer, with what was asked."""

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
        found = self.server.answers.get(self.path.partition("?")[0])
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
