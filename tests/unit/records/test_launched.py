"""What was told at a launch is kept sealed, for the institution it was told by, and while the panel may be open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update

from base.keyring import KeyRing, reseal
from base.tenancy import Scope, acting, guard, system
from records.launched import FRESH, Launched, Lent, launched, lent

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


def test_what_was_lent_is_sealed_ends_first_and_is_swept(kept: Launched, engine: Engine, ring: KeyRing) -> None:
    now = datetime.now(UTC)
    number = kept.keep(HERE, TOLD, now + SOON, Lent("https://his/fhir", "secret-of-his", now + 2 * SOON))
    with engine.connect() as connection:
        row = connection.execute(select(lent)).one()
    assert (row.expires, b"secret-of-his" in row.sealed) == (now + SOON, False)
    with system("test"):
        ring.rotate()
        assert reseal(engine, ring).done == 2
        assert kept.claim(number, looked_at=True) is None, "it is fresh"
        with engine.begin() as connection:
            connection.execute(update(lent).values(tried=now - FRESH, due=now))
        assert [one.id for one in kept.due([number], [])] == [number]
        claimed = kept.claim(number, looked_at=True)
        assert claimed is not None
        assert (claimed.told, claimed.token) == (TOLD, "secret-of-his")
        with engine.begin() as connection:
            connection.execute(update(lent).values(expires=now))
        kept.sweep()
        assert [one.id for one in kept.touched([number], now)] == [number]
    standing = kept.standing(number)
    assert standing is not None
    assert (standing.lent, standing.ended, kept.told(number)) == (False, True, TOLD)


@pytest.mark.parametrize(
    ("access", "ended"),
    [(None, False), (Lent("https://his/fhir", "secret-of-his", datetime(2026, 1, 1, tzinfo=UTC)), True)],
)
def test_of_a_launch_that_was_lent_nothing_no_access_ended(kept: Launched, access: Lent | None, ended: bool) -> None:
    standing = kept.standing(kept.keep(HERE, TOLD, datetime.now(UTC) + SOON, access))
    assert standing is not None
    assert (standing.lent, standing.ended) == (False, ended)
