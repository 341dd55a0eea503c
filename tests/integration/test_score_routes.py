"""Scores over HTTP: the list, the form, filling from the record, answers by hand, what it means, which to fill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.routes.scores import EXAMPLE, SUGGESTIONS

URL = "/api/v1/inference/scores"


def result(text: str, value: float, unit: str, hours: float = 1) -> dict[str, Any]:
    time = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    return {"text": text, "value": value, "unit": unit, "time": time, "institution": "旗医院"}


SEPTIC = {
    "id": "1",
    "birthDate": "1950-01-01",
    "observations": [result("呼吸频率", 26, "次/分"), result("收缩压", 92, "mmHg")],
}


def test_sixty_scores_are_listed_each_with_its_source(standing: TestClient) -> None:
    told = standing.get(URL).json()["scores"]
    assert len(told) >= 60
    assert all(s["source"] and s["purpose"] for s in told)
    found = standing.get(URL, params={"q": "心房颤动"}).json()["scores"]
    assert "cha2ds2-vasc" in {s["name"] for s in found}
    assert len(found) < 12


def test_every_form_can_be_had(standing: TestClient) -> None:
    for score in standing.get(URL).json()["scores"]:
        told = standing.get(f"{URL}/{score['name']}").json()
        assert len(told["items"]) == score["items"]
        assert told["bands"]


def test_the_record_fills_and_a_person_adds(standing: TestClient) -> None:
    told = standing.post(f"{URL}/qsofa", json={"patient": SEPTIC, "values": {"altered_mentation": True}}).json()
    assert (told["result"]["total"], told["result"]["band"]["label"]) == (3, "阳性")
    assert told["result"]["band"]["nextStep"]
    assert "qSOFA" in told["result"]["text"]
    by_field = {item["field"]: item for item in told["result"]["items"]}
    assert by_field["systolic"]["source"]["institution"] == "旗医院"
    assert by_field["altered_mentation"]["manual"] is True


def test_what_is_missing_leaves_a_range_not_a_normal_result(standing: TestClient) -> None:
    told = standing.post(f"{URL}/qsofa", json={"patient": SEPTIC}).json()["result"]
    assert not told["complete"]
    assert "total" not in told
    assert (told["lowest"], told["highest"], told["missing"]) == (2, 3, ["意识改变(GCS<15)"])


def test_yesterdays_pressure_is_not_todays(standing: TestClient) -> None:
    patient = SEPTIC | {"observations": [result("收缩压", 92, "mmHg", hours=30)]}
    told = standing.post(f"{URL}/qsofa", json={"patient": patient}).json()
    item = next(i for i in told["form"]["items"] if i["field"] == "systolic")
    assert "value" not in item
    assert "12小时" in item["note"]


def test_without_a_patient_all_is_by_hand(standing: TestClient) -> None:
    values = {"respiratory_rate": 18, "altered_mentation": False, "systolic": 120}
    told = standing.post(f"{URL}/qsofa", json={"values": values}).json()["result"]
    assert (told["total"], told["band"]["level"]) == (0, "low")


@pytest.mark.parametrize(
    ("name", "values", "field"),
    [
        ("qsofa", {"systolic": 900}, "values.systolic"),
        ("qsofa", {"altered_mentation": "yes"}, "values.altered_mentation"),
        ("qsofa", {"nothing": 1}, "values.nothing"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_by_name(
    standing: TestClient, name: str, values: dict[str, Any], field: str
) -> None:
    answer = standing.post(f"{URL}/{name}", json={"values": values})
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [field]


def test_an_unknown_score_is_404(standing: TestClient) -> None:
    assert standing.get(f"{URL}/none").status_code == 404
    assert standing.post(f"{URL}/none", json={}).status_code == 404


def test_scores_are_suggested_for_diagnoses_findings_and_admission(standing: TestClient) -> None:
    told = standing.post(f"{URL}/suggestions", json=SUGGESTIONS).json()["suggestions"]
    reasons = {s["name"]: s["reasons"] for s in told}
    assert "诊断：心房颤动" in reasons["cha2ds2-vasc"]
    assert "表现：发热" in reasons["qsofa"]
    told = standing.post(f"{URL}/suggestions", json={"patient": {"id": "1"}, "diagnoses": ["肺炎"]}).json()
    assert "curb-65" in {s["name"] for s in told["suggestions"]}
    told = standing.post(f"{URL}/suggestions", json={"patient": {"id": "1"}, "stage": "encounter-start"}).json()
    assert "news2" in {s["name"] for s in told["suggestions"]}


def test_the_examples_of_the_documentation_work(standing: TestClient) -> None:
    assert standing.post(f"{URL}/qsofa", json=EXAMPLE).status_code == 200
