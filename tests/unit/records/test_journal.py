"""The journal keeps what was asked and thought of it, sealed, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, select

from records.journal import Entry, Feedback, Journal, JournalError, Shown, feedback, requests
from records.ledger import rule_use

KEY = bytes(range(16))
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def entry(number: int, *cards: Shown) -> Entry:
    request = {"patient": {"name": "张三丰", "id": number}}
    return Entry(f"r{number}", AT, "review", "rel", "his", request, {"findings": []}, cards, 1, 0, 1.5)


def test_a_request_comes_back_as_it_went_in(engine: Engine) -> None:
    journal = Journal(engine, KEY)
    written = entry(1, Shown("c1", "rule", "2", "interaction", "major"))
    journal.write(written)
    assert journal.flush()
    assert journal.entry("r1") == written
    assert journal.latest() == ["r1"]


def test_patient_data_is_not_readable_in_the_database(engine: Engine) -> None:
    journal = Journal(engine, KEY)
    journal.write(entry(1))
    journal.write(Feedback("c1", "s", "overridden", AT, comment="张三丰同意"))
    assert journal.flush()
    with engine.connect() as connection:
        row = connection.execute(select(requests)).one()
        said = connection.execute(select(feedback)).one()
    assert "张三丰".encode() not in row.request + row.answer + said.comment
    with pytest.raises(Exception, match="altered"):
        Journal(engine, bytes(16)).entry("r1")


def test_feedback_is_counted_per_rule(engine: Engine) -> None:
    journal = Journal(engine, KEY)
    cards = [Shown(f"c{n}", "rule-a", "1", "interaction", "major") for n in range(3)]
    journal.write(entry(1, *cards, Shown("d", "rule-b", "1", "dose", "minor")))
    journal.write(Feedback("c0", "s", "accepted", AT, suggestions=("x",)))
    journal.write(Feedback("c1", "s", "overridden", AT))
    journal.write(Feedback("c1", "s", "overridden", AT, "patient-refuses"))
    assert journal.flush()
    first, second = rule_use(engine)
    assert (first.rule, first.shown, first.accepted, first.overridden) == ("rule-a", 3, 1, 1)
    assert (second.rule, second.shown, second.accepted, second.overridden) == ("rule-b", 1, 0, 0)
    assert first.reasons == {"patient-refuses": 1}
    assert (first.unanswered, first.override_share) == (1, 0.5)
    assert first.seconds is not None


def test_an_unknown_review_is_said_to_be_unknown(engine: Engine) -> None:
    with pytest.raises(JournalError, match="no stored review 'x'"):
        Journal(engine, KEY).entry("x")


def test_a_database_that_is_away_costs_entries_but_stops_nobody(engine: Engine) -> None:
    journal = Journal(engine, KEY)
    requests.drop(engine)
    journal.write(entry(1))
    assert journal.flush()
    assert journal.failed >= 1


def test_a_full_queue_drops_and_counts(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "_run", lambda self: None)
    journal = Journal(engine, KEY, limit=2)
    for number in range(5):
        journal.write(entry(number))
    assert journal.dropped == 3
