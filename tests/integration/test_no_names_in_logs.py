"""Nothing that names a patient gets into logs, metrics, the audit or an error's text, whatever goes wrong."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import key_ring
from api.intake import worker
from api.openapi import EXAMPLES
from base import audit
from base.log import JsonFormatter
from tests.integration.conftest import opened

NAME, CARD, PHONE, PLACE = "欧阳秘密", "150102198005120026", "13812345678", "红旗路七号院"
MARKS = (NAME, CARD, PHONE, PLACE)
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "P1",
    "name": [{"text": NAME}],
    "gender": "female",
    "birthDate": "1980-05-12",
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": CARD}],
    "telecom": [{"system": "phone", "value": PHONE}],
    "address": [{"text": PLACE}],
}
HL7 = "\r".join(
    (
        "MSH|^~\\&|HIS|H1|YG|L|20261125080000||ADT^A04|M1|P|2.5.1|||||CHN|UNICODE UTF-8",
        "EVN|A04|20261125080000",
        f"PID|1||P2^^^^MR~{CARD}^^^^NI||{NAME}||19800512|F|||{PLACE}||{PHONE}",
        "PV1|1|O",
        "",
    )
)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged, at the chattiest level, written as the service writes it."""
    kept, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(kept), root.level
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(handler)
    root.setLevel(level)


def _transaction(resource: dict[str, Any]) -> dict[str, Any]:
    entry = {
        "resource": resource,
        "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
    }
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}


def _wrong(**members: Any) -> dict[str, Any]:
    return _transaction(PATIENT | members)


def test_no_name_leaves_by_a_side_door(starter_dir: Path, tmp_path: Path, lines: io.StringIO) -> None:
    house = opened(starter_dir, tmp_path, rate_limit="", fhir_wait_seconds=0.05)
    order = orjson.loads(orjson.dumps(EXAMPLES["order-sign"]))
    order["prefetch"]["patient"] = PATIENT
    broken = orjson.loads(orjson.dumps(order))
    broken["prefetch"]["patient"]["birthDate"] = NAME
    review = {"patient": {"id": "P1", "sex": NAME, "birthDate": PHONE}, "orders": [{"id": NAME}]}
    errors = []
    storing = worker(house, key_ring(house))
    with TestClient(build(house), raise_server_exceptions=False) as client:
        for path, body in (
            ("/cds-services/yigong-order-sign", order),
            ("/cds-services/yigong-order-sign", broken),
            ("/cds-services/yigong-order-sign", {"prefetch": {"patient": NAME}}),
            ("/api/v1/reviews", review),
            ("/fhir", _transaction(PATIENT)),
            ("/fhir", _wrong(birthDate=NAME)),
            ("/fhir", _wrong(gender=NAME)),
            ("/fhir", _wrong(telecom=[{"system": PHONE}])),
            ("/fhir/Patient/$match", PATIENT | {"birthDate": NAME}),
            ("/fhir/Patient/$match", PATIENT),
            ("/api/v1/persons/search", {"name": NAME, "idCard": CARD, "phone": PHONE}),
            ("/api/v1/persons/search", {"name": [NAME], PLACE: CARD}),
        ):
            answer = client.post(path, json=body)
            errors.append(answer.text if answer.status_code >= 400 else "")
        for raw in (HL7, HL7.replace("19800512", NAME), HL7.replace("MSH|", f"{NAME}|"), NAME, f"<{NAME}/>"):
            for standard in ("hl7v2", "cda", "fhir", "tables"):
                kind = "application/json" if standard in ("fhir", "tables") else "text/plain"
                headers = {"content-type": kind}
                answer = client.post(f"/api/v1/exchange/{standard}", content=raw.encode(), headers=headers)
                errors.append(answer.text if answer.status_code >= 400 else "")
        storing.drain()
        given_up = client.get("/api/v1/exchange/messages?state=dead").text
        assert "dead" in given_up
        metrics = client.get("/metrics").text
    told = {"log": lines.getvalue(), "metrics": metrics, "errors": "\n".join(errors), "dead letters": given_up}
    with house.engine.connect() as connection:
        told["audit"] = str(connection.execute(select(audit.events)).all())
    house.engine.dispose()
    assert told["log"]
    for where, text in told.items():
        for mark in (*MARKS, *(mark.encode("unicode_escape").decode() for mark in MARKS)):
            assert mark not in text, f"{where} tells {mark}"
