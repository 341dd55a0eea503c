"""Bad input gets an answer that names the field and the fix; nothing ever shows a stack trace."""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from api.cds_hooks import sent_orders
from api.errors import ApiError, moment_of
from api.openapi import EXAMPLES

SIGN = "/cds-services/yigong-order-sign"
DRAFTS = ("context", "draftOrders")
TIMED = {"card": "a", "outcome": "accepted", "outcomeTimestamp": "2026-11-24T00:00:00Z"}


def _without(*path: str) -> dict[str, Any]:
    body = copy.deepcopy(EXAMPLES["order-sign"])
    at = body
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return body


def _with(value: Any, *path: str) -> dict[str, Any]:
    body = copy.deepcopy(EXAMPLES["order-sign"])
    at = body
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return body


def _issue(answer: Any) -> dict[str, Any]:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert "Traceback" not in answer.text
    return body["issue"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (_without("hook"), "hook"),
        (_with("patient-view", "hook"), "hook"),
        (_without("hookInstance"), "hookInstance"),
        (_without("context"), "context"),
        (_without("context", "patientId"), "context.patientId"),
        (_without("context", "draftOrders"), "context.draftOrders"),
        (_with("x", "context", "draftOrders"), "context.draftOrders"),
        (
            _with({"resourceType": "Bundle", "entry": 3}, "context", "draftOrders"),
            "context.draftOrders.entry",
        ),
        (_with("x", "prefetch"), "prefetch"),
        (_with({"access_token": "t"}, "fhirAuthorization"), "fhirServer"),
        (_with("1953-13-40", "prefetch", "patient", "birthDate"), "prefetch.patient.birthDate"),
    ],
)
def test_a_bad_field_is_named(standing: TestClient, body: dict[str, Any], field: str) -> None:
    answer = standing.post(SIGN, json=body)
    assert answer.status_code == 400
    assert _issue(answer)["expression"] == [field]


@pytest.mark.parametrize(
    ("path", "field", "says"),
    [
        ("/api/v1/rules/alerts", "query.rule", "须填写"),
        ("/api/v1/audit?before=x", "query.before", "须为整数"),
        ("/api/v1/audit?limit=0", "query.limit", "须不小于 1"),
    ],
)
def test_an_address_typed_wrong_is_answered_in_chinese(
    standing: TestClient, path: str, field: str, says: str
) -> None:
    answer = standing.get(path)
    assert answer.status_code == 400
    assert (_issue(answer)["expression"], _issue(answer)["diagnostics"]) == ([field], f"{field}: {says}")


