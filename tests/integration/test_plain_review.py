"""The plain JSON review: same engine, same findings, explains itself, can be read and replayed later."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from api.openapi import EXAMPLES
from api.replay import replay
from base.tenancy import system


def _facts(finding: dict[str, Any]) -> tuple[Any, ...]:
    return (
        finding["family"],
        finding["ruleId"],
        finding["ruleVersion"],
        finding["severity"],
        tuple(finding["orders"]),
    )


def test_plain_and_fhir_give_the_same_findings(standing: TestClient) -> None:
    cards = standing.post("/cds-services/yigong-order-sign", json=EXAMPLES["order-sign"]).json()["cards"]
    plain = standing.post("/api/v1/reviews", json=EXAMPLES["review"]).json()
    assert plain["findings"]
    assert [_facts(c["extension"]["cn.yigong.finding"]) for c in cards] == [_facts(f) for f in plain["findings"]]


def test_a_review_explains_itself(standing: TestClient) -> None:
    answer = standing.post("/api/v1/reviews", json={**EXAMPLES["review"], "explain": True}).json()
    told = {entry["outcome"] for entry in answer["explanation"]}
    assert told == {"fired", "passed", "not evaluated"}
    assert all(entry["reason"] for entry in answer["explanation"])
    reviewer = standing.app.state.front.reviewer  # type: ignore[attr-defined]
    assert {entry["family"] for entry in answer["explanation"]} >= {family.name for family in reviewer.families}
    assert "explanation" not in standing.post("/api/v1/reviews", json=EXAMPLES["review"]).json()


def test_what_does_not_resolve_is_reported(standing: TestClient) -> None:
    body = {"patient": {"id": "1"}, "orders": [{"id": "o1", "text": "并不存在的药"}]}
    unmapped = standing.post("/api/v1/reviews", json=body).json()["unmapped"]
    assert unmapped == [{"kind": "order", "text": "并不存在的药", "reason": "未收录的药品名称", "reference": "o1"}]


def test_a_stored_review_can_be_read_and_replayed_bit_for_bit(standing: TestClient) -> None:
    given = standing.post("/api/v1/reviews", json=EXAMPLES["review"]).json()
    reviewer = standing.app.state.front.reviewer  # type: ignore[attr-defined]
    assert reviewer.journal.flush()
    stored = standing.get(f"/api/v1/reviews/{given['id']}").json()
    assert stored["findings"] == given["findings"]
    with system("test"):
        first, second = replay(reviewer, given["id"]), replay(reviewer, given["id"])
    assert first == second
    assert first["appeared"] == first["vanished"] == []
    assert [f["rule_id"] for f in first["findings"]] == [f["ruleId"] for f in given["findings"]]


def test_a_cds_hooks_call_can_be_replayed(served: TestClient) -> None:
    served.post("/cds-services/yigong-order-sign", json=EXAMPLES["order-sign"])
    reviewer = served.app.state.front.reviewer  # type: ignore[attr-defined]
    assert reviewer.journal.flush()
    with system("test"):
        (stored,) = reviewer.journal.latest()
        again = replay(reviewer, stored)
    assert again["findings"]
    assert again["appeared"] == again["vanished"] == []


def test_an_unknown_stored_review_is_404(standing: TestClient) -> None:
    assert standing.get("/api/v1/reviews/none").status_code == 404


def test_a_tenant_from_elsewhere_may_not_read_reviews(standing: TestClient) -> None:
    stranger = TestClient(standing.app, client=("10.0.0.9", 1))
    assert stranger.get("/api/v1/reviews/none").status_code == 401


def test_a_review_of_a_fhir_bundle_can_be_replayed(standing: TestClient) -> None:
    drugs = (("n1", "draft", "布洛芬缓释胶囊"), ("a1", "active", "华法林钠片"))
    entries = [
        {
            "resourceType": "MedicationRequest",
            "id": id_,
            "status": status,
            "intent": "order",
            "subject": {"reference": "Patient/P-1"},
            "medicationCodeableConcept": {"text": text},
        }
        for id_, status, text in drugs
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": entry} for entry in entries]}
    given = standing.post("/api/v1/reviews", json=bundle).json()
    reviewer = standing.app.state.front.reviewer  # type: ignore[attr-defined]
    assert reviewer.journal.flush()
    with system("test"):
        again = replay(reviewer, given["id"])
    assert len(again["findings"]) == len(given["findings"]) > 0
    assert again["appeared"] == again["vanished"] == []


def test_a_result_in_a_unit_nobody_knows_stops_no_review(standing: TestClient) -> None:
    """It is listed, and counts as not measured."""
    odd = {"text": "血肌酐", "value": 90, "unit": "浑", "time": "2026-11-24T08:00:00+08:00"}
    body = {
        "patient": {"id": "P-1", "birthDate": "1960-01-01", "observations": [odd]},
        "orders": [
            {"id": "o", "text": "盐酸二甲双胍片", "dose": 0.5, "unit": "g", "route": "口服", "frequency": "bid"}
        ],
    }
    answer = standing.post("/api/v1/reviews", json=body)
    assert answer.status_code == 200
    assert "单位无法识别" in str(answer.json()["unmapped"])
    assert "肌酐" in str(answer.json()["incomplete"])
