"""Pathways fitted and meetings prepared over HTTP, in the words of a ward."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.routes import consultations, pathways

STAY = {**pathways.EXAMPLE, "asOf": "2026-11-04"}


def fitted(standing: TestClient, **more: Any) -> dict[str, Any]:
    answer = standing.post("/api/v1/inference/pathways", json={**STAY, **more})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["pathways"]
    return dict(found)


def of(patient: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**deepcopy(patient), **more}


def states(fit: dict[str, Any]) -> dict[str, str]:
    return {step["label"]: step["state"] for step in fit["steps"]}


def test_an_inpatient_with_infarction_enters_and_each_step_has_its_state(standing: TestClient) -> None:
    fit = fitted(standing)
    assert (fit["entry"], fit["diagnosis"]["name"]) == ("met", "急性心肌梗死")
    found = states(fit)
    assert found["24小时内阿司匹林"] == "done"
    assert found["24小时内心电图"] == "overdue"
    assert found["24小时内P2Y12受体抑制剂"] == "overdue"
    assert "24小时内心电图" in fit["deviations"]
    assert "24小时内阿司匹林" not in fit["deviations"]
    assert all(step["sources"] for step in fit["steps"])


def test_a_step_whose_time_is_not_over_is_still_to_come(standing: TestClient) -> None:
    fit = fitted(standing, admitted="2099-01-01")
    assert states(fit)["24小时内心电图"] == "open"
    assert fit["next"]
    assert "deviations" not in fit


def test_an_outpatient_does_not_enter_and_is_told_why(standing: TestClient) -> None:
    fit = fitted(standing, visit="outpatient")
    assert (fit["entry"], fit["reasons"]) == ("unmet", ["不是住院患者"])
    assert "steps" not in fit


def test_without_a_day_of_admission_nobody_can_say(standing: TestClient) -> None:
    stay = {key: value for key, value in STAY.items() if key != "admitted"}
    answer = standing.post("/api/v1/inference/pathways", json=stay).json()["pathways"][0]
    assert answer["entry"] == "unknown"
    assert answer["reasons"] == ["未提供入院日期，不能核对时限"]
    assert "overdue" not in states(answer).values()


def test_a_list_that_nobody_sent_leaves_a_step_unknown(standing: TestClient) -> None:
    patient = {key: value for key, value in STAY["patient"].items() if key != "reports"}
    step = next(s for s in fitted(standing, patient=patient)["steps"] if s["label"] == "24小时内心电图")
    assert (step["state"], step["missing"]) == ("unknown", "检查报告")


def test_an_allergy_excuses_from_the_drug(standing: TestClient) -> None:
    patient = of(STAY["patient"], allergies=[{"text": "阿司匹林"}], medications=[])
    assert states(fitted(standing, patient=patient))["24小时内阿司匹林"] == "excused"


def test_a_diagnosis_without_a_pathway_is_not_listed(standing: TestClient) -> None:
    patient = of(STAY["patient"], conditions=[{"text": "寻常痤疮"}])
    assert standing.post("/api/v1/inference/pathways", json={**STAY, "patient": patient}).json()["pathways"] == []


@pytest.fixture
def meeting(standing: TestClient) -> dict[str, Any]:
    answer = standing.post("/api/v1/inference/consultations", json=consultations.EXAMPLE)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_meeting_is_prepared_with_who_should_come_and_what_they_are_asked(meeting: dict[str, Any]) -> None:
    diagnoses = {name for one in meeting["disciplines"] for name in one["diagnoses"]}
    assert {"心房颤动", "急性上消化道出血"} <= diagnoses
    bleeding = [
        question["text"]
        for one in meeting["disciplines"]
        for question in one["questions"]
        if question["about"] == "心房颤动"
    ]
    assert any("不适用" in text and "出血" in text for text in bleeding), bleeding
    assert all(question["sources"] for one in meeting["disciplines"] for question in one["questions"])


def test_a_drug_that_speaks_against_a_diagnosis_is_brought_up(meeting: dict[str, Any]) -> None:
    warfarin = [one for one in meeting["drugs"] if one["about"] == "华法林片"]
    assert any("出血" in one["text"] and one["sources"] for one in warfarin), meeting["drugs"]


def test_the_case_is_told_in_words_without_who_it_is(meeting: dict[str, Any]) -> None:
    told = "\n".join(meeting["summary"])
    assert "心房颤动" in told
    assert "华法林" in told
    assert "P1" not in told


def test_nothing_is_concluded(meeting: dict[str, Any]) -> None:
    assert meeting["question"] == "抗凝与止血如何取舍"
    assert "结论由会诊作出" in meeting["caution"]