def test_a_number_that_no_double_holds_stops_only_who_sends_it_back(standing: TestClient) -> None:
    body = json.dumps(EXAMPLES["order-sign"]).replace('"intent": "order"', '"intent": 1e999')
    answer = standing.post(SIGN, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["cards"], "nobody reads the field, and no action carries it"
    order = b'{"resource": {"resourceType": "MedicationRequest", "id": "n1", "intent": 1e999}}'
    drafts = msgspec.Raw(b'{"resourceType": "Bundle", "entry": [%b]}' % order)
    with pytest.raises(ApiError, match="JSON"):
        sent_orders({"draftOrders": drafts}, {})["MedicationRequest/n1"]


def test_a_body_that_is_no_json_is_said_to_be_none(standing: TestClient) -> None:
    answer = standing.post(SIGN, content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "JSON" in _issue(answer)["details"]["text"]


def test_an_unknown_service_is_404(standing: TestClient) -> None:
    assert standing.post("/cds-services/nothing", json=EXAMPLES["order-sign"]).status_code == 404
    assert _issue(standing.get("/nowhere"))["code"] == "not-found"


def test_data_that_cannot_be_had_is_412_and_says_which(standing: TestClient) -> None:
    answer = standing.post(SIGN, json=_without("prefetch", "patient"))
    assert answer.status_code == 412
    assert _issue(answer)["expression"] == ["prefetch.patient"]


def test_a_prefetch_that_failed_counts_as_missing(standing: TestClient) -> None:
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    assert standing.post(SIGN, json=_with(failed, "prefetch", "patient")).status_code == 412
    optional = standing.post(SIGN, json=_with(failed, "prefetch", "allergies"))
    assert optional.status_code == 200
    incomplete = optional.json()["extension"]["cn.yigong.review"]["incomplete"]
    assert any(item["needed"] == "allergies" for item in incomplete)


def test_too_large_a_body_is_413(standing: TestClient) -> None:
    body = _with("x" * 5_000_000, "context", "note")
    assert standing.post(SIGN, json=body).status_code == 413


def test_a_body_of_another_type_is_415(standing: TestClient) -> None:
    answer = standing.post(SIGN, content=b"<xml/>", headers={"Content-Type": "application/xml"})
    assert answer.status_code == 415


def test_the_pages_of_docs_need_nothing_from_outside(standing: TestClient) -> None:
    page = standing.get("/docs").text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assets = re.findall(r"""(?:src|href)=["'](/[^"']+)""", page)
    assert len(assets) >= 3
    assert all(standing.get(asset).status_code == 200 for asset in assets)
    assert standing.get("/openapi.json").json()["paths"]


def test_a_fault_nobody_foresaw_is_answered_without_a_trace(
    standing: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("patient 张三 here")

    monkeypatch.setattr("api.cds_hooks.render", broken)
    answer = standing.post(SIGN, json=EXAMPLES["order-sign"])
    assert answer.status_code == 500
    assert "张三" not in answer.text
    assert "不影响开立医嘱" in _issue(answer)["details"]["text"]


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({}, "feedback[0].card"),
        ({"card": "a", "outcome": "liked"}, "feedback[0].outcome"),
        ({"card": "a", "outcome": "accepted"}, "feedback[0].outcomeTimestamp"),
        (
            {
                "card": "a",
                "outcome": "accepted",
                "outcomeTimestamp": "2026-11-24T00:00:00Z",
                "acceptedSuggestions": [1],
            },
            "feedback[0].acceptedSuggestions",
        ),
    ],
)
def test_bad_feedback_names_the_field(standing: TestClient, entry: dict[str, Any], field: str) -> None:
    answer = standing.post(f"{SIGN}/feedback", json={"feedback": [entry]})
    assert answer.status_code == 400
    assert _issue(answer)["expression"] == [field]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"orders": []}, "body"),
        ({"patient": {"id": "1"}, "orders": [{"id": "a", "dose": "x"}]}, "orders[0].dose"),
        ({"patient": {"id": "1"}, "orders": [{"id": "a", "dose": -1, "unit": "g"}]}, "orders[0].dose"),
        ({"patient": {"id": "1", "weightKg": -70}, "orders": []}, "patient.weightKg"),
        ({"patient": {"id": "1"}, "orders": [{"id": "a", "dose": 1, "unit": "furlong"}]}, "orders[0].unit"),
        ({"patient": {"id": "1"}, "orders": [{"id": "a"}, {"id": "a"}]}, "orders[1].id"),
        ({"patient": {"id": "1"}, "orders": [], "colour": 1}, "body"),
    ],
)
def test_plain_review_names_the_field(standing: TestClient, body: dict[str, Any], field: str) -> None:
    answer = standing.post("/api/v1/reviews", json=body)
    assert answer.status_code == 400
    assert _issue(answer)["expression"] == [field]


def test_a_day_that_is_asked_for_begins_at_midnight_in_china() -> None:
    assert moment_of("2026-11-01", "since") == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert moment_of("2026-11-01T08:00:00", "since") == datetime(2026, 11, 1, tzinfo=UTC)
    assert moment_of("2026-11-01T08:00:00Z", "since") == datetime(2026, 11, 1, 8, tzinfo=UTC)
