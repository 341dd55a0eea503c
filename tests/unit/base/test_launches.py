"""A panel's token says whom it opens, cannot be altered, and ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from base import launches
from base.keyring import KeyRing
from base.launches import Launch

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
LAUNCH = Launch("league/a/h1", "P0006", "张医生", "client", "his", NOW + timedelta(hours=1))


@pytest.fixture
def ring(engine: Engine) -> KeyRing:
    return KeyRing(engine, bytes(16))


def test_a_token_opens_what_it_was_made_for(ring: KeyRing) -> None:
    assert launches.opened(ring, launches.sealed(ring, LAUNCH), NOW) == LAUNCH


def test_nobody_reads_patient_or_user_out_of_it(ring: KeyRing) -> None:
    assert "P0006" not in launches.sealed(ring, LAUNCH)


def test_it_is_over_when_its_time_is(ring: KeyRing) -> None:
    token = launches.sealed(ring, LAUNCH)
    assert launches.opened(ring, token, LAUNCH.expires - timedelta(seconds=1)) is not None
    assert launches.opened(ring, token, LAUNCH.expires) is None


def test_a_ticket_listens_for_a_minute_and_does_nothing_else(ring: KeyRing) -> None:
    ticket = launches.ticket(ring, LAUNCH, NOW)
    assert launches.opened(ring, ticket, NOW, launches.STREAM) == LAUNCH
    assert launches.opened(ring, ticket, NOW + timedelta(seconds=61), launches.STREAM) is None
    assert launches.opened(ring, ticket, NOW) is None
    assert launches.opened(ring, launches.sealed(ring, LAUNCH), NOW, launches.STREAM) is None


@pytest.mark.parametrize("token", ["", "yp_", "yp_AAAA", "yp_中文", "ys_AAAA", "yp_===="])
def test_what_is_no_token_opens_nothing(ring: KeyRing, token: str) -> None:
    assert launches.opened(ring, token, NOW) is None


def test_an_altered_token_opens_nothing(ring: KeyRing) -> None:
    token = launches.sealed(ring, LAUNCH)
    altered = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    assert launches.opened(ring, altered, NOW) is None
