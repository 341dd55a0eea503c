"""The audit shows every way in which somebody may have tampered with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import OperationalError

from base.audit import (
    AuditError,
    AuditLog,
    Event,
    anchor,
    anchors,
    append,
    events,
    faults,
    prune,
    search,
)
from base.security import SigningKey

OURS = SigningKey.generate()


def _filled(engine: Engine, count: int = 6, at: datetime | None = None) -> None:
    append(
        engine,
        [Event("张药师", "review.read", f"review/{n}", "league/a", "10.0.0.1", "审方", at=at) for n in range(count)],
    )


def _told(engine: Engine, file: Path | None = None) -> list[tuple[int, str]]:
    return [(fault.number, fault.what) for fault in faults(engine, [OURS.public], file)]


def test_an_untouched_record_is_sound(engine: Engine, tmp_path: Path) -> None:
    _filled(engine)
    assert anchor(engine, OURS, tmp_path / "anchors") is not None
    assert anchor(engine, OURS, tmp_path / "anchors") is None, "nothing new to sign"
    _filled(engine)
    assert _told(engine, tmp_path / "anchors") == []


def _change(connection: Connection) -> None:
    connection.execute(update(events).where(events.c.number == 3).values(actor="李四"))


def _leave_out(connection: Connection) -> None:
    connection.execute(delete(events).where(events.c.number == 3))


def _cut_the_end(connection: Connection) -> None:
    connection.execute(delete(events).where(events.c.number > 4))


def _cut_the_beginning(connection: Connection) -> None:
    connection.execute(delete(events).where(events.c.number < 3))


def _rewrite_with_right_digests(connection: Connection) -> None:
    """Somebody who knows the code writes the whole record anew; only the signature shows it."""
    from base.audit import _row

    connection.execute(delete(events))
    digest = ""
    for number in range(1, 7):
        row = _row(number, Event("李四", "review.read"), digest)
        digest = row["digest"]
        connection.execute(insert(events).values(row))


@pytest.mark.parametrize(
    "tamper", [_change, _leave_out, _cut_the_end, _cut_the_beginning, _rewrite_with_right_digests]
)
def test_tampering_shows(engine: Engine, tamper: Callable[[Connection], None]) -> None:
    _filled(engine)
    anchor(engine, OURS)
    with engine.begin() as connection:
        tamper(connection)
    assert _told(engine)


def test_cutting_off_events_and_their_anchor_shows_in_the_file(engine: Engine, tmp_path: Path) -> None:
    _filled(engine)
    anchor(engine, OURS, tmp_path / "anchors")
    with engine.begin() as connection:
        connection.execute(delete(events).where(events.c.number > 2))
        connection.execute(delete(anchors))
    assert _told(engine) == []
    assert _told(engine, tmp_path / "anchors") == [(6, "events up to this number were signed and are gone")]


def test_an_anchor_of_a_stranger_does_not_count(engine: Engine) -> None:
    _filled(engine)
    anchor(engine, SigningKey.generate())
    assert [number for number, _ in _told(engine)] == [6]


def test_many_writers_make_one_chain(engine: Engine) -> None:
    log = AuditLog(engine)

    def noting() -> None:
        for _ in range(50):
            log.note(Event("a", "x"))

    def recording() -> None:
        for _ in range(10):
            log.must(Event("b", "y"))

    writers = [threading.Thread(target=noting) for _ in range(4)]
    direct = [threading.Thread(target=recording) for _ in range(2)]
    for thread in (*writers, *direct):
        thread.start()
    for thread in (*writers, *direct):
        thread.join()
    assert log.flush()
    with engine.connect() as connection:
        numbers = list(connection.execute(select(events.c.number).order_by(events.c.number)).scalars())
    assert numbers == list(range(1, 221))
    assert _told(engine) == []


def test_what_may_not_happen_unrecorded_is_refused_when_it_cannot_be_recorded(engine: Engine) -> None:
    log = AuditLog(engine)
    events.drop(engine)
    with pytest.raises(AuditError):
        log.must(Event("a", "release.publish"))


def test_a_database_that_is_away_stops_nobody_and_what_waited_is_recorded(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("base.audit._QUEUE", 2)
    monkeypatch.setattr("base.audit._RETRY_SECONDS", 0.05)
    away = threading.Event()
    stored = append

    def store(at: Engine, happened: list[Event]) -> int:
        if not away.is_set():
            raise OperationalError("away", {}, Exception())
        return stored(at, happened)

    monkeypatch.setattr("base.audit.append", store)
    log = AuditLog(engine)
    for number in range(50):
        log.note(Event("a", "x", f"review/{number}"))
    away.set()
    assert log.flush()
    with engine.connect() as connection:
        recorded = connection.execute(select(func.count()).select_from(events)).scalar()
    assert recorded is not None
    assert recorded > 0
    assert recorded + log.lost == 50, "each is stored or counted as lost"


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b", "\0" * 500], ids=["nul", "surrogate", "long"])
def test_what_no_database_takes_keeps_neither_itself_nor_others_from_being_recorded(engine: Engine, odd: str) -> None:
    log = AuditLog(engine)
    for why in (odd, "会诊"):
        log.note(Event("医生", "person.read", f"person/{odd}", "league", why=why))
    assert log.flush()
    with engine.connect() as connection:
        kept = connection.execute(select(events.c.why).order_by(events.c.number)).scalars().all()
    assert len(kept) == 2
    assert kept[1] == "会诊"
    assert "\0" not in kept[0]
    assert _told(engine) == []


def test_events_are_found_by_who_what_and_when(engine: Engine) -> None:
    _filled(engine)
    append(engine, [Event("王五", "release.publish", "release/1", "league")])
    assert [e["actor"] for e in search(engine, act="release")] == ["王五"]
    assert len(search(engine, tenant="league")) == 7
    assert len(search(engine, actor="张药师", act="review")) == 6
    assert search(engine, since=datetime.now(UTC) + timedelta(days=1)) == []


def test_old_events_go_and_the_rest_is_still_vouched_for(engine: Engine) -> None:
    _filled(engine, at=datetime.now(UTC) - timedelta(days=500))
    anchor(engine, OURS)
    _filled(engine)
    with pytest.raises(ValueError, match="365"):
        prune(engine, 30)
    assert prune(engine, 400) == 6
    assert _told(engine) == []
    with engine.begin() as connection:
        connection.execute(delete(events).where(events.c.number == 7))
    assert _told(engine)
