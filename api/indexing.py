"""What a release that is served already still lacks (its search index) is built beside the service, by a process of
its own that makes way for all others: order entry needs none of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from multiprocessing import get_context
from typing import Final

from api.bootstrap import House, open_house
from api.search_desk import artefacts
from base.log import setup
from base.settings import Settings
from knowledge.release import furnish

_NICE: Final = 10
_THREADS: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Threads of its libraries would take the processors that others are to have."""
_LOOK_SECONDS: Final = 1.0


def index_beside(house: House) -> None:
    """Begin it, where there is anything to build. It ends with this process at the latest; what it did not come to
    the end of is begun anew by the next one."""
    if house.releases.lacks(house.releases.active()):
        get_context("spawn").Process(target=_furnish, args=(os.getpid(),), name="search-index", daemon=True).start()


def _furnish(parent: int) -> None:
    """The settings come from the environment. Ctrl-C is for whoever began this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.nice(_NICE)
    os.environ |= _THREADS
    settings = Settings()
    setup(settings.log_level)
    house = open_house(settings)
    furnish(house.releases, house.key, house.releases.active(), artefacts(settings))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)
