"""The routes for suspected diagnoses, differentials and examinations, with the bodies that OpenAPI shows."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.app import build
from api.bootstrap import House
from api.routes.inference import EXAMPLES


@pytest.fixture(scope="module")
def client(starter: House) -> TestClient:
    return TestClient(build(starter), client=("127.0.0.1", 50000))


def post(client: TestClient, what: str, body: dict) -> dict:
    answer = client.post(f"/api/v1/inference/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_example_finds_a_heart_attack_among_the_first(client: TestClient) -> None:
    told = post(client, "diagnoses", EXAMPLES["diagnoses"])
    assert any("心肌梗死" in one["name"] for one in told["candidates"])
    assert told["mustNotMiss"]
    first = told["candidates"][0]
    assert {"id", "name", "synonyms", "code", "probability", "evidence"} <= first.keys()
    text = EXAMPLES["diagnoses"]["text"]
    spans = [e["where"] for e in first["evidence"] if e.get("where", {}).get("source") == "text"]
    assert spans
    assert all(text[w["start"] : w["end"]] == w["text"] for w in spans)


def test_only_named_diseases_are_ranked(client: TestClient) -> None:
    body = {"findings": [{"text": "拉肚子"}], "among": ["小儿腹泻", "肺炎", "无此病名"]}
    told = post(client, "diagnoses", body)
    assert [one["name"] for one in told["candidates"]] == ["小儿腹泻", "肺炎", "无此病名"]
    assert "无此病名" in told["notUnderstood"]


def test_differentials_and_examinations_answer_their_examples(client: TestClient) -> None:
    assert post(client, "differentials", EXAMPLES["differentials"])["differentials"]
    assert post(client, "examinations", EXAMPLES["examinations"])["examinations"]


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("diagnoses", {"limit": 0}, "limit"),
        ("diagnoses", {"ageYears": 300}, "ageYears"),
        ("diagnoses", {"findings": [{"text": " "}]}, "findings"),
        ("differentials", {"diagnosis": "无此病名"}, "diagnosis"),
    ],
)
def test_a_bad_field_is_named(client: TestClient, what: str, body: dict, field: str) -> None:
    answer = client.post(f"/api/v1/inference/{what}", json=body)
    assert answer.status_code == 400
    assert field in answer.json()["issue"][0]["expression"][0]
