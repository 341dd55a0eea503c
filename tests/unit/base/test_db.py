"""Connections to the database, and those that died while they rested."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from base import db


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
