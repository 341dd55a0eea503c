"""What was shown and answered before: kept by a keyed hash, caught up from what any worker stored."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, select

from base.keyring import KeyRing
from clinical.value import replace
from records.journal import Entry, Feedback, Journal, Shown
from records.memory import Memory, forget, table

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
KEY = bytes(range(16))


def entry(patient: str) -> Entry:
    card = Shown("card-1", "rule-1", "1", "interaction", "moderate", "interaction:a+b", "o1 o2")
    return Entry("e1", NOW, "order-sign", "r", "c", {"q": 1}, {"a": 1}, (card,), 0, 0, 0.1, patient)


def test_an_override_with_a_reason_is_remembered_by_every_worker(engine: Engine) -> None:
    here, elsewhere, journal = Memory(engine, KEY), Memory(engine, KEY), Journal(engine, KeyRing(engine, KEY))
    patient = here.patient("P-1")
    journal.write(entry(patient))
    journal.flush()
    elsewhere.catch_up()
    assert elsewhere.of(patient)["interaction:a+b"].acknowledged is None
    journal.write(Feedback("card-1", "order-sign", "overridden", NOW, "risk-benefit-ratio"))
    journal.flush()
    elsewhere.catch_up()
    known = elsewhere.of(patient)["interaction:a+b"]
    assert (known.acknowledged, known.orders, known.severity) == (NOW, "o1 o2", "moderate")


def test_an_override_without_a_reason_is_no_answer(engine: Engine) -> None:
    memory, journal = Memory(engine, KEY), Journal(engine, KeyRing(engine, KEY))
    patient = memory.patient("P-1")
    journal.write(entry(patient))
    journal.write(Feedback("card-1", "order-sign", "overridden", NOW))
    journal.flush()
    memory.catch_up()
    assert memory.of(patient)["interaction:a+b"].acknowledged is None


def test_patients_are_known_by_a_keyed_hash_only(engine: Engine) -> None:
    journal, memory = Journal(engine, KeyRing(engine, KEY)), Memory(engine, KEY)
    journal.write(entry(memory.patient("P-1")))
    journal.flush()
    with engine.connect() as connection:
        (row,) = connection.execute(select(table)).all()
    assert row.patient == memory.patient("P-1") != Memory(engine, bytes(16)).patient("P-1")
    assert "P-1" not in str(row)
    assert memory.patient("") == ""


def test_what_is_old_is_forgotten(engine: Engine) -> None:
    journal, memory = Journal(engine, KeyRing(engine, KEY)), Memory(engine, KEY)
    journal.write(entry(memory.patient("P-1")))
    journal.flush()
    assert forget(engine) == 0
    assert forget(engine, days=-1) == 1


def test_a_stored_request_keeps_what_was_known_when_it_was_answered(engine: Engine) -> None:
    journal, memory = Journal(engine, KeyRing(engine, KEY)), Memory(engine, KEY)
    patient = memory.patient("P-1")
    journal.write(entry(patient))
    journal.flush()
    memory.catch_up()
    journal.write(replace(entry(patient), id="e2", shown=(), seen=memory.of(patient)))
    journal.flush()
    stored = journal.entry("e2")
    assert stored.request == {"q": 1}
    assert stored.seen == memory.of(patient)
