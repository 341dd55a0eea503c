"""Pre-dispensing review over HTTP: submitted in three ways, decided by people, told to the hospital."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import build
from api.bootstrap import open_house
from base.settings import Settings

RISKY: dict[str, Any] = {
    "patient": {
        "id": "P-1",
        "sex": "男",
        "birthDate": "1960-01-01",
        "conditions": [{"text": "心房颤动"}, {"text": "社区获得性肺炎"}],
        "allergies": [],
        "observations": [],
        "medications": [
            {"id": "m1", "text": "华法林钠片", "dose": 2.5, "unit": "mg", "route": "口服", "frequency": "qd"}
        ],
        "reports": [],
    },
    "institution": "镇卫生院",
    "department": "内科",
    "prescriber": {"name": "李医生", "title": "主治医师", "antimicrobial": "restricted"},
    "visit": "outpatient",
    "orders": [
        {"id": "o1", "text": "甲硝唑片", "dose": 0.4, "unit": "g", "route": "口服", "frequency": "tid", "days": 5}
    ],
    "submit": {"prescription": "RX-1"},
}


def harmless() -> dict[str, Any]:
    changed = json.loads(json.dumps(RISKY))
    changed["orders"][0] |= {"text": "盐酸氨溴索片", "dose": 30, "unit": "mg", "frequency": "tid"}
    return changed  # type: ignore[no-any-return]


@pytest.fixture
def client(starter_dir: Path, tmp_path: Path) -> Iterator[TestClient]:
    shutil.copytree(starter_dir, tmp_path / "data")
    house = open_house(Settings(data_dir=tmp_path / "data", webhook_hosts=["127.0.0.1"], webhook_secret="s"))
    policies = house.settings.policies_dir
    policies.mkdir(parents=True, exist_ok=True)
    policy = {"dispensing": {"stops": [{"least": "major"}], "fallback": "release"}}
    (policies / "default.json").write_text(json.dumps(policy))
    with TestClient(build(house), client=("127.0.0.1", 1)) as made:
        yield made


@pytest.fixture
def told() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def hospital(told: list[dict[str, Any]]) -> Iterator[str]:
    """A hospital's endpoint that remembers what it was told."""

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append(json.loads(body) | {"signature": self.headers["X-Yigong-Signature"]})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Take)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/told"
    server.shutdown()
    server.server_close()


def decide(
    client: TestClient, review: str, action: str, name: str = "王药师", role: str = "pharmacist", **more: Any
) -> Any:
    body = {"action": action, "by": {"name": name, "role": role}, **more}
    return client.post(f"/api/v1/reviews/{review}/decisions", json=body)


def heard(client: TestClient, wanted: int, **headers: str) -> list[tuple[int, dict[str, Any]]]:
    """The first so many moves of the stream, as a hospital's system reads it: number and what is told."""
    told: list[bytes] = []

    async def listen() -> None:
        enough = asyncio.Event()
        asked = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            await enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            told.append(message.get("body", b""))
            if b"".join(told).count(b"event: review") >= wanted:
                enough.set()

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "root_path": "",
            "method": "GET",
            "path": "/api/v1/reviews/events",
            "raw_path": b"/api/v1/reviews/events",
            "query_string": b"after=0",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }
        await asyncio.wait_for(client.app(scope, receive, send), 20)  # type: ignore[arg-type]

    assert client.portal is not None
    client.portal.call(listen)
    found = re.findall(r"id: (\d+)\nevent: review\ndata: (.*)\n\n", b"".join(told).decode())
    return [(int(number), json.loads(data)) for number, data in found]


def test_server_sent_events_tell_every_move_and_go_on_where_a_connection_broke_off(client: TestClient) -> None:
    review = client.post("/api/v1/reviews", json=RISKY).json()["id"]
    decide(client, review, "claim")
    first = heard(client, 2)
    assert [(told["review"], told["status"]) for _, told in first] == [(review, "pending"), (review, "claimed")]
    decide(client, review, "return", reason="与华法林合用出血风险高，建议换药")
    last = str(first[-1][0])
    ((number, told),) = heard(client, 1, last_event_id=last)
    assert number > first[-1][0]
    assert (told["review"], told["status"]) == (review, "returned")


def test_a_risky_prescription_waits_for_a_pharmacist_and_a_harmless_one_passes(client: TestClient) -> None:
    risky = client.post("/api/v1/reviews", json=RISKY).json()
    assert risky["decision"]["status"] == "pending"
    assert risky["decision"]["dispensable"] is False
    passed = client.post("/api/v1/reviews", json=harmless()).json()
    assert passed["decision"]["dispensable"] is True
    waiting = client.get("/api/v1/reviews", params={"status": "waiting", "institution": "镇卫生院"}).json()
    assert [found["id"] for found in waiting["reviews"]] == [risky["id"]]


