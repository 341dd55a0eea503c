"""What a release that is served already still lacks (its search index) is built beside the service, by a process of
its own that makes way for all others: order entry needs none of it."""

from __future__ import annotations

import logging
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
from knowledge.release import furnish, given_up

_log = logging.getLogger(__name__)
_NICE: Final = 10
_THREADS: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Threads of its libraries would take the processors that others are to have."""
_LOOK_SECONDS: Final = 1.0
_TIMES: Final = 2
_DIED: Final = "建立索引的进程异常退出（可能是内存不足），详见服务日志；重新启动服务即再次建立"


def index_beside(house: House) -> threading.Thread | None:
    """Begin it, where there is anything to build; gives what sees to it. It ends with this process at the latest;
    what it did not come to the end of is begun anew by the next one."""
    if not house.releases.lacks(house.releases.active()):
        return None
    watch = threading.Thread(target=_see_to_it, args=(house,), name="search-index", daemon=True)
    watch.start()
    return watch


def _see_to_it(house: House) -> None:
    """A process that dies (killed for want of memory) is begun once more; then search says what is amiss."""
    release = house.releases.active()
    for _ in range(_TIMES):
        building = get_context("spawn").Process(target=_furnish, args=(os.getpid(),), daemon=True)
        building.start()
        building.join()
        if building.exitcode == 0:
            return
        _log.error("search index not built", extra={"release": release, "reason": f"exit code {building.exitcode}"})
    given_up(house.releases, house.key, release, _DIED)


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
