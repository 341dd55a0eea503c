"""What was told at a launch is kept sealed, for the institution it was told by, and while the panel may be open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from base.keyring import KeyRing, reseal
from base.tenancy import Scope, acting, guard, system
from records.launched import Launched, launched

HERE, THERE = "league/a/h1", "league/b/h2"
TOLD = {"context": {"patientId": "8800123"}, "prefetch": {}}
SOON = timedelta(minutes=5)


@pytest.fixture
def ring(engine: Engine) -> KeyRing:
    return KeyRing(guard(engine), bytes(16))


@pytest.fixture
def kept(engine: Engine, ring: KeyRing) -> Iterator[Launched]:
    with acting(Scope("his", reads=(HERE,), writes=(HERE,))):
        yield Launched(engine, ring)


def test_it_comes_back_as_it_was_and_is_sealed(kept: Launched, engine: Engine, ring: KeyRing) -> None:
    number = kept.keep(HERE, TOLD, datetime.now(UTC) + SOON)
    assert kept.told(number) == TOLD
    with engine.connect() as connection:
        assert b"8800123" not in connection.execute(select(launched.c.sealed)).scalar_one()
    with system("test"):
        ring.rotate()
        assert reseal(engine, ring).done == 1
    assert kept.told(number) == TOLD


def test_another_institution_does_not_see_it(kept: Launched) -> None:
    number = kept.keep(HERE, TOLD, datetime.now(UTC) + SOON)
    with acting(Scope("far", reads=(THERE,), writes=(THERE,))):
        assert kept.told(number) is None


def test_what_is_over_is_not_told_and_goes_with_the_next(kept: Launched, engine: Engine) -> None:
    over = kept.keep(HERE, TOLD, datetime.now(UTC) - SOON)
    assert kept.told(over) is None
    kept.keep(HERE, TOLD, datetime.now(UTC) + SOON)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(launched)).scalar() == 1
