"""The journal keeps what was asked and thought of it, sealed, on SQLite and on PostgreSQL."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from base.batches import Batches
from base.keyring import KeyRing
from base.security import seal
from clinical.value import replace
from records.journal import Entry, Feedback, Journal, JournalError, Shown, feedback, requests
from records.journal_store import policies
from records.ledger import Alerts, alerts, rule_use

KEY = bytes(range(16))
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def entry(number: int, *cards: Shown) -> Entry:
    request = {"patient": {"name": "张三丰", "id": number}}
    return Entry(f"r{number}", AT, "review", "rel", "his", request, {"findings": []}, cards, 1, 0, 1.5)


def test_a_request_comes_back_as_it_went_in(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    written = entry(1, Shown("c1", "rule", "2", "interaction", "major"))
    journal.write(written)
    assert journal.flush()
    assert journal.entry("r1") == written
    assert journal.latest() == ["r1"]


def test_the_policy_of_an_answer_is_kept_once_however_many_went_by_it(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    for number, policy in enumerate((b'{"most":3}', b'{"most":3}', b'{"most":2}', b'{"most":3}')):
        journal.write(replace(entry(number), policy=policy))
        assert number or journal.flush()
    assert journal.flush()
    assert [journal.entry(f"r{n}").policy for n in range(4)] == [b'{"most":%d}' % n for n in (3, 3, 2, 3)]
    with engine.connect() as connection:
        assert len(connection.execute(select(policies)).all()) == 2


def test_patient_data_is_not_readable_in_the_database(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    journal.write(entry(1))
    journal.write(Feedback("c1", "s", "overridden", AT, comment="张三丰同意"))
    assert journal.flush()
    with engine.connect() as connection:
        row = connection.execute(select(requests)).one()
        said = connection.execute(select(feedback)).one()
    assert "张三丰".encode() not in row.request + row.answer + said.comment
    with pytest.raises(Exception, match="altered"):
        Journal(engine, KeyRing(engine, bytes(16))).entry("r1")


def test_feedback_is_counted_per_rule(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
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


def test_alerts_of_a_rule_are_told_the_newest_first_with_their_last_answer(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    first, second = (Shown(f"c{n}", "rule-a", "1", "interaction", "major") for n in range(2))
    journal.write(entry(1, first, Shown("d", "rule-b", "1", "dose", "minor")))
    journal.write(replace(entry(2, second), at=AT + timedelta(hours=1)))
    journal.write(Feedback("c0", "s", "accepted", AT))
    journal.write(Feedback("c0", "s", "overridden", AT, "patient-refuses"))
    assert journal.flush()
    told = [(one.card, one.request, one.outcome, one.reason) for one in alerts(engine, Alerts("rule-a"), 10)]
    assert told == [("c1", "r2", "", ""), ("c0", "r1", "overridden", "patient-refuses")]
    assert [one.card for one in alerts(engine, Alerts("rule-a"), 1, 1)] == ["c0"]
    assert [one.card for one in alerts(engine, Alerts("rule-a", outcome="unanswered"), 10)] == ["c1"]
    assert [one.card for one in alerts(engine, Alerts("rule-a", since=AT + timedelta(minutes=1)), 10)] == ["c1"]
    assert alerts(engine, Alerts("rule-a", "dose"), 10) == alerts(engine, Alerts("rule-a", outcome="accepted"), 10)


def test_a_card_that_names_its_matter_is_kept_once_and_stands_with_every_request(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    named = Shown("0f1e2d3c-4b5a-5968-8776-655443322110", "rule", "2", "interaction", "major")
    for number in (1, 2):
        told = replace(entry(number, named, Shown(f"c{number}", "other", "1", "dose", "minor")), id=f"r{number}")
        journal.write(replace(told, answer={"findings": [{"findingId": named.card}, {"findingId": f"c{number}"}]}))
        assert journal.flush()
    assert {one.rule: one.shown for one in rule_use(engine)} == {"rule": 1, "other": 2}
    assert [sorted(one.card for one in journal.entry(id).shown) for id in ("r1", "r2")] == [
        [named.card, "c1"],
        [named.card, "c2"],
    ]
    journal.write(Feedback(named.card, "panel", "accepted", AT))
    assert journal.flush()
    assert [one.outcome for one in journal.answers(journal.entry("r2"))] == ["accepted"]


def test_answers_to_a_request_come_back_in_order_with_their_comments(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    journal.write(entry(1, Shown("c1", "rule", "2", "interaction", "major")))
    journal.write(entry(2, Shown("c2", "rule", "2", "interaction", "major")))
    given = [Feedback("c1", "s", "overridden", AT, "patient-refuses", ("x", "y"), "已沟通")]
    given.append(Feedback("c1", "s", "accepted", AT))
    for one in (*given, Feedback("other", "s", "accepted", AT)):
        journal.write(one)
    assert journal.flush()
    assert journal.answers(journal.entry("r1")) == given
    assert journal.answers(journal.entry("r2")) == []


def test_an_unknown_review_is_said_to_be_unknown(engine: Engine) -> None:
    with pytest.raises(JournalError, match="no stored review 'x'"):
        Journal(engine, KeyRing(engine, KEY)).entry("x")


def test_a_database_that_is_away_costs_entries_but_stops_nobody(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    requests.drop(engine)
    journal.write(entry(1))
    assert journal.flush()
    assert journal.failed >= 1


def test_a_full_queue_drops_and_counts(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Batches, "_run", lambda self: None)
    journal = Journal(engine, KeyRing(engine, KEY), limit=2)
    for number in range(5):
        journal.write(entry(number))
    assert journal.dropped == 3


def test_a_busy_worker_has_a_process_beside_it_that_stores(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    written = [entry(number, Shown(f"c{number}", "rule", "2", "dose", "minor")) for number in range(60)]
    for item in written:
        journal.write(item)
    assert journal.flush(30)
    assert journal._writer is not None
    assert journal._writer.alive()
    assert [journal.entry(item.id) for item in written] == written
    assert journal.failed == 0


def test_entries_are_kept_when_that_process_is_killed(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    for number in range(40):
        journal.write(entry(number))
    assert journal.flush(30)
    assert journal._writer is not None
    journal._writer._process.kill()
    journal._writer._process.wait()
    for number in range(40, 80):
        journal.write(entry(number))
    assert journal.flush(30)
    assert (len(journal.latest()), journal.failed) == (80, 0)


def test_what_a_process_cannot_store_is_counted(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    requests.drop(engine)
    for number in range(40):
        journal.write(entry(number))
    assert journal.flush(30)
    assert journal.failed >= 40


@pytest.mark.parametrize("pack", [bytes, zlib.compress], ids=["bare", "zlib"])
def test_what_earlier_versions_stored_stays_readable(engine: Engine, pack: Callable[[bytes], bytes]) -> None:
    journal = Journal(engine, KeyRing(engine, KEY, before=KEY))
    journal.write(entry(1))
    assert journal.flush()
    packed = seal(KEY, pack(b'{"a": 1}'), b"r1")
    with engine.begin() as connection:
        connection.execute(update(requests).values(request=packed))
    assert journal.entry("r1").request == {"a": 1}
