"""Messages over a real NATS JetStream: the same guarantees as over the database."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select, update

from base.tenancy import Scope, acting, system
from exchange.intake import BusyError, ConflictError, Sent
from exchange.jetstream import StreamIntake, connect, decoded, partition_of, stream_of, subject_of
from exchange.ledger import DEAD, DONE, cursors, messages, writing
from exchange.takeover import Streamed, Takeover
from exchange.trace import Query
from tests.brokers import Broker, broker
from tests.exchange_site import SENDER, A, Site, bundle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("nats")) as made:
        yield made


@pytest.fixture
def site(engine: Engine, tmp_path: Path, nats: Broker) -> Site:
    made = Site(engine, tmp_path)
    asyncio.run(_emptied(nats.url))
    return made


async def _emptied(url: str) -> None:
    client = await connect(url, "")
    stream = client.jetstream()
    for info in await stream.streams_info():
        await stream.delete_stream(str(info.config.name))
    await client.close()


def send(site: Site, url: str, *raws: bytes, scope: Scope = SENDER, tenant: str = A) -> list[Any]:
    """Send messages over the broker, all at once; gives receipts, or what was said instead."""

    async def all_of_them() -> list[Any]:
        intake = StreamIntake(site.engine, site.ring, url)
        try:
            return await asyncio.gather(
                *(intake.accept(Sent(tenant, "fhir", raw)) for raw in raws), return_exceptions=True
            )
        finally:
            await intake.close()

    with acting(scope):
        return asyncio.run(all_of_them())


def taken_over(site: Site, url: str, count: int, name: str = "w", **more: Any) -> None:
    """Take over until so many messages are in the database."""
    stop = threading.Event()
    taking = Takeover(site.engine, site.ring, name, "league", url, **more)
    thread = threading.Thread(target=taking.run, args=(stop,))
    thread.start()
    try:
        for _ in range(600):
            if _count(site) >= count:
                return
            time.sleep(0.05)
        raise AssertionError(f"{_count(site)} of {count} were taken over")
    finally:
        stop.set()
        thread.join()


def _count(site: Site) -> int:
    with system("look"), site.engine.connect() as connection:
        return len(connection.execute(select(messages.c.number)).all())


def test_messages_pass_the_broker_into_the_facts_each_once(site: Site, nats: Broker) -> None:
    raws = [bundle(f"m{n}", f"p{n % 5}", f"o{n}") for n in range(40)]
    receipts = send(site, nats.url, *raws)
    assert [r.duplicate for r in receipts] == [False] * 40
    again = send(site, nats.url, *raws[:10])
    assert all(r.duplicate for r in again)
    taken_over(site, nats.url, 40)
    site.drain()
    told = [site.trace(receipt) for receipt in receipts]
    assert {one["state"] for one in told} == {DONE}
    assert [f["resource"] for f in told[7]["facts"]][1] == "Observation/o7"


def test_messages_of_one_patient_keep_their_order(site: Site, nats: Broker) -> None:
    for n in range(12):
        send(site, nats.url, bundle(f"m{n}", "p1", f"o{n}"))
    taken_over(site, nats.url, 12)
    with system("look"), site.engine.connect() as connection:
        ids = list(connection.execute(select(messages.c.message_id).order_by(messages.c.number)).scalars())
    assert ids == [f"m{n}" for n in range(12)]


def test_one_number_for_two_messages_is_told_at_once_and_later_is_given_up(site: Site, nats: Broker) -> None:
    send(site, nats.url, bundle("m1", "p1", "o1"))
    (told,) = send(site, nats.url, bundle("m1", "p1", "o2"))
    assert isinstance(told, ConflictError)
    taken_over(site, nats.url, 1)
    asyncio.run(_emptied(nats.url))  # the broker has forgotten the first
    send(site, nats.url, bundle("m1", "p1", "o2"))
    taken_over(site, nats.url, 2)
    site.drain()
    with acting(SENDER):
        (dead,) = site.ledger.find(Query(state=DEAD))
        assert dead["dead"]["reason"] == "conflict"
        assert site.ledger.content(dead["id"]) == bundle("m1", "p1", "o2")
    assert site.stored() == {"p1", "o1"}


def test_what_is_too_large_for_the_broker_is_kept_aside_and_takes_the_same_way(site: Site, nats: Broker) -> None:
    large = bundle("m1", "p1", "o1") + b" " * 2_000_000
    (receipt,) = send(site, nats.url, large)
    assert send(site, nats.url, large)[0].duplicate
    assert isinstance(send(site, nats.url, large + b" ")[0], ConflictError)
    taken_over(site, nats.url, 1)
    site.drain()
    assert site.trace(receipt)["state"] == DONE


def test_what_was_delivered_to_a_worker_that_died_is_taken_over_by_the_next(site: Site, nats: Broker) -> None:
    receipts = send(site, nats.url, *(bundle(f"m{n}", "p1", f"o{n}") for n in range(20)))
    assert len(receipts) == 20
    asyncio.run(_fetched_and_dropped(nats.url))
    taken_over(site, nats.url, 20)
    site.drain()
    assert {site.trace(r)["state"] for r in receipts} == {DONE}


async def _fetched_and_dropped(url: str) -> None:
    """A worker takes messages and dies before it has kept them."""
    from nats.js.api import AckPolicy, ConsumerConfig

    client = await connect(url, "")
    stream = client.jetstream()
    for number in range(8):
        wanted = ConsumerConfig(
            ack_policy=AckPolicy.EXPLICIT, backoff=[30.0, 60.0, 120.0, 300.0], max_ack_pending=2000
        )
        pulled = await stream.pull_subscribe(
            subject_of(number), durable="yigong", stream=stream_of(number), config=wanted
        )
        try:
            await pulled.fetch(7, timeout=0.2)
        except TimeoutError:
            continue
    await client.close()


def test_a_database_restored_from_a_copy_takes_over_again_what_it_lacks(site: Site, nats: Broker) -> None:
    receipts = send(site, nats.url, *(bundle(f"m{n}", f"p{n}", f"o{n}") for n in range(10)))
    taken_over(site, nats.url, 10)
    with system("restored"), writing(site.engine) as connection:
        connection.execute(messages.delete().where(messages.c.number > 3))
        connection.execute(update(cursors).values(sequence=0))
        from exchange.ledger import contents, work

        kept = select(messages.c.key)
        connection.execute(contents.delete().where(contents.c.key.not_in(kept)))
        connection.execute(work.delete().where(work.c.number > 3))
    taken_over(site, nats.url, 10, name="after")
    site.drain()
    assert {site.trace(r)["state"] for r in receipts} == {DONE}


def test_what_strangers_put_on_the_broker_is_kept_and_given_up(site: Site, nats: Broker) -> None:
    (receipt,) = send(site, nats.url, bundle("m1", "p1", "o1"))
    asyncio.run(_published(nats.url, 0, b"not ours"))
    taken_over(site, nats.url, 2)
    site.drain()
    with acting(Scope("league", ("league",), ("league",))):
        (dead,) = site.ledger.find(Query(state=DEAD))
        assert (dead["standard"], dead["dead"]["reason"]) == ("broker", "unreadable")
        assert site.ledger.content(dead["id"]) == b"not ours"
    assert site.trace(receipt)["state"] == DONE


async def _published(url: str, number: int, payload: bytes) -> None:
    client = await connect(url, "")
    await client.jetstream().publish(subject_of(number), payload)
    await client.close()


def test_a_message_forged_for_another_hospital_is_none_of_ours(site: Site, nats: Broker) -> None:
    send(site, nats.url, bundle("m1", "p1", "o1"))
    taking = Takeover(site.engine, site.ring, "w", "league", nats.url)
    made = asyncio.run(_first(nats.url))
    assert taking._sound(Streamed(1, msgspec.msgpack.encode(made))) == made
    forged = msgspec.structs.replace(made, tenant="league/county/b")
    assert taking._sound(Streamed(1, msgspec.msgpack.encode(forged))) is None


async def _first(url: str) -> Any:
    client = await connect(url, "")
    stream = client.jetstream()
    try:
        for number in range(8):
            if (await stream.stream_info(stream_of(number))).state.messages:
                found = decoded((await stream.get_msg(stream_of(number), 1)).data)
                assert found is not None
                assert partition_of(found) == number
                return found
    finally:
        await client.close()
    raise AssertionError("nothing on the broker")


def test_a_broker_killed_and_started_again_has_everything_it_acknowledged(engine: Engine, tmp_path: Path) -> None:
    site = Site(engine, tmp_path)
    with broker(tmp_path / "own") as own:
        receipts = send(site, own.url, *(bundle(f"m{n}", f"p{n}", f"o{n}") for n in range(15)))
        own.kill()
        (refused,) = send(site, own.url, bundle("m99"))
        assert isinstance(refused, BusyError)
        own.start()
        taken_over(site, own.url, 15)
    site.drain()
    assert {site.trace(r)["state"] for r in receipts} == {DONE}


def test_two_workers_share_the_partitions_and_take_nothing_twice(site: Site, nats: Broker) -> None:
    receipts = send(site, nats.url, *(bundle(f"m{n}", f"p{n}", f"o{n}") for n in range(50)))
    stop = threading.Event()
    takings = [Takeover(site.engine, site.ring, f"w{n}", "league", nats.url) for n in range(2)]
    threads = [threading.Thread(target=taking.run, args=(stop,)) for taking in takings]
    for thread in threads:
        thread.start()
    for _ in range(400):
        if _count(site) == 50:
            break
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert _count(site) == 50
    site.drain()
    assert {site.trace(r)["state"] for r in receipts} == {DONE}
