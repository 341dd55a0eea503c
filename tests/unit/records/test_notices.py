"""Notices of risk on both databases: nothing that arrives goes unlooked at, a crossing is told once, what ends and what
stands, who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Engine, select

from base.keyring import KeyRing, reseal
from base.tenancy import Scope, acting, guard, system
from records.notices import (
    Due,
    MissingNoticeError,
    Notice,
    Notices,
    Told,
    Watched,
    claim,
    done,
    due,
    failed,
    mark,
    notices,
)

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
HERE, THERE = "league/a/h1", "league/b/h2"
LATER = NOW + timedelta(seconds=10)
ORDER = ["none", "low", "moderate", "high", "critical"]


@pytest.fixture
def ring(engine: Engine) -> KeyRing:
    return KeyRing(guard(engine), bytes(16))


@pytest.fixture(autouse=True)
def at_work() -> Iterator[None]:
    with system("test"):
        yield


def told(number: str = "P1", **fields: tuple[str, ...]) -> Told:
    return Told(
        number,
        "脓毒症",
        "查乳酸",
        "脓毒症风险高",
        fields or {"qsofa": ("systolic",)},
        {"scores": [{"score": "qsofa"}]},
    )


def settle(
    kept: Notices,
    found: dict[str, tuple[str, Told]],
    over: bool = False,
    now: datetime = NOW,
    published: list[Notice] | None = None,
) -> list[str]:
    def publish(connection: Connection, notice: Notice) -> None:
        if published is not None:
            published.append(notice)

    def higher(level: str, than: str) -> bool:
        return ORDER.index(level) > ORDER.index(than)

    return kept.settle(Due(7, HERE, 1), now, found, lambda t, w: over, higher, publish)


class Placed(NamedTuple):
    kind: str
    outcome: str


class Facts:
    def __init__(self, *placed: Placed) -> None:
        self.placed = placed

    def put(
        self, connection: Connection, tenant: str, record: int | None, resources: Any, *, message: int, at: datetime
    ) -> Any:
        return self.placed

    remove = put


# What is to be looked at


@pytest.mark.parametrize(
    ("placed", "record", "wanted"),
    [
        (Placed("Observation", "new"), 7, True),
        (Placed("Condition", "changed"), 7, True),
        (Placed("Observation", "same"), 7, False),
        (Placed("Practitioner", "new"), 7, False),
        (Placed("Observation", "new"), None, False),
    ],
)
def test_a_new_result_of_somebody_marks_the_record(
    engine: Engine, placed: Placed, record: int | None, wanted: bool
) -> None:
    with engine.begin() as connection:
        Watched(Facts(placed)).put(connection, HERE, record, [], message=1, at=NOW)
    with engine.connect() as connection:
        assert (connection.execute(select(due.c.record)).scalar() == 7) is wanted


def test_results_of_one_round_are_looked_at_together_after_a_moment(engine: Engine) -> None:
    for _ in range(3):
        with engine.begin() as connection:
            mark(connection, HERE, 7, NOW)
    assert claim(engine, NOW) == []
    assert claim(engine, LATER) == [Due(7, HERE, 3)]
    assert claim(engine, LATER) == [], "somebody looks at it"


def test_what_arrives_during_a_look_is_looked_at_next(engine: Engine) -> None:
    with engine.begin() as connection:
        mark(connection, HERE, 7, NOW)
    (one,) = claim(engine, LATER)
    with engine.begin() as connection:
        mark(connection, HERE, 7, LATER)
    done(engine, one)
    (again,) = claim(engine, LATER + timedelta(seconds=1))
    done(engine, again)
    assert claim(engine, LATER + timedelta(hours=1)) == []


def test_whoever_dies_during_a_look_leaves_it_to_others(engine: Engine) -> None:
    with engine.begin() as connection:
        mark(connection, HERE, 7, NOW)
    claim(engine, LATER)
    assert claim(engine, LATER + timedelta(seconds=61)) == [Due(7, HERE, 1)]


def test_a_record_that_cannot_be_looked_at_is_given_up_until_something_arrives(engine: Engine) -> None:
    with engine.begin() as connection:
        mark(connection, HERE, 7, NOW)
    now, tries = LATER, 0
    while (found := claim(engine, now)) and tries < 20:
        tries += 1
        if failed(engine, found[0], now):
            break
        now += timedelta(hours=1)
    assert tries == 5
    assert claim(engine, now + timedelta(days=1)) == []


# What was told


def test_a_crossing_is_told_once_and_again_only_when_worse(engine: Engine, ring: KeyRing) -> None:
    kept = Notices(engine, ring)
    assert settle(kept, {"sepsis": ("high", told())}) == ["sepsis"]
    assert settle(kept, {"sepsis": ("high", told())}) == []
    assert settle(kept, {"sepsis": ("critical", told())}) == ["sepsis"]
    assert settle(kept, {"sepsis": ("high", told())}) == []
    assert [n.level for n in kept.listed()] == ["critical"]
    assert len(kept.listed(standing=False)) == 2


def test_a_notice_ends_only_when_it_is_over_and_may_then_be_told_again(engine: Engine, ring: KeyRing) -> None:
    kept = Notices(engine, ring)
    settle(kept, {"sepsis": ("high", told())})
    settle(kept, {}, over=False)
    assert len(kept.listed()) == 1
    settle(kept, {}, over=True, now=LATER)
    assert kept.listed() == []
    assert kept.listed(standing=False)[0].ended == LATER
    assert settle(kept, {"sepsis": ("high", told())}) == ["sepsis"]


def test_what_begins_and_what_ends_is_published_as_it_then_stands(engine: Engine, ring: KeyRing) -> None:
    kept, published = Notices(engine, ring), list[Notice]()
    settle(kept, {"sepsis": ("high", told())}, published=published)
    settle(kept, {"sepsis": ("high", told())}, published=published)
    settle(kept, {"sepsis": ("critical", told())}, now=LATER, published=published)
    settle(kept, {}, over=True, now=LATER, published=published)
    assert [(n.level, n.ended) for n in published] == [
        *(("high", None), ("high", LATER)),
        *(("critical", None), ("critical", LATER)),
    ]
    assert [published[3], published[1]] == sorted(kept.listed(standing=False), key=lambda n: n.at, reverse=True)


def test_topics_stand_apart_and_pages_go_back_in_time(engine: Engine, ring: KeyRing) -> None:
    kept = Notices(engine, ring)
    settle(kept, {"sepsis": ("high", told())})
    settle(kept, {"sepsis": ("high", told()), "aki": ("moderate", told())}, now=LATER)
    assert [n.topic for n in kept.listed()] == ["aki", "sepsis"]
    assert [n.topic for n in kept.listed(topic="aki")] == ["aki"]
    assert [n.topic for n in kept.listed(before=LATER)] == ["sepsis"]


def test_the_first_who_saw_it_stays(engine: Engine, ring: KeyRing) -> None:
    kept = Notices(engine, ring)
    settle(kept, {"sepsis": ("high", told())})
    number = kept.listed()[0].id
    kept.acknowledge(number, "wang", LATER)
    again = kept.acknowledge(number, "li", LATER + timedelta(hours=1))
    assert (again.seen_by, again.seen) == ("wang", LATER)
    with pytest.raises(MissingNoticeError):
        kept.acknowledge("none", "li", LATER)


def test_another_institution_sees_nothing_and_can_acknowledge_nothing(engine: Engine, ring: KeyRing) -> None:
    kept = Notices(engine, ring)
    settle(kept, {"sepsis": ("high", told())})
    number = kept.listed()[0].id
    with acting(Scope("there", (THERE,), (THERE,))):
        assert kept.listed(standing=False) == []
        with pytest.raises(MissingNoticeError):
            kept.acknowledge(number, "x", LATER)
    with acting(Scope("county", ("league/a",), ("league/a",))):
        assert [n.id for n in kept.listed()] == [number]


def test_what_it_says_is_sealed_and_survives_a_new_key(engine: Engine, ring: KeyRing) -> None:
    kept = Notices(engine, ring)
    settle(kept, {"sepsis": ("high", told("住院号12345"))})
    with engine.connect() as connection:
        assert "12345" not in repr(connection.execute(select(notices)).one())
    before = kept.listed()[0]
    ring.rotate()
    reseal(engine, ring)
    assert kept.listed()[0] == before
    assert before.told.patient == "住院号12345"
