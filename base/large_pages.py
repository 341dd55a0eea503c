"""Memory of a process in large pages. A release is hundreds of megabytes of small objects that a review asks here
and there: with pages of 4 KB the processor waits to learn where they lie (a twentieth to a fifth of the requests/s on
a virtual machine). Linux from 6.1 on moves them into larger ones; elsewhere nothing happens."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)
_PAGE: Final = 2 << 20
_COLLAPSE: Final = 25
"""``MADV_COLLAPSE`` of linux/mman.h. It asks no setting of the machine; what it refuses stays as it is."""
_REGION: Final = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ 00:00 0 *(?:\[heap\])?\n(?:.*\n)*?Rss: +(\d+) kB$", re.MULTILINE
)
"""Of /proc/self/smaps: what this process alone writes, of no file, and how much of it there is."""
_FULL: Final = 0.75
"""A region less full, as the stacks of threads are, would take more memory than it does now."""


async def keep_gathered(seconds: float) -> None:
    """``gather`` every so many seconds, 0 for never: a worker reads what it needs bit by bit, each release anew."""
    while seconds:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(gather)
        except Exception as error:  # a system that tells of its memory otherwise must not end it in silence
            _log.error("memory not gathered", extra={"error": type(error).__name__})


def gather() -> int:
    """Move what this process has allocated into large pages; gives how many of it are large now. Takes four seconds
    for a gigabyte, without the interpreter; next to nothing for what was moved before."""
    advise = _madvise()
    if advise is None:
        return 0
    try:
        regions = Path("/proc/self/smaps").read_text()
    except OSError:  # hidden from containers that are shut tight
        return 0
    return sum(advise(page, _PAGE, _COLLAPSE) == 0 for page in _pages(regions))


def _pages(regions: str) -> Iterator[int]:
    """Where whole large pages begin in the regions that are full."""
    for region in _REGION.finditer(regions):
        begin, end = (int(edge, 16) for edge in region.groups()[:2])
        if int(region[3]) << 10 >= _FULL * (end - begin):
            yield from range(-(-begin // _PAGE) * _PAGE, end - _PAGE + 1, _PAGE)


def _madvise() -> Callable[[int, int, int], int] | None:
    """The C library's, which leaves the interpreter to others meanwhile; ``None`` where there is none such."""
    if sys.platform != "linux":
        return None
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return advise
