"""What connected systems sent, on both databases: counted in the transaction of the messages, added up once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from base.tenancy import Scope, acting, guard, system
from records.traffic import (
    KEPT_DAYS,
    Ending,
    Kind,
    System,
    count_arrived,
    count_ended,
    heard,
    of_source,
    prune,
    retire,
    roll_up,
)
from records.traffic_figures import Traffic

NOW = datetime(2026, 3, 1, 10, 20, tzinfo=UTC)
HIS = System("league/a/h1", Kind.CLIENT, "his")
LIS = System("league/a/h1", Kind.PULL, "lis")
THERE = System("league/b/h2", Kind.CLIENT, "his")


@pytest.fixture(autouse=True)
def at_work(engine: Engine) -> Iterator[None]:
    guard(engine)
    with system("test"):
        yield


def arrived(engine: Engine, *systems: System, at: datetime = NOW) -> None:
    with engine.begin() as connection:
        count_arrived(connection, systems, at)


def ended(engine: Engine, *endings: Ending, at: datetime = NOW) -> None:
    with engine.begin() as connection:
        count_ended(connection, endings, at)


def test_a_system_is_known_by_what_its_messages_say() -> None:
    assert of_source("t", "his-a") == System("t", Kind.CLIENT, "his-a")
    assert of_source("t", "pull/lis") == System("t", Kind.PULL, "lis")
    assert of_source("t", "mllp:10.0.0.5") == System("t", Kind.LISTENER, "10.0.0.5")
    assert of_source("t", "mllp") == System("t", Kind.LISTENER, "mllp")
    assert of_source("t", "his-a").label == "client/his-a"


def test_batches_of_an_hour_add_up_and_are_added_once(engine: Engine) -> None:
    arrived(engine, HIS, HIS, LIS)
    ended(engine, Ending(HIS, 0.2, good=True), Ending(HIS, 9.0, good=False))
    assert roll_up(engine) == 3
    arrived(engine, HIS, at=NOW + timedelta(minutes=30))
    ended(engine, Ending(HIS, 0.2, good=True), at=NOW + timedelta(minutes=50))
    roll_up(engine)
    assert roll_up(engine) == 0
    hours = Traffic(engine).hours(NOW - timedelta(hours=1), NOW + timedelta(hours=2), label="client/his")
    assert [(h.hour.hour, h.figures.arrived, h.figures.done, h.figures.failed) for h in hours] == [
        (10, 3, 1, 1),
        (11, 0, 1, 0),
    ]
    assert hours[0].figures.success == 0.5
    assert hours[0].figures.p95 == pytest.approx(0.2, rel=0.06), "what failed says nothing of how long storing takes"


def test_several_processes_add_up_what_is_there_once(engine: Engine) -> None:
    for _ in range(40):
        arrived(engine, HIS)
    with ThreadPoolExecutor(4) as pool:
        total = sum(pool.map(lambda _: roll_up(engine), range(4)))
    assert total == 40
    (hour,) = Traffic(engine).hours(NOW - timedelta(hours=1), NOW)
    assert hour.figures.arrived == 40


def test_who_sends_is_alive_even_when_what_it_sends_cannot_be_stored(engine: Engine) -> None:
    arrived(engine, HIS)
    ended(engine, Ending(HIS, 1.0, good=False), at=NOW + timedelta(minutes=5))
    roll_up(engine)
    (one,) = Traffic(engine).heard()
    assert (one.system, one.seen, one.trouble) == (HIS, NOW, "")


def test_a_source_that_cannot_be_reached_was_not_heard_of(engine: Engine) -> None:
    with engine.begin() as connection:
        heard(connection, LIS, NOW)
        heard(connection, LIS, NOW + timedelta(hours=1), "timed out")
    (one,) = Traffic(engine).heard()
    assert (one.seen, one.tried, one.trouble) == (NOW, NOW + timedelta(hours=1), "timed out")
    with engine.begin() as connection:
        heard(connection, LIS, NOW + timedelta(hours=2))
    (one,) = Traffic(engine).heard()
    assert (one.seen, one.trouble) == (NOW + timedelta(hours=2), "")


def test_what_was_heard_earlier_does_not_overwrite_what_was_heard_later(engine: Engine) -> None:
    with engine.begin() as connection:
        heard(connection, HIS, NOW)
        heard(connection, HIS, NOW - timedelta(hours=3), "timed out")
    assert Traffic(engine).heard()[0].trouble == ""


def test_a_subscriber_is_heard_of_when_it_takes_what_it_is_told(engine: Engine) -> None:
    subscriber = System("league/a/h1", Kind.SUBSCRIPTION, "s1")
    ended(engine, Ending(subscriber, 0.0, good=False))
    roll_up(engine)
    assert Traffic(engine).heard() == []
    ended(engine, Ending(subscriber, 2.0, good=True))
    roll_up(engine)
    assert Traffic(engine).heard()[0].seen == NOW


def test_one_taken_out_of_service_comes_back_when_it_is_heard_of(engine: Engine) -> None:
    with engine.begin() as connection:
        assert not retire(connection, HIS)
        heard(connection, HIS, NOW)
        assert retire(connection, HIS)
    assert Traffic(engine).heard()[0].retired
    arrived(engine, HIS, at=NOW + timedelta(days=1))
    roll_up(engine)
    assert not Traffic(engine).heard()[0].retired


def test_an_institution_sees_its_own_systems_alone(engine: Engine) -> None:
    arrived(engine, HIS, THERE)
    roll_up(engine)
    span = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    with acting(Scope("x", ("league/b",))):
        assert [h.system for h in Traffic(engine).hours(*span)] == [THERE]
        assert [h.system for h in Traffic(engine).heard()] == [THERE]
    assert [h.system for h in Traffic(engine).hours(*span, tenant="league/a")] == [HIS]


def test_hours_older_than_a_year_and_a_month_are_forgotten(engine: Engine) -> None:
    arrived(engine, HIS, at=NOW - timedelta(days=KEPT_DAYS + 1))
    arrived(engine, HIS)
    roll_up(engine)
    assert prune(engine, NOW) == 1
    assert len(Traffic(engine).hours(NOW - timedelta(days=999), NOW)) == 1
