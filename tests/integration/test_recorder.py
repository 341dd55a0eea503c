"""Every call of the operators' interface is in the audit, refused ones too."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import build
from api.bootstrap import House
from api.cli import app
from api.openapi import EXAMPLES
from base.audit import AuditLog, Event, append, events, search


def _said(served: TestClient, house: House) -> list[tuple[str, str, str, str]]:
    audit: AuditLog = served.app.state.front.audit  # type: ignore[attr-defined]
    assert audit.flush()
    return [(e["actor"], e["act"], e["subject"], e["detail"]) for e in search(house.engine)]


def test_reading_a_review_is_recorded_with_who_and_what(starter: House) -> None:
    with TestClient(build(starter)) as served:
        made = served.post("/api/v1/reviews", json=EXAMPLES["review"]).json()["id"]
        served.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
        served.get(f"/api/v1/reviews/{made}")
        served.get("/api/v1/reviews/no-such-review")
        recorded = _said(served, starter)
    assert ("local", "http.get", f"/api/v1/reviews/{made}", '{"status":200}') in recorded
    assert ("local", "http.get", "/api/v1/reviews/no-such-review", '{"status":404}') in recorded
    assert ("local", "http.post", "/api/v1/reviews", '{"status":200}') in recorded


def test_a_caller_who_was_refused_is_recorded_as_unknown(starter: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter.settings, "api_keys", ["duty:secret"])
    with TestClient(build(starter)) as served:
        assert served.get("/api/v1/reviews/1/history").status_code == 401
        assert served.get("/api/v1/reviews", headers={"Authorization": "Bearer secret"}).status_code == 200
        recorded = _said(served, starter)
    assert ("unknown", "http.get", "/api/v1/reviews/1/history", '{"status":401}') in recorded
    assert ("duty", "http.get", "/api/v1/reviews", '{"status":200}') in recorded


def test_the_record_is_signed_verified_and_searched_from_the_command_line(fresh: House) -> None:
    append(fresh.engine, [Event("duty", "http.get", "/api/v1/reviews/1")])
    folder = ["--data-dir", str(fresh.settings.data_dir)]
    run = CliRunner()
    assert "signed" in run.invoke(app, ["audit", "anchor", *folder]).output
    assert fresh.settings.anchors_file.exists()
    sound = run.invoke(app, ["audit", "verify", *folder])
    assert (sound.exit_code, "sound" in sound.output) == (0, True)
    assert "duty" in run.invoke(app, ["audit", "search", "--did", "http", *folder]).output
    with fresh.engine.begin() as connection:
        connection.execute(update(events).values(actor="somebody else"))
    assert run.invoke(app, ["audit", "verify", *folder]).exit_code == 1
