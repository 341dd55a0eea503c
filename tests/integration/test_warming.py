"""The first doctor who asks for a diagnosis does not wait for what a worker could have read before."""

from __future__ import annotations

import asyncio
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from api import warming
from api.bootstrap import House
from api.serving import Serving
from api.warming import infer, keep_warm
from inference.diagnosis import Diagnoser


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "_LOOK_SECONDS", 0.02)


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "_RESTING", 1_000)


async def _watched(releases: list[str], warm: Any) -> None:
    """Watch for a while, with each of the releases in its turn."""
    served = SimpleNamespace(snapshot=SimpleNamespace(release=""))
    watch: asyncio.Task[None] | None = None
    for served.snapshot.release in releases:
        watch = watch or asyncio.create_task(keep_warm(lambda: served, warm))  # type: ignore[arg-type,return-value]
        await asyncio.sleep(0.2)
    assert watch is not None
    assert not watch.done()
    watch.cancel()


@pytest.mark.usefixtures("resting")
def test_each_release_is_read_once() -> None:
    read: list[str] = []
    asyncio.run(_watched(["first", "second", "second"], lambda served: read.append(served.snapshot.release)))
    assert read == ["first", "second"]


def test_a_worker_that_is_busy_reads_nothing_beside_its_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr(warming, "time", SimpleNamespace(process_time=lambda: next(clock)))
    read: list[Any] = []
    asyncio.run(_watched(["first"], read.append))
    assert not read


@pytest.mark.usefixtures("resting")
def test_what_cannot_be_read_is_not_tried_again() -> None:
    tried: list[Any] = []

    def fails(served: Any) -> None:
        tried.append(served)
        raise ImportError("numpy")

    asyncio.run(_watched(["first", "first"], fails))
    assert len(tried) == 1


def test_what_was_read_is_there_for_the_first_who_asks(starter: House, monkeypatch: pytest.MonkeyPatch) -> None:
    served = Serving(starter.releases).now
    infer(served)
    monkeypatch.setattr(Diagnoser, "__init__", lambda *_: pytest.fail("read again"))
    infer(served)
