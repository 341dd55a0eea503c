"""A worker's memory in large pages: all that it holds stays as it was."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from base import large_pages

_LOOK = """
from pathlib import Path
from base import large_pages
held = {n: (n, str(n)) for n in range(600_000)}
def large():
    told = Path("/proc/self/smaps_rollup").read_text().partition("AnonHugePages:")[2]
    return int(told.split()[0]) >> 10
before, moved = large(), large_pages.gather()
print(before, moved, large(), all(held[n] == (n, str(n)) for n in range(600_000)))
"""


def test_what_a_process_holds_moves_into_large_pages_and_stays_the_same() -> None:
    before, moved, after, same = subprocess.run(
        [sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    ).stdout.split()
    assert same == "True"
    if int(moved) == 0:
        pytest.skip("this kernel has no MADV_COLLAPSE")
    assert int(after) - int(before) >= 40
    assert int(after) <= 2 * int(moved)


_REGIONS = """\
559a00000000-559a00500000 rw-p 00000000 00:00 0                          [heap]
Size:               5120 kB
Rss:                5000 kB
Swap:                  0 kB
7f0000100000-7f0000700000 rw-p 00000000 00:00 0 
Size:               6144 kB
Rss:                6144 kB
7f0001000000-7f0001800000 rw-p 00000000 00:00 0 
Size:               8192 kB
Rss:                 100 kB
7f0002000000-7f0002800000 r--p 00000000 00:00 0 
Size:               8192 kB
Rss:                8192 kB
7f0003000000-7f0003800000 rw-p 00000000 fe:00 12345                      /data/yigong.sqlite-shm
Size:               8192 kB
Rss:                8192 kB
"""


def test_only_whole_pages_of_regions_that_are_full_and_our_own_are_moved() -> None:
    assert list(large_pages._pages(_REGIONS)) == [
        0x559A00000000,
        0x559A00200000,
        0x7F0000200000,
        0x7F0000400000,
    ]


def test_nothing_happens_where_there_is_no_such_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert large_pages.gather() == 0


def test_a_worker_told_so_never_gathers(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered: list[int] = []
    monkeypatch.setattr(large_pages, "gather", lambda: gathered.append(1))
    asyncio.run(asyncio.wait_for(large_pages.keep_gathered(0), 10))
    assert gathered == []


def _watched(tries: list[int], wanted: int) -> None:
    """Until it was tried so often."""

    async def watching() -> None:
        watch = asyncio.create_task(large_pages.keep_gathered(0.001))
        while len(tries) < wanted:
            await asyncio.sleep(0.001)
        watch.cancel()

    asyncio.run(asyncio.wait_for(watching(), 10))


def test_a_worker_gathers_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered: list[int] = []
    monkeypatch.setattr(large_pages, "gather", lambda: gathered.append(1))
    _watched(gathered, 3)
    assert len(gathered) >= 3


def test_what_cannot_be_gathered_is_reported_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[int] = []

    def failing() -> int:
        tried.append(1)
        raise ValueError("a line of another form")

    monkeypatch.setattr(large_pages, "gather", failing)
    _watched(tried, 2)
    assert "memory not gathered" in caplog.text
