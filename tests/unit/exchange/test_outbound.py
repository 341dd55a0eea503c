"""What subscribers are to be told is written with the facts, and goes out in order by one worker at a time, on both
databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, func, select, update

from api.intake import landing
from base.keyring import KeyRing, reseal
from base.settings import Settings
from base.tenancy import Scope, TenancyError, acting, guard, system
from exchange import delivery
from exchange.delivery import Deliverer, Rules, Told
from exchange.fhir.subscription import FULL, Wish, read
from exchange.message import MessageError
from exchange.outbound import Subscription, Subscriptions, events, subscriptions
from records.identity import Identity
from records.store import Repository

A, B = "league/county/a", "league/county/b"
HOST = "his.a.test"


class Wire:
    """One database, subscribers of two hospitals, and a receiver that is not there but answers."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = guard(engine)
        self.ring = KeyRing(self.engine, bytes(16))
        self.subscriptions = Subscriptions(self.engine, self.ring)
        house: Any = SimpleNamespace(engine=self.engine, settings=Settings(data_dir=folder))
        self.facts = landing(house, self.ring)._facts
        self.identity = Identity(self.engine, self.ring, "league")
        self.got: list[tuple[int, float]] = []
        self.noted: list[Told] = []
        self.lock = threading.Lock()
        self.status = 200

    def subscribe(self, tenant: str = A, criteria: str = "Observation?code=2823-3", **more: Any) -> Subscription:
        wish = Wish(criteria, f"https://{HOST}/told", FULL, **more)
        with acting(Scope("his", (tenant,), (tenant,))):
            return self.subscriptions.add(tenant, "client:his", wish, True)

    def put(self, *values: float, tenant: str = A, fails: bool = False) -> None:
        with system("test"):
            try:
                with self.engine.begin() as connection:
                    for n, value in enumerate(values):
                        self.facts.put(
                            connection, tenant, None, [observation(value)], message=n, at=datetime.now(UTC)
                        )
                    if fails:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass

    def deliverer(self, **more: Any) -> Deliverer:
        rules = Rules([HOST], "", "league", lambda *_: lambda resource: resource, self.noted.append, **more)
        return Deliverer(self.engine, self.ring, Repository(self.engine, self.ring), self.identity, rules)

    def tell(self, deliverer: Deliverer | None = None) -> None:
        telling = deliverer or self.deliverer()
        with (
            httpx.Client(transport=httpx.MockTransport(self._received)) as web,
            ThreadPoolExecutor(2) as pool,
        ):
            while telling.step(web, pool):
                pass

    def _received(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            if self.status == 200:
                value = httpx.Response(200, content=request.content).json()["valueQuantity"]["value"]
                self.got.append((int(request.headers["X-Yigong-Event"]), value))
            return httpx.Response(self.status)

    def waiting(self) -> int:
        with system("count"), self.engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(events)).scalar() or 0

    def later(self) -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        with system("time passes"), self.engine.begin() as connection:
            connection.execute(update(subscriptions).values(due=past, until=past))


@pytest.fixture
def wire(engine: Engine, tmp_path: Path) -> Wire:
    return Wire(engine, tmp_path)


def observation(value: float) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "K1",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "valueQuantity": {"value": value},
    }


def test_what_is_stored_is_told_in_order_and_what_is_taken_back_with_its_transaction_is_not(wire: Wire) -> None:
    wire.subscribe()
    wire.put(5.8, 5.8, 4.8)
    wire.put(9.9, fails=True)
    wire.put(4.1)
    assert wire.waiting() == 3
    wire.tell()
    assert [value for _, value in wire.got] == [5.8, 4.8, 4.1]
    assert sorted(wire.got) == wire.got
    assert wire.waiting() == 0
    assert {told.reference for told in wire.noted} == {"Observation/K1"}


def test_side_by_side_each_event_is_told_once(wire: Wire) -> None:
    wire.subscribe()
    wire.put(*range(1, 41))
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(wire.tell, [wire.deliverer() for _ in range(3)]))
    wire.tell()
    assert [value for _, value in wire.got] == list(range(1, 41))


