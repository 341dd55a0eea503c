"""A doctor writing a document: the hook of our own answers with cards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build
from tests.integration.conftest import opened


@pytest.fixture(scope="module")
def service(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service for tests that leave nothing behind."""
    house = opened(starter_dir, tmp_path_factory.mktemp("writing"))
    with TestClient(build(house), raise_server_exceptions=False) as client:
        yield client
    house.engine.dispose()


URL = "/cds-services/yigong-record-writing"
RECORD: dict[str, Any] = {
    "id": "ZY1",
    "kind": "住院病历",
    "visit": {"admitted": "2026-11-01T08:00:00+08:00"},
    "events": [],
    "operations": [],
    "documents": [
        {
            "id": "old",
            "kind": "日常病程记录",
            "written": "2026-11-02T08:00:00+08:00",
            "sections": [{"text": "患者××。"}],
        },
        {"id": "new", "kind": "入院记录", "sections": [{"title": "主诉", "text": "反复胸闷、××"}]},
    ],
}


def call(**context: Any) -> dict[str, Any]:
    given = {"userId": "Practitioner/1", "patientId": "P1", "record": RECORD, "documentId": "new", **context}
    return {"hook": "yigong-record-writing", "hookInstance": "7c5b2f8e-6a64-4f2b-9a43-55c9e3d1b0aa", "context": given}


def test_the_document_being_written_is_judged_with_sentence_source_and_mending(service: TestClient) -> None:
    answer = service.post(URL, json=call())
    assert answer.status_code == 200, answer.text
    found = {card["extension"]["cn.yigong.record-defect"]["check"]: card for card in answer.json()["cards"]}
    card = found["wording-placeholder"]
    assert "> 反复胸闷、××" in card["detail"]
    assert "第三条" in card["source"]["label"]
    assert card["extension"]["cn.yigong.record-defect"]["place"]["document"] == "new"
    places = [c["extension"]["cn.yigong.record-defect"].get("place", {}) for c in answer.json()["cards"]]
    assert "old" not in {place.get("document") for place in places}
    assert all(0 < len(card["summary"]) < 140 and card["uuid"] for card in answer.json()["cards"])


def test_what_is_not_yet_due_is_a_reminder_with_its_deadline(service: TestClient) -> None:
    running = RECORD | {"visit": {"admitted": "2999-11-01T08:00:00+08:00"}, "documents": [RECORD["documents"][1]]}
    cards = service.post(URL, json=call(record=running)).json()["cards"]
    told = [card["extension"]["cn.yigong.record-defect"] for card in cards]
    (due,) = [one["due"] for one in told if one["check"] == "first-course-missing"]
    assert due == "2999-11-01T16:00:00+08:00"


def test_a_check_that_the_institution_switched_off_says_nothing(served: TestClient) -> None:
    active = served.get("/api/v1/qc/schemes/active").json()["scheme"]
    off = {
        **active,
        "title": "本院标准",
        "changes": {**active.get("changes", {}), "wording-placeholder": {"off": True}},
    }
    made = served.post("/api/v1/qc/schemes", json={"scheme": off, "note": "模板占位由模板系统处理"})
    assert made.status_code == 201, made.text
    cards = served.post(URL, json=call()).json()["cards"]
    told = {card["extension"]["cn.yigong.record-defect"]["check"] for card in cards}
    assert told
    assert "wording-placeholder" not in told


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ({"documentId": "gone"}, "writing"),
        ({"record": RECORD | {"kind": "住院"}}, "context.record.kind"),
        ({"record": {}}, "context.record"),
    ],
)
def test_a_misshapen_call_names_the_field(service: TestClient, context: dict[str, Any], field: str) -> None:
    answer = service.post(URL, json=call(**context))
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [field]


def test_the_hook_is_discovered(service: TestClient) -> None:
    services = {one["id"]: one for one in service.get("/cds-services").json()["services"]}
    assert "prefetch" not in services["yigong-record-writing"], "nothing is asked for, and no member may be empty"
