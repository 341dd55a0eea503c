"""The clinician panel: how long the server takes over each part of it, and five thousand of them open on one worker: how
fast they open, what they weigh, what a doctor waits for meanwhile, and how soon a panel is told of a result. All traffic
stays on this machine."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import select

from api.bootstrap import House, ensure_release, key_ring, open_house
from api.gates import GATES
from api.intake import open_intake, worker
from base import launches
from base.launches import Launch
from base.settings import Settings
from base.tenancy import system
from benchmarks.http import served
from benchmarks.timing import Times, percentiles
from demo import messages as say
from demo.bedside import NUMBER
from demo.fill import fill
from demo.people import CHART, HOSPITAL
from exchange.intake import Sent
from records.identity_tables import records

PANELS: Final = 5_000
PARTS: Final = ("cards", "quality", "diagnoses", "examinations", "treatments", "scores", "history")
_EACH: Final = 60
"""Answers of each part, one after another."""
_BUDGET: Final = "budget: 300 ms"
_PEOPLE: Final = 60
_TOGETHER: Final = 100
_ASKED, _A_SECOND = 400, 20.0
_RESULTS: Final = 5
_LIMITLESS: Final = {"YIGONG_RATE_LIMIT": "", "YIGONG_CLIENT_RATE_LIMIT": ""}


def report() -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        house = open_house(Settings(data_dir=Path(folder)))
        ensure_release(house, GATES)
        fill(house, datetime.now(UTC), count=_PEOPLE)
        with served("api.worker:create", house.settings.data_dir, True, _LIMITLESS) as port:
            asyncio.run(_measured(house, port))
        house.engine.dispose()


async def _measured(house: House, port: int) -> None:
    known = _launches(house)
    await _asked(house, port, known[:50])  # what is read when first asked for is read now
    for part in PARTS:
        print(f"  {part}, nobody else there: {_ms(await _answered(house, port, part, known[:_EACH]))} ({_BUDGET})")
    alone, light = await _asked(house, port, known), await _megabytes(port)
    started = time.perf_counter()
    panels = [stream for some in _parts(known) for stream in await _opened(house, port, some)]
    spent, heavy = time.perf_counter() - started, await _megabytes(port)
    full = await _asked(house, port, known)
    told = await _told(house, panels[0][0])
    print(f"  {len(panels):,} panels opened in {spent:.1f} s, {(heavy - light) * 1000 / len(panels):.0f} kB each")
    print(f"  cards of a patient, {_A_SECOND:.0f} a second: {_ms(alone)}")
    print(f"  the same beside {len(panels):,} open panels: {_ms(full)} ({_BUDGET})")
    print(
        f"  a result is told {percentiles(told).p50 / 1000:.1f} s after it was stored (a worker looks every second)"
    )
    for _, writer in panels:
        writer.close()


def _ms(times: Times) -> str:
    return f"p50 {times.p50:.0f} ms, p99 {times.p99:.0f} ms"


# -- panels ------------------------------------------------------------------------------------

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _launches(house: House) -> list[Launch]:
    """A launch for every panel, over all patients that institutions know; the first is the one with a chart."""
    with system("benchmark"), house.engine.connect() as connection:
        rows = connection.execute(select(records.c.tenant, records.c.local_id)).all()
    known = sorted(((row.tenant, row.local_id) for row in rows), key=lambda one: one != (HOSPITAL, NUMBER))
    until = datetime.now(UTC) + timedelta(hours=1)
    spread = (known[number % len(known)] for number in range(PANELS))
    return [Launch(tenant, patient, "张医生", "local", "local", until) for tenant, patient in spread]


def _parts(known: Sequence[Launch]) -> list[Sequence[Launch]]:
    return [known[start : start + _TOGETHER] for start in range(0, len(known), _TOGETHER)]


async def _opened(house: House, port: int, some: Sequence[Launch]) -> list[Stream]:
    """The streams of some panels. Raises ``RuntimeError`` when one is refused."""
    ring, now = key_ring(house), datetime.now(UTC)
    return list(await asyncio.gather(*(_stream(port, launches.ticket(ring, one, now)) for one in some)))


async def _stream(port: int, ticket: str) -> Stream:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_get(f"/api/v1/panel/events?ticket={ticket}", ""))
    head = await asyncio.wait_for(reader.readuntil(b": open"), 60)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"a panel was refused: {head[:60]!r}")
    return reader, writer


# -- what they wait for --------------------------------------------------------------------------


async def _asked(house: House, port: int, known: Sequence[Launch]) -> Times:
    """Cards asked for on schedule; each is waited for from the moment it was due. Raises ``RuntimeError``."""
    ring, begun = key_ring(house), time.perf_counter()

    async def one(number: int, launch: Launch) -> float:
        due = begun + number / _A_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await _shown(port, "cards", launches.sealed(ring, launch))
        return (time.perf_counter() - due) * 1000

    return percentiles(list(await asyncio.gather(*(one(n, launch) for n, launch in enumerate(known[:_ASKED])))))


async def _answered(house: House, port: int, part: str, known: Sequence[Launch]) -> Times:
    """A part of each panel, asked for when the one before has come: what the first one reads of the release is read
    before."""
    ring, taken = key_ring(house), []
    for launch in (known[0], *known):
        started = time.perf_counter()
        await _shown(port, part, launches.sealed(ring, launch))
        taken.append((time.perf_counter() - started) * 1000)
    return percentiles(taken[1:])


async def _shown(port: int, part: str, token: str) -> None:
    """A part of a panel has come. Raises ``RuntimeError``."""
    answer = await _whole(port, f"/api/v1/panel/{part}", token)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"no {part}: {answer[:60]!r}")


async def _whole(port: int, path: str, token: str) -> bytes:
    """An answer, on a connection of its own as of a browser that just came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_get(path, f"Authorization: Bearer {token}\r\nConnection: close\r\n"))
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer


async def _told(house: House, reader: asyncio.StreamReader) -> list[float]:
    """How long after a result was stored its panel rings, in ms."""
    with suppress(TimeoutError):  # what rang while others were measured
        await asyncio.wait_for(reader.readuntil(b"event: record"), 2)
    taken = []
    for number in range(_RESULTS):
        await asyncio.to_thread(_arrives, house, number)
        started = time.perf_counter()
        await asyncio.wait_for(reader.readuntil(b"event: record"), 30)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def _arrives(house: House, number: int) -> None:
    """A result is taken in and stored."""
    at, ring = datetime.now(UTC), key_ring(house)
    lines = say.results(f"B{number}", at, ("2823-3", "血钾", f"5.{number}", "mmol/L", "3.5-5.3"))
    message = say.hl7("ORU^R01", f"bench-{at:%H%M%S%f}", at, say.pid(NUMBER, CHART), *lines)
    with system("benchmark"):
        asyncio.run(_accepted(house, Sent(HOSPITAL, "hl7v2", message, source="benchmark")))
        worker(house, ring).drain()


async def _accepted(house: House, sent: Sent) -> None:
    intake = open_intake(house, key_ring(house))
    await intake.accept(sent)
    await intake.close()


async def _megabytes(port: int) -> float:
    """What the worker holds in memory, as it says itself."""
    text = (await _whole(port, "/metrics", "")).decode()
    found = re.search(r"^process_resident_memory_bytes (\S+)", text, re.MULTILINE)
    return float(found[1]) / 1e6 if found else float("nan")


def _get(path: str, headers: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
