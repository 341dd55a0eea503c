"""The glass: broken with a reason, for one person and a short while, and security staff is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from base import alerts
from base.alerts import Glass, GlassError
from base.keyring import KeyRing
from base.tenancy import Scope, acting, guard, system

NOW = datetime.now(UTC)
HOSPITAL, OTHER = "league/county-a/h1", "league/county-b"
REASON = "昏迷患者张三急诊抢救，需了解过敏史"


def _glass() -> Glass:
    return Glass("g1", "a1", 17, HOSPITAL, "emergency", NOW, NOW + timedelta(minutes=30))


@pytest.mark.parametrize(
    ("category", "reason"),
    [("", REASON), ("curiosity", REASON), ("emergency", "抢救"), ("emergency", "  急 救  " * 2)],
)
def test_a_reason_must_say_something(category: str, reason: str) -> None:
    with pytest.raises(GlassError):
        alerts.checked_reason(category, reason)


def test_the_glass_opens_one_person_for_one_account_for_a_while(engine: Engine) -> None:
    ring = KeyRing(engine, b"m" * 16)
    with system("test"), guard(engine).begin() as connection:
        alerts.break_glass(connection, ring, _glass(), REASON)
        assert alerts.broken(connection, "a1", 17, NOW + timedelta(minutes=29))
        assert not alerts.broken(connection, "a1", 17, NOW + timedelta(minutes=30))
        assert not alerts.broken(connection, "a1", 18, NOW)
        assert not alerts.broken(connection, "a2", 17, NOW)


def test_the_reason_is_sealed_and_told_to_those_who_may_know(engine: Engine) -> None:
    ring = KeyRing(engine, b"m" * 16)
    with system("test"), guard(engine).begin() as connection:
        alerts.break_glass(connection, ring, _glass(), REASON)
        stored = connection.execute(select(alerts.glasses.c.reason)).scalar_one()
    assert "张三".encode() not in stored
    with acting(Scope("s", (HOSPITAL,))), engine.connect() as connection:
        assert alerts.reasons(connection, ring, ["g1"]) == {"g1": ("急危重症抢救", REASON)}
    with acting(Scope("s", (OTHER,))), engine.connect() as connection:
        assert alerts.reasons(connection, ring, ["g1"]) == {}


def test_an_alert_waits_until_somebody_of_the_place_looked(engine: Engine) -> None:
    with system("test"), guard(engine).begin() as connection:
        made = alerts.sound(connection, "break-glass", HOSPITAL, "wang", "person/17", "10.0.0.1", "g1")
    with acting(Scope("b", (OTHER,), (OTHER,))), engine.begin() as connection:
        assert alerts.listed(connection, waiting=True) == []
        assert not alerts.acknowledge(connection, made, "b")
    with acting(Scope("a", (HOSPITAL,), (HOSPITAL,))), engine.begin() as connection:
        assert [a.id for a in alerts.listed(connection, waiting=True)] == [made]
        assert alerts.acknowledge(connection, made, "a")
        assert not alerts.acknowledge(connection, made, "somebody else")
        assert alerts.listed(connection, waiting=True) == []
        assert [a.acknowledged_by for a in alerts.listed(connection, waiting=False)] == ["a"]
