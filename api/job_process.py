"""The process that does one job: ``python -m api.job_process ID``, with the settings as JSON on standard input."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from api.bootstrap import House, open_house
from api.curation_work import WORK
from base.jobs import Jobs
from base.log import setup
from base.settings import Settings
from base.tenancy import system
from knowledge.release import ReleaseError
from knowledge.review import WorkflowError
from knowledge.store import StoreError

_log = logging.getLogger(__name__)
_TOLD: Final = (ReleaseError, WorkflowError, StoreError, FileNotFoundError)
_EVERY_SECONDS: Final = 0.5
_BEAT_SECONDS: Final = 30.0


class Told:
    """Says how far a job is, at most twice a second."""

    def __init__(self, jobs: Jobs, id_: str) -> None:
        self._jobs, self._id = jobs, id_
        self._stage, self._done, self._total, self._at = "", 0, 0, 0.0

    def begins(self, stage: str, total: int = 0) -> None:
        """A stage, and how much there is to do in it (0: nobody knows)."""
        self._stage, self._done, self._total, self._at = stage, 0, total, 0.0
        self.advance(0)

    def advance(self, count: int) -> None:
        """So much more is done."""
        self._done += count
        if time.monotonic() - self._at >= _EVERY_SECONDS:
            self._at = time.monotonic()
            self._jobs.advance(self._id, self._stage, self._done, self._total)


def run(house: House, id_: str) -> None:
    """Do a job and note what came of it."""
    jobs = Jobs(house.engine)
    job = jobs.one(id_)
    try:
        with _alive(jobs, id_), system(f"job {job.kind}"):
            jobs.finish(id_, WORK[job.kind](house, job, Told(jobs, id_)))
    except _TOLD as error:
        jobs.fail(id_, str(error))
    except Exception as error:
        _log.error("job failed", extra={"job": job.kind, "error": type(error).__name__}, exc_info=error)
        jobs.fail(id_, f"任务出错（{type(error).__name__}），详见服务日志")


@contextmanager
def _alive(jobs: Jobs, id_: str) -> Iterator[None]:
    """Says again and again that the process lives: a step of the work may take longer than it may be silent."""
    over = Event()

    def beat() -> None:
        while not over.wait(_BEAT_SECONDS):
            with suppress(SQLAlchemyError):  # a database that is away is told the next time
                jobs.beat(id_)

    beating = Thread(target=beat, name="alive", daemon=True)
    beating.start()
    try:
        yield
    finally:
        over.set()
        beating.join()


def main() -> None:
    settings = Settings.model_validate_json(sys.stdin.buffer.read())
    setup(settings.log_level)
    house = open_house(settings)
    try:
        run(house, sys.argv[1])
    finally:
        house.engine.dispose()


if __name__ == "__main__":
    main()
