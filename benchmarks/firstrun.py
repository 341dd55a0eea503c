"""The first run: ``yigong serve`` on an empty data folder, until a visitor sees a card about an example patient. Beside
each moment the processor's time that the service had taken by then: it does not grow when others use the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import orjson

from api.bootstrap import loaders
from benchmarks.http import free_port
from demo.bedside import NUMBER
from demo.people import HOSPITAL

_PATIENCE: Final = 300.0
_LOOK_SECONDS: Final = 0.05
_ORDERS: Final = Path("api/examples/order-sign.json")
_SIGN: Final = "/cds-services/yigong-order-sign"
_DEMO: Final = "/api/v1/demo"
_LAUNCH: Final = {"patient": NUMBER, "tenant": HOSPITAL, "user": "张医生"}


def report() -> None:
    """Measure and print."""
    loaders()  # modules are compiled, as after any start
    orders = orjson.loads(_ORDERS.read_bytes())
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, _begun(Path(folder)) as (service, client):
        _told("listening", service, lambda: client.get("/healthz"))
        _told("order-sign answered", service, lambda: client.post(_SIGN, json=orders))
        client.post(_DEMO, json={})
        _told("example patients there", service, lambda: _filled(client))
        _told("a card about one of them", service, lambda: _card(client))
        _told("search there", service, lambda: client.post("/api/v1/search", json={"query": "高血压"}))


class _Service:
    """A process and those it began, since when."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process, self._begun = process, time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def work(self) -> float:
        """Seconds of the processor that its session has taken."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:  # gone meanwhile
                continue
            if int(fields[3]) == self.process.pid:
                ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _begun(folder: Path) -> Iterator[tuple[_Service, httpx.Client]]:
    port = free_port()
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port), "--data-dir", str(folder)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE) as client:
            yield _Service(process), client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _told(what: str, service: _Service, asked: Callable[[], httpx.Response | bool]) -> None:
    """Ask until it is answered, and print when that was. Raises ``RuntimeError``."""
    while service.seconds() < _PATIENCE and service.process.poll() is None:
        try:
            answer = asked()
        except httpx.TransportError:
            answer = False
        if answer if isinstance(answer, bool) else answer.is_success:
            load = os.getloadavg()[0]
            print(
                f"  {what:28} {service.seconds():5.1f} s, work {service.work():5.1f} s, load {load:.1f}", flush=True
            )
            return
        time.sleep(_LOOK_SECONDS)
    raise RuntimeError(f"not {what} in {_PATIENCE:.0f} s")


def _filled(client: httpx.Client) -> bool:
    return bool(client.get(_DEMO).raise_for_status().json()["filled"])


def _card(client: httpx.Client) -> bool:
    """Whether the panel of the tour's first patient has a card."""
    launched = client.post("/api/v1/panel/launches", json=_LAUNCH).raise_for_status().json()
    headers = {"Authorization": f"Bearer {launched['token']}"}
    told: dict[str, Any] = orjson.loads(client.get("/api/v1/panel/cards", headers=headers).raise_for_status().content)
    return bool(told["findings"])
