"""Reading a record over HTTP."""

from __future__ import annotations

from starlette.testclient import TestClient

from api.routes.language import EXAMPLE

URL = "/api/v1/records/read"


def test_a_record_comes_back_as_facts_with_their_places(standing: TestClient) -> None:
    answer = standing.post(URL, json=EXAMPLE).json()
    text, facts = EXAMPLE["text"], answer["facts"]
    assert answer["release"]
    assert all(text[fact["start"] : fact["end"]] == fact["text"] for fact in facts)
    drug = next(fact for fact in facts if fact["kind"] == "drug")
    assert (drug["dose"], drug["doseUnit"], drug["frequency"], drug["route"]) == (5, "mg", "qd", "口服")
    assert {fact["name"]: fact["who"] for fact in facts}["糖尿病"] == "family"


def test_an_empty_or_endless_text_is_refused_by_field(standing: TestClient) -> None:
    for text in ("  ", "发" * 200_001):
        answer = standing.post(URL, json={"text": text})
        assert answer.status_code == 400
        assert "text" in answer.text
