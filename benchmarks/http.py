"""order-sign over HTTP beside an echo of the same payload, in one run, one worker each."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from statistics import median
from types import MappingProxyType

import orjson

from benchmarks import day
from benchmarks.sample import request, strangers
from benchmarks.timing import percentiles

_ROUNDS = 9
_SECONDS = 1.0
_HALF_SECONDS = 6.0
_CONNECTIONS = 16
_SETTLED_SECONDS = 75.0
"""Until a worker has read what it reads after it began to answer, and moved it into large pages."""
_ONE_IN = 10
_STRANGERS = 3000
"""More than any reading of what was sent is kept for."""
_PATH = "/cds-services/yigong-order-sign"


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second, latency in ms under it, and what share of the echo's requests a second that is."""

    rate: float
    p50_ms: float
    p99_ms: float
    errors: int
    share: float = 0.0


def measure(data_dir: Path) -> dict[str, Load]:
    """Full load on echo and on order-sign in turns, since a machine may be twice as fast a second later: their medians
    over the rounds, each against an echo of the very same bodies. Then order-sign at half its full load. The same
    patient again is what CDS Hooks sends (all is asked again with every order that is chosen); one not met before is
    the other bound. One in ten that alerts twelve times is twice as many cards an order as right prescriptions get
    (``benchmarks.noise``)."""
    suits, alerts = (orjson.dumps(request(alerting)) for alerting in (False, True))
    sent = {
        "orders that suit": [suits],
        "orders that suit, each of a patient not met before": [orjson.dumps(one) for one in strangers(_STRANGERS)],
        "one in ten that alerts": [*[suits] * (_ONE_IN - 1), alerts],
        "orders that alert": [alerts],
        "a day of orders": day.bodies(),
    }
    found: dict[str, Load] = {}
    with served("benchmarks.echo:app", data_dir) as echo, served("api.worker:create", data_dir, True) as port:
        time.sleep(_SETTLED_SECONDS)
        for name, bodies in sent.items():
            pairs = [
                [asyncio.run(_drive(*where, bodies, None)) for where in ((echo, "/echo"), (port, _PATH))]
                for _ in range(_ROUNDS)
            ]
            echoes, loads = ([pair[side] for pair in pairs] for side in (0, 1))
            found[f"{name}, echo"] = plain = _middle(echoes, echoes)
            found[f"{name}, order-sign, full load"] = load = _middle(loads, echoes)
            half = asyncio.run(_drive(port, _PATH, bodies, load.rate / 2, _HALF_SECONDS))
            found[f"{name}, order-sign, half load"] = replace(half, share=half.rate / plain.rate)
    return found


def _middle(loads: Sequence[Load], echoes: Sequence[Load]) -> Load:
    shares = (load.rate / echo.rate for load, echo in zip(loads, echoes, strict=True))
    rate, p50, p99 = (median(getattr(one, field) for one in loads) for field in ("rate", "p50_ms", "p99_ms"))
    return Load(rate, p50, p99, sum(one.errors for one in loads), median(shares))


@contextmanager
def served(
    app: str, data_dir: Path, factory: bool = False, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[int]:
    """uvicorn with uvloop and httptools in a process of its own; gives its port."""
    port = free_port()
    options = ["--loop", "uvloop", "--http", "httptools", "--log-level", "error", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), *options]
    environment = {**os.environ, "YIGONG_DATA_DIR": str(data_dir), "YIGONG_LOG_LEVEL": "ERROR", **settings}
    process = subprocess.Popen([*command, *(["--factory"] if factory else [])], env=environment)
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


async def _drive(
    port: int, path: str, bodies: Sequence[bytes], rate: float | None, seconds: float = _SECONDS
) -> Load:
    """Keep-alive connections, each sending the next of the bodies when the last was answered; with a rate,
    requests start on schedule and latency counts from the scheduled moment."""
    messages = cycle([_message(port, path, body) for body in bodies])
    taken: list[float] = []
    errors = [0]
    await asyncio.gather(*(_one(port, messages, 0.3, None, [], errors) for _ in range(_CONNECTIONS)))
    step = None if rate is None else _CONNECTIONS / rate
    errors[0] = 0
    started = time.perf_counter()
    # Connections begin one after the other, so that a schedule is a stream and not a burst of sixteen.
    starts = [0.0 if step is None else step * n / _CONNECTIONS for n in range(_CONNECTIONS)]
    await asyncio.gather(*(_one(port, messages, seconds, step, taken, errors, start) for start in starts))
    spent = time.perf_counter() - started
    times = percentiles(taken)
    return Load(len(taken) / spent, times.p50 / 1000, times.p99 / 1000, errors[0])


def _message(port: int, path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _one(
    port: int,
    messages: Iterator[bytes],
    seconds: float,
    step: float | None,
    taken: list[float],
    errors: list[int],
    start: float = 0.0,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(start)
    begin = due = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        if step is not None:
            due += step
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        since = due if step is not None else time.perf_counter()
        writer.write(next(messages))
        header = await reader.readuntil(b"\r\n\r\n")
        length = int(header.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        errors[0] += not header.startswith(b"HTTP/1.1 200")
        taken.append((time.perf_counter() - since) * 1e6)
    writer.close()
