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
    url = request.getfixturevalue("own_postgres")
    if request.param == "postgresql":
        yield Trial(tmp_path / "data", url)
        return
    with broker(tmp_path / "nats") as nats:
        yield Trial(tmp_path / "data", url, nats.url)


def test_kill_9_loses_nothing_and_doubles_nothing(trial: Trial) -> None:
    chance = random.Random(7)
    for _ in range(ROUNDS):
        trial.round(chance)
    trial.finish()
    assert trial.acknowledged > 0
    assert trial.troubles == []
