"""Senders and workers that are killed with -9 at any moment lose nothing that was acknowledged and double nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kills import Trial
from tests.brokers import broker

pytestmark = pytest.mark.slow

ROUNDS = 2
"""Of three kills each; ``python -m benchmarks.kills`` makes fifty."""


@pytest.fixture(params=["sqlite", "postgresql", "jetstream"])
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trial]:
    if request.param == "sqlite":
        yield Trial(tmp_path / "data")
        return
    url = request.getfixturevalue("emptied")
    if request.param == "postgresql":
        yield Trial(tmp_path / "data", url)
        return
    with broker(tmp_path / "nats") as nats:
        yield Trial(tmp_path / "data", url, nats.url)


@pytest.fixture
def emptied(postgres: str) -> str:
    from sqlalchemy import text

    from base.db import open_engine

    engine = open_engine(postgres)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return postgres


def test_kill_9_loses_nothing_and_doubles_nothing(trial: Trial) -> None:
    chance = random.Random(7)
    for _ in range(ROUNDS):
        trial.round(chance)
    trial.finish()
    assert trial.acknowledged > 0
    assert trial.troubles == []
