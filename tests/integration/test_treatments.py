"""Treatments as hospitals ask for them: in plain JSON, with a FHIR prefetch, as cards of a chart; and what is proposed
goes back into the record as it stands."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.front import Front
from api.routes.treatments import EXAMPLE
from clinical.quantity import Quantity
from exchange.fhir.orders import read_orders

URL = "/api/v1/inference/treatments"
HOOK = "/cds-services/yigong-treatment"
CHILD = EXAMPLE["patient"]


def options(answer: dict[str, Any], group: str = "") -> list[dict[str, Any]]:
    groups = [g for t in answer["treatments"] for g in t["groups"] if group in ("", g["class"])]
    return [option for g in groups for option in g["options"]]


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]}


PREFETCH = {
    "patient": {"resourceType": "Patient", "id": "P1", "gender": "female", "birthDate": "2019-05-01"},
    "conditions": bundle({"resourceType": "Condition", "id": "c", "code": {"text": "社区获得性肺炎"}}),
    "allergies": bundle(),
    "medications": bundle(),
    "observations": bundle(
        {
            "resourceType": "Observation",
            "id": "w",
            "code": {"text": "体重"},
            "valueQuantity": {"value": 21, "unit": "kg"},
        }
    ),
}


def test_a_child_with_pneumonia_gets_doses_by_weight_with_sources(standing: TestClient) -> None:
    answer = standing.post(URL, json=EXAMPLE).json()
    (first,) = (o for o in options(answer, "first-line") if o["title"] == "阿莫西林")
    assert first["dose"]["reckoning"].startswith("80~90 mg/kg/日 × 体重 21 kg ÷ 3 次")
    assert first["sources"][0].keys() >= {"source", "section", "evidenceLevel", "standing"}
    assert {o["stateText"] for o in options(answer)} <= {"可用", "待确认", "慎用", "不适用", "禁忌"}


NOTE = (
    "患儿，女，7岁。主诉：发热伴咳嗽3天。体格检查：T 38.9℃，体重21kg。过敏史：青霉素过敏，曾出现皮疹。"
    "诊断：社区获得性肺炎。"
)


def test_a_note_alone_tells_whom_it_is_about(standing: TestClient) -> None:
    answer = standing.post(URL, json={"note": NOTE, "diagnoses": ["社区获得性肺炎"]}).json()
    (penicillin,) = (o for o in options(answer, "first-line") if o["title"] == "阿莫西林")
    assert (penicillin["dose"]["value"], penicillin["dose"]["unit"]) == (600, "mg"), (
        "80 to 90 mg/kg of 21 kg in three"
    )
    assert penicillin["stateText"] == "禁忌"
    assert any("患者对青霉素过敏，" in finding["summary"] for finding in penicillin["findings"])


def test_what_was_sent_stands_against_a_note(standing: TestClient) -> None:
    sent = {"patient": CHILD, "diagnoses": ["社区获得性肺炎"]}
    assert CHILD["allergies"] == []
    for more in ({}, {"note": NOTE}):
        found = options(standing.post(URL, json=sent | more).json(), "first-line")
        assert [o["stateText"] for o in found if o["title"] == "阿莫西林"] == ["可用"]


def test_a_note_that_is_too_long_is_refused_by_name(standing: TestClient) -> None:
    answer = standing.post(URL, json={"note": "咳" * 20_001})
    assert answer.status_code == 400
    assert "note" in answer.text


def test_the_order_can_be_written_back_and_is_what_was_proposed(standing: TestClient) -> None:
    answer = standing.post(URL, json=EXAMPLE).json()
    proposed = next(o for o in options(answer, "first-line") if o["title"] == "阿莫西林")
    (order,) = read_orders(bundle(proposed["order"] | {"id": "1"}), "body")
    dose = proposed["dose"]
    assert order.dosage.dose == Quantity(dose["value"], dose["unit"])
    assert (order.dosage.route, order.dosage.times_per_day, order.dosage.duration_days) == ("口服", 3, 5)
    review = bundle(PREFETCH["patient"], proposed["order"] | {"id": "1"})
    assert standing.post("/api/v1/reviews", json=review).json()["findings"] is not None


def test_fhir_and_plain_give_the_same_options(standing: TestClient) -> None:
    plain = options(standing.post(URL, json=EXAMPLE).json())
    body = {k: v for k, v in EXAMPLE.items() if k != "patient"} | {"prefetch": PREFETCH}
    fhir = options(standing.post(URL, json=body).json())
    shown = ("id", "state", "dose", "order")
    assert [[o.get(k) for k in shown if k != "dose"] for o in fhir] == [
        [o.get(k) for k in shown if k != "dose"] for o in plain
    ]


def test_an_allergy_puts_the_drug_last_with_the_reason(standing: TestClient) -> None:
    patient = CHILD | {"allergies": [{"text": "青霉素", "reaction": "过敏性休克", "severe": True}]}
    answer = standing.post(URL, json=EXAMPLE | {"patient": patient}).json()
    first = options(answer, "first-line")
    banned = [o for o in first if o["title"] == "阿莫西林"]
    assert banned
    assert all(o["state"] == "contraindicated" and "order" not in o for o in banned)
    assert "【禁忌】" in banned[0]["reasons"][0]
    assert first[-1]["state"] == "contraindicated"


def test_kidneys_decide_about_metformin(standing: TestClient) -> None:
    creatinine = {"text": "血肌酐", "value": 300, "unit": "umol/L"}
    patient = {"id": "2", "sex": "男", "birthDate": "1950-01-01", "weightKg": 60, "observations": [creatinine]}
    answer = standing.post(URL, json={"diagnoses": ["2型糖尿病"], "patient": patient}).json()
    metformin = next(o for o in options(answer) if o["title"] == "二甲双胍")
    assert metformin["state"] == "contraindicated"
    assert "eGFR" in metformin["reasons"][0]


def test_without_diagnoses_those_on_record_are_treated_and_unknown_words_are_told(standing: TestClient) -> None:
    answer = standing.post(URL, json={"patient": CHILD}).json()
    assert [t["diagnosis"]["name"] for t in answer["treatments"]] == ["肺炎"]
    body = {"patient": CHILD, "diagnoses": ["并不存在的病", {"codes": [{"system": "icd-10", "code": "I10"}]}]}
    answer = standing.post(URL, json=body).json()
    assert answer["notUnderstood"] == ["并不存在的病"]
    assert [t["diagnosis"]["name"] for t in answer["treatments"]] == ["高血压"]


def test_a_diagnosis_without_a_plan_is_answered_and_says_so(standing: TestClient) -> None:
    (told,) = standing.post(URL, json={"patient": CHILD, "diagnoses": ["近视"]}).json()["treatments"]
    assert told["groups"] == []
    assert told["notes"] == ["知识库尚未收录该诊断的治疗方案"]


@pytest.mark.parametrize(
    ("code", "text", "meant"),
    [
        ("L50.900", "", "荨麻疹"),  # and not the chapter of skin diseases
        ("I48.900", "", "心房颤动"),  # and not one kind of it
        ("E11.900", "", "2型糖尿病"),
        ("J18.900", "肺炎", "肺炎"),
    ],
)
def test_a_code_means_the_disease_and_not_its_chapter(standing: TestClient, code: str, text: str, meant: str) -> None:
    told = {"text": text, "codes": [{"system": "icd-10", "code": code}]}
    answer = standing.post(URL, json={"patient": {"id": "1"}, "diagnoses": [told]}).json()
    assert [one["diagnosis"]["name"] for one in answer["treatments"]] == [meant]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"diagnoses": ["肺炎"]}, "patient"),
        ({"diagnoses": ["肺炎"], "patient": {"id": "1"}, "prefetch": {}}, "patient"),
        ({"patient": {"id": "1"}, "severity": "bad"}, "severity"),
        ({"patient": {"id": "1"}, "diagnosis": "肺炎"}, "body"),
        ({"patient": {"id": "1", "weightKg": -3}}, "patient.weightKg"),
    ],
)
def test_a_wrong_field_is_named(standing: TestClient, body: dict[str, Any], field: str) -> None:
    answer = standing.post(URL, json=body)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [field]


def test_a_chart_gets_cards_whose_suggestions_create_orders(standing: TestClient) -> None:
    call = {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"}
    call |= {"context": {"userId": "Practitioner/1", "patientId": "P1"}, "prefetch": PREFETCH}
    (card,) = standing.post(HOOK, json=call).json()["cards"]
    assert card["summary"].startswith("【治疗建议】肺炎")
    assert len(card["summary"]) < 140
    assert card["source"]["label"]
    actions = [a for s in card["suggestions"] for a in s["actions"]]
    assert {a["type"] for a in actions} == {"create"}
    assert actions[0]["resource"]["subject"] == {"reference": "Patient/P1"}
    assert read_orders(bundle(*(a["resource"] for a in actions)), "body")


def test_a_caller_of_no_tenant_is_advised_under_the_policy_of_the_league(
    standing: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    front: Front = standing.app.state.front  # type: ignore[attr-defined]
    asked: list[str] = []
    policy_of = front.reviewer.policy
    monkeypatch.setattr(front.reviewer, "policy", lambda tenant: asked.append(tenant) or policy_of(tenant))
    call = {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"}
    call |= {"context": {"userId": "Practitioner/1", "patientId": "P1"}, "prefetch": PREFETCH}
    assert standing.post(HOOK, json=call).json()["cards"]
    assert set(asked) == {front.settings.league}


def test_a_chart_without_a_diagnosis_we_can_treat_gets_no_card(standing: TestClient) -> None:
    call = {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"}
    call |= {"context": {"userId": "Practitioner/1", "patientId": "P1"}}
    call |= {"prefetch": PREFETCH | {"conditions": bundle()}}
    assert standing.post(HOOK, json=call).json()["cards"] == []
    answer = standing.post(HOOK, json=call | {"prefetch": {"patient": PREFETCH["patient"]}})
    assert answer.status_code == 412
