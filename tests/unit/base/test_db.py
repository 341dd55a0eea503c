"""Connections to the database, and those that died while they rested."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, literal, select, text
from sqlalchemy.exc import DataError

from base import db
from base.keyring import keys


def _ended(engine: Engine, backend: int) -> None:
    with engine.connect() as other:
        other.execute(text("select pg_terminate_backend(:backend)"), {"backend": backend})


@pytest.fixture
def pool(own_postgres: str) -> Any:
    engine = db.open_engine(own_postgres)
    yield engine
    engine.dispose()


def test_a_connection_that_died_while_it_rested_is_replaced_without_anybody_noticing(
    pool: Engine, own_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_REST_SECONDS", 0.0)
    with pool.connect() as connection:
        backend = connection.execute(text("select pg_backend_pid()")).scalar_one()
    other = db.open_engine(own_postgres)
    _ended(other, backend)
    other.dispose()
    with pool.connect() as connection:
        assert connection.execute(text("select pg_backend_pid()")).scalar_one() != backend


def test_a_connection_in_use_all_the_time_is_not_asked_whether_it_lives(
    pool: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    with pool.connect():
        pass
    monkeypatch.setattr(pool.dialect, "do_ping", lambda connection: asked.append(connection))
    for _ in range(3):
        with pool.connect() as connection:
            assert connection.execute(select(1)).scalar_one() == 1
    assert asked == []


def test_a_time_is_the_same_moment_whatever_zone_it_was_told_in(engine: Engine) -> None:
    at = datetime(2026, 11, 1, 7, 30, tzinfo=timezone(timedelta(hours=8)))
    row = {"id": "k1", "purpose": "data", "wrapped": b"", "created": at}
    with engine.begin() as connection:
        connection.execute(insert(keys).values(row))
        kept = connection.execute(select(keys.c.created)).scalar_one()
        assert kept.tzinfo is not None
        assert kept == at == datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
        before, after = at - timedelta(minutes=1), at.astimezone(UTC) + timedelta(minutes=1)
        assert connection.execute(select(keys.c.id).where(keys.c.created.between(before, after))).scalars().all()
        assert not connection.execute(select(keys.c.id).where(keys.c.created > after)).scalars().all()


def test_times_of_many_rows_at_once_are_the_same_moments(engine: Engine) -> None:
    china = timezone(timedelta(hours=8))
    made = {f"k{n}": datetime(2026, 11, 1, n % 24, tzinfo=china) for n in range(db._FEW + 1)}
    rows = [{"id": name, "purpose": "data", "wrapped": b"", "created": at} for name, at in made.items()]
    with engine.begin() as connection:
        db.insert_many(connection, keys, rows)
        kept = {row.id: row.created for row in connection.execute(select(keys.c.id, keys.c.created))}
    assert kept == made


def test_a_number_beyond_64_bits_is_data_that_the_database_does_not_take(tmp_path: Path) -> None:
    engine = db.open_engine(f"sqlite:///{tmp_path}/x.sqlite")
    with engine.connect() as connection, pytest.raises(DataError):
        connection.execute(select(literal(10**30)))
    engine.dispose()