def test_returned_changed_and_passed(client: TestClient) -> None:
    first = client.post("/api/v1/reviews", json=RISKY).json()["id"]
    assert decide(client, first, "claim").json()["status"] == "claimed"
    returned = decide(client, first, "return", reason="与华法林合用出血风险高，建议换用阿莫西林克拉维酸钾")
    assert returned.json()["status"] == "returned"
    changed = harmless() | {"submit": {"prescription": "RX-1", "replaces": first}}
    second = client.post("/api/v1/reviews", json=changed).json()
    assert second["decision"]["dispensable"]
    history = client.get(f"/api/v1/reviews/{first}/history").json()
    assert [move["action"] for move in history["history"]] == ["submit", "claim", "return", "supersede"]
    assert history["request"]["patient"]["id"] == "P-1"
    figures = client.get("/api/v1/reviews/figures").json()
    assert (figures["intervened"], figures["successes"]) == (1, 1)
    assert all(rule["title"] and "yigong:" not in rule["title"] for rule in figures["rules"])


def test_what_is_not_allowed_says_what_is(client: TestClient) -> None:
    review = client.post("/api/v1/reviews", json=RISKY).json()["id"]
    assert decide(client, review, "approve").status_code == 409
    assert decide(client, review, "fly").json()["issue"][0]["expression"] == ["action"]
    assert decide(client, "nobody", "claim").status_code == 404
    assert decide(client, review, "claim", role="system").status_code == 400
    claimed = decide(client, review, "claim")
    assert claimed.status_code == 200
    assert decide(client, review, "return").status_code == 422, "a reason is needed"
    assert decide(client, review, "approve", "赵药师").status_code == 409


def test_time_runs_out_as_the_policy_says_but_never_for_what_is_contraindicated(client: TestClient) -> None:
    dispensary = client.app.state.front.dispensary  # type: ignore[attr-defined]
    review = client.post("/api/v1/reviews", json=RISKY).json()
    grave = json.loads(json.dumps(RISKY))
    grave["patient"]["allergies"] = [{"text": "甲硝唑"}]
    worse = client.post("/api/v1/reviews", json=grave).json()
    dispensary.run_out(datetime.now(UTC) + timedelta(minutes=11))
    assert client.get(f"/api/v1/reviews/{review['id']}/history").json()["status"] == "released"
    assert client.get(f"/api/v1/reviews/{worse['id']}/history").json()["status"] == "held"


def test_the_hospital_is_told_of_every_change(client: TestClient, hospital: str, told: list[dict[str, Any]]) -> None:
    review = client.post("/api/v1/reviews", json=RISKY | {"submit": {"callback": hospital}}).json()["id"]
    decide(client, review, "claim")
    decide(client, review, "approve", findings=[])
    for _ in range(100):
        if len(told) >= 3:
            break
        threading.Event().wait(0.1)
    assert [message["status"] for message in told[:3]] == ["pending", "claimed", "approved"]
    assert told[2]["dispensable"] is True
    assert all(message["signature"] and "patient" not in message for message in told)


def test_whom_we_call_is_ours_to_say(client: TestClient) -> None:
    answer = client.post("/api/v1/reviews", json=RISKY | {"submit": {"callback": "https://evil.example/x"}})
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["submit.callback"]


def test_medication_verify_submits_too(client: TestClient) -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": "1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/P-1"},
        "medicationCodeableConcept": {"text": "甲硝唑片"},
    }
    warfarin = order | {"id": "2", "status": "active", "medicationCodeableConcept": {"text": "华法林钠片"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}
    request = {
        "hook": "medication-verify",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "P-1", "medications": bundle},
        "prefetch": {
            "patient": {"resourceType": "Patient", "id": "P-1", "gender": "male", "birthDate": "1960-01-01"},
            "medications": {"resourceType": "Bundle", "entry": [{"resource": warfarin}]},
        },
        "extension": {"cn.yigong.submit": {"prescription": "RX-9"}},
    }
    answer = client.post("/cds-services/yigong-medication-verify", json=request).json()
    decision = answer["extension"]["cn.yigong.review"]["decision"]
    assert decision["status"] == "pending"
    as_bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"value": "RX-10"},
        "entry": [{"resource": r} for r in (request["prefetch"]["patient"], order, warfarin)],  # type: ignore[index]
    }
    fhir = client.post("/api/v1/reviews", json=as_bundle, headers={"Content-Type": "application/fhir+json"}).json()
    assert fhir["decision"]["status"] == "pending"


def test_the_queue_being_away_is_no_pass(client: TestClient) -> None:
    client.app.state.front.dispensary.reviews._engine.dispose()  # type: ignore[attr-defined]
    from sqlalchemy.exc import OperationalError

    def away(*_: object) -> None:
        raise OperationalError("x", {}, Exception("gone"))

    client.app.state.front.dispensary.reviews.submit = away  # type: ignore[attr-defined]
    answer = client.post("/api/v1/reviews", json=harmless()).json()
    assert answer["decision"]["status"] == "unrecorded"
    assert answer["decision"]["dispensable"] is False
    assert "findings" in answer


def test_only_those_on_the_list_review_and_only_where_they_cover(client: TestClient, tmp_path: Path) -> None:
    from api.dispensary import staff

    file = tmp_path / "staff.json"
    file.write_text(
        json.dumps({"王药师": {"role": "pharmacist", "institutions": ["县医院"]}, "赵药师": {"role": "pharmacist"}})
    )
    client.app.state.front.dispensary._staff = staff(file)  # type: ignore[attr-defined]
    review = client.post("/api/v1/reviews", json=RISKY).json()["id"]
    assert decide(client, review, "claim").status_code == 403
    assert decide(client, review, "claim", "陌生人").status_code == 403
    assert decide(client, review, "claim", "赵药师").status_code == 200
