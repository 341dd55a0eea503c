"""A request as a trace: which parts it went through, and nothing of a patient."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from api.app import build
from base import tracing
from tests.integration.conftest import opened

EXAMPLES = Path("api/examples")
ORDER_SIGN: dict[str, Any] = json.loads((EXAMPLES / "order-sign.json").read_text("utf-8"))
REVIEW: dict[str, Any] = json.loads((EXAMPLES / "review.json").read_text("utf-8"))
NAME = "欧阳试验"


@pytest.fixture
def kept() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.begin_with(exporter)
    yield exporter
    tracing.end()


@pytest.fixture
def client(starter_dir: Path, tmp_path: Path, kept: InMemorySpanExporter) -> Iterator[TestClient]:
    house = opened(starter_dir, tmp_path)
    with TestClient(build(house), client=("127.0.0.1", 1), raise_server_exceptions=False) as made:
        yield made
    house.engine.dispose()


def spans(kept: InMemorySpanExporter) -> tuple[ReadableSpan, list[ReadableSpan]]:
    """The one request, and its parts in the order in which they began."""
    found = sorted(kept.get_finished_spans(), key=lambda span: span.start_time or 0)
    (whole,) = (span for span in found if span.parent is None or span.parent.is_remote)
    parts = [span for span in found if span is not whole]
    assert all(part.parent and part.parent.span_id == whole.context.span_id for part in parts)
    return whole, parts


def test_an_order_goes_through_auth_context_rules_cards_and_journal(
    client: TestClient, kept: InMemorySpanExporter
) -> None:
    answer = client.post("/cds-services/yigong-order-sign", json=ORDER_SIGN)
    assert answer.status_code == 200, answer.text
    whole, parts = spans(kept)
    assert whole.name == "POST /cds-services/{service}"
    assert dict(whole.attributes or {})["yigong.status"] == 200
    assert [part.name for part in parts] == ["auth", "context", "rules", "cards", "journal"]
    told = {part.name: dict(part.attributes or {}) for part in parts}
    assert told["auth"]["yigong.hook"] == "yigong-order-sign"
    assert told["cards"]["yigong.findings"] == len(answer.json()["cards"]) > 0


def test_so_does_a_plain_review(client: TestClient, kept: InMemorySpanExporter) -> None:
    answer = client.post("/api/v1/reviews", json=REVIEW)
    assert answer.status_code == 200, answer.text
    whole, parts = spans(kept)
    assert whole.name == "POST /api/v1/reviews"
    assert [part.name for part in parts] == ["auth", "context", "rules", "cards", "journal"]


def test_the_trace_of_a_caller_goes_on(client: TestClient, kept: InMemorySpanExporter) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    client.get("/healthz", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    whole, _ = spans(kept)
    assert f"{whole.context.trace_id:032x}" == trace


SENT: list[tuple[str, str, Any]] = [
    ("POST", "/cds-services/yigong-order-sign", {"hook": NAME, "hookInstance": NAME, "context": {}}),
    ("POST", f"/cds-services/{NAME}", ORDER_SIGN),
    ("POST", "/api/v1/reviews", {"patient": {"id": NAME, "sex": NAME}}),
    ("GET", f"/api/v1/reviews/{NAME}", None),
    ("GET", f"/api/v1/persons?name={NAME}", None),
    ("GET", f"/no/such/{NAME}", None),
]


def test_what_a_caller_sends_is_in_no_trace(client: TestClient, kept: InMemorySpanExporter) -> None:
    for method, path, body in SENT:
        kept.clear()
        client.request(method, path, json=body, headers={"Authorization": "Bearer secret-token"})
        assert kept.get_finished_spans(), path
        told = "".join(span.to_json() for span in kept.get_finished_spans())
        for secret in (NAME, ascii(NAME)[1:-1], "%E6", "secret-token"):
            assert secret not in told, path


def test_of_an_exception_only_its_type_is_told(kept: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match=NAME), tracing.span("rules", orders=3, patient=NAME):
        raise ValueError(NAME)
    (span,) = kept.get_finished_spans()
    assert dict(span.attributes or {}) == {"yigong.orders": 3, "yigong.error": "ValueError"}
    assert span.events == ()
    assert NAME not in span.to_json()


def test_off_nothing_is_made(starter_dir: Path, tmp_path: Path) -> None:
    assert tracing.span("rules") is tracing.span("cards"), "one object that does nothing"
    with tracing.span("rules", orders=1) as span:
        span.tell(findings=2)
        span.rename("cards")
    assert not tracing.is_on()


def test_without_the_packages_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(tracing.TracingError, match=r"yigong\[telemetry\]"):
        tracing.begin("http://127.0.0.1:4318/v1/traces", 1.0)
    assert not tracing.is_on()