def test_a_receiver_that_refuses_is_given_time_and_in_the_end_left_alone(wire: Wire) -> None:
    made = wire.subscribe()
    wire.put(5.8)
    wire.status = 503
    telling = wire.deliverer(tries=2)
    wire.tell(telling)
    with system("look"), wire.engine.connect() as connection:
        due = connection.execute(select(subscriptions.c.due)).scalar()
    assert due.replace(tzinfo=UTC) > datetime.now(UTC), "not at once again"
    wire.later()
    wire.tell(telling)
    with system("look"):
        known = wire.subscriptions.get(made.id)
        assert known is not None
        assert (known.status, known.waiting) == ("error", 1)
        wire.status = 200
        wire.subscriptions.change(made.id, "client:his", known.wish, True)
    wire.tell(telling)
    assert [value for _, value in wire.got] == [5.8]


def test_each_hospital_has_its_own(wire: Wire) -> None:
    mine, theirs = wire.subscribe(), wire.subscribe(B)
    wire.put(5.8)
    wire.put(7.7, tenant=B)
    assert wire.waiting() == 2
    with acting(Scope("his-b", (B,), (B,))):
        assert wire.subscriptions.get(mine.id) is None
        assert [s.id for s in wire.subscriptions.listed()] == [theirs.id]
        assert not wire.subscriptions.remove(mine.id)
        with pytest.raises(TenancyError):
            wire.subscriptions.add(A, "x", mine.wish, True)


def test_what_is_wanted_lies_sealed_and_goes_along_when_keys_are_changed(wire: Wire) -> None:
    made = wire.subscribe(criteria="Observation?patient=P1", headers=("Authorization: Bearer s3cret",))
    with system("look"), wire.engine.connect() as connection:
        kept = connection.execute(select(subscriptions.c.sealed)).scalar()
    assert b"s3cret" not in kept
    assert b"patient=P1" not in kept  # two letters alone come up in random bytes
    with system("rotation"):
        wire.ring.rotate()
        assert reseal(wire.engine, wire.ring).unreadable == 0
        again = wire.subscriptions.get(made.id)
    assert again is not None
    assert again.wish.headers == ("Authorization: Bearer s3cret",)


def test_a_subscription_nobody_can_read_stops_no_message_and_no_other_subscriber(wire: Wire) -> None:
    wire.subscribe()
    broken = wire.subscribe()
    with system("damage"), wire.engine.begin() as connection:
        connection.execute(update(subscriptions).where(subscriptions.c.id == broken.id).values(sealed=b"x" * 60))
    wire.put(5.8)
    wire.tell()
    assert [value for _, value in wire.got] == [5.8]


WANTED = {
    "resourceType": "Subscription",
    "status": "requested",
    "criteria": "Observation?code=2823-3",
    "channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1/", "payload": "application/fhir+json"},
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"criteria": "Observation?colour=red"}, "Subscription.criteria"),
        ({"criteria": "Rocket?code=1"}, "Subscription.criteria"),
        ({"criteria": "Observation?_region=true"}, "Subscription.criteria"),
        ({"criteria": "Observation?_sort=date"}, "Subscription.criteria"),
        ({"status": "error"}, "Subscription.status"),
        ({"end": "tomorrow"}, "Subscription.end"),
        ({"channel": {"type": "email"}}, "Subscription.channel.type"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://evil.test/x"}}, "Subscription.channel.endpoint"),
        ({"channel": {"type": "rest-hook", "endpoint": "ftp://127.0.0.1/x"}}, "Subscription.channel.endpoint"),
        (
            {"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1/", "payload": "text/csv"}},
            "Subscription.channel.payload",
        ),
        (
            {"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1/", "header": ["A: b\r\nC: d"]}},
            "Subscription.channel.header[0]",
        ),
        (
            {"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1/", "header": ["Host: x"]}},
            "Subscription.channel.header[0]",
        ),
    ],
)
def test_what_is_wrong_is_told_by_field(change: dict[str, Any], field: str) -> None:
    assert read(WANTED, ["127.0.0.1"])[1]
    with pytest.raises(MessageError) as error:
        read(WANTED | change, ["127.0.0.1"])
    assert error.value.field == field


def test_what_goes_wrong_with_one_does_not_end_the_telling_for_good(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller, stop, turns = wire.deliverer(), threading.Event(), list[Any]()

    def step(web: Any, pool: Any) -> int:
        turns.append(web)
        if len(turns) == 1:
            raise ValueError("a subscription that nobody can read")
        stop.set()
        return 1

    monkeypatch.setattr(teller, "step", step)
    monkeypatch.setattr(delivery, "_AWAY_SECONDS", 0.0)
    teller.run(stop)
    assert len(turns) == 2
