"""The routes for suspected diagnoses, differentials and examinations, with the bodies that OpenAPI shows."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import build
from api.bootstrap import House
from api.routes.inference import EXAMPLES
from base.tenancy import system
from records.uses import uses


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


RECORD = {"patient": {"id": "P7", "sex": "男", "birthDate": "1960-05-01", "conditions": [{"text": "胸痛"}]}}


def test_what_is_proposed_of_a_record_can_be_written_back_and_is_not_confirmed(client: TestClient) -> None:
    body = RECORD | {"text": EXAMPLES["diagnoses"]["text"]}
    suspected = post(client, "diagnoses", body)["candidates"][0]
    assert suspected["resource"]["resourceType"] == "Condition"
    assert suspected["resource"]["subject"] == {"reference": "Patient/P7"}
    assert suspected["resource"]["verificationStatus"]["coding"][0]["code"] == "provisional"
    other = post(client, "differentials", RECORD | {"diagnosis": "急性心肌梗死"})["differentials"][0]
    assert other["resource"]["verificationStatus"]["coding"][0]["code"] == "differential"
    wanted = post(client, "examinations", body | {"diagnoses": ["急性心肌梗死"]})["examinations"][0]
    assert wanted["resource"]["resourceType"] == "ServiceRequest"
    assert wanted["resource"]["status"] == "draft"
    assert wanted["resource"]["code"]["text"] == wanted["name"]
    assert {"text": "急性心肌梗死"} in wanted["resource"]["reasonCode"]


def test_of_a_story_without_a_record_too_what_is_forbidden_stands_apart(client: TestClient) -> None:
    told = post(
        client, "examinations", {"ageYears": 36, "sex": "女", "text": "哮喘发作，喘息，呼吸急促，双肺哮鸣音。"}
    )
    (forbidden,) = told["contraindicated"]
    assert forbidden["name"] == "支气管激发试验"
    assert forbidden["against"][0].startswith("【禁忌】")


def test_of_nobody_there_is_nothing_to_write_back(client: TestClient) -> None:
    told = post(client, "diagnoses", {"findings": [{"text": "胸痛"}]})
    assert all("resource" not in one for one in told["candidates"])


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


def test_each_use_is_counted_with_department_doctor_and_disease_and_without_the_patient(
    client: TestClient, starter: House
) -> None:
    who = {"department": "急诊科", "prescriber": {"name": "白医生"}}
    named = {"text": "急性阑尾炎", "codes": [{"system": "icd-10", "code": "K35.900"}]}
    post(client, "differentials", RECORD | who | {"diagnosis": named})
    post(client, "scores/qsofa", who | {"values": {"altered_mentation": True}})
    post(client, "scores/suggestions", {"patient": {"id": "P7", "conditions": [{"text": "心房颤动"}]}} | who)
    client.app.state.office.understanding.uses.flush()  # type: ignore[attr-defined]
    with system("test"), starter.engine.connect() as connection:
        rows = connection.execute(select(uses).where(uses.c.department == "急诊科")).all()
    assert {row.kind: (row.doctor, row.disease, row.answered) for row in rows} == {
        "differentials": ("白医生", "K35", True),
        "scores": ("白医生", "", True),
        "score-suggestions": ("白医生", "I48", True),
    }
    assert "P7" not in str(rows)
