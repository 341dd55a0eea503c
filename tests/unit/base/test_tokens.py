"""A token id works once, whichever worker sees it, on SQLite and on PostgreSQL."""

from __future__ import annotations

import time

from sqlalchemy import Engine, func, select

from base.tokens import UsedTokens, used

SOON = time.time() + 86_400


def test_an_id_is_taken_once_even_by_another_worker(engine: Engine) -> None:
    first, second = UsedTokens(engine), UsedTokens(engine)
    assert first.take("his a", SOON)
    assert not first.take("his a", SOON)
    assert not second.take("his a", SOON)
    assert second.take("his b", SOON)


def test_what_has_expired_is_forgotten(engine: Engine) -> None:
    UsedTokens(engine).take("his old", time.time() - 1)
    assert UsedTokens(engine).take("his new", SOON)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(used)) == 1


def test_a_database_that_is_away_locks_nobody_out(engine: Engine) -> None:
    used.drop(engine)
    tokens = UsedTokens(engine)
    assert tokens.take("his a", SOON)
    assert not tokens.take("his a", SOON)
