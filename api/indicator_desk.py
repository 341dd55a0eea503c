"""Indicators as a service: what routes and commands share."""

from __future__ import annotations

import asyncio
import fcntl
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from api.bootstrap import House
from api.quality_desk import Name
from base.keyring import KeyRing
from base.security import sealing_key
from base.tenancy import system
from records.memory import Memory
from records.registry import Registry
from records.store import Repository
from supervision.figures import cubes
from supervision.figures.answers import Answers
from supervision.figures.catalogue import Catalogue, catalogue
from supervision.figures.collect import Collector, Source
from supervision.figures.datasets import Datasets
from supervision.figures.dimension import Dimension, dimensions
from supervision.figures.duck import MissingDuckError
from supervision.figures.from_journal import FromJournal
from supervision.figures.from_records import FromRecords
from supervision.figures.indicator import Indicator
from supervision.figures.lake import Lake
from supervision.figures.lines import WarningLines
from supervision.figures.manifest import Manifest

_log = logging.getLogger(__name__)
_SECONDS: Final = 60.0


class IndicatorDesk:
    """Everything about indicators of one installation; what is declared is read at the first question."""

    def __init__(self, house: House, ring: KeyRing) -> None:
        settings = house.settings
        self.league = settings.league
        self._minutes, self._days = settings.indicator_minutes, settings.indicator_days
        self._engine, self._folder, self._ring = house.engine, settings.data_dir / "facts", ring
        self._pseudonym = Memory(house.engine, sealing_key(settings.patient_key_file)).patient
        self.lake = Lake(self._folder, Manifest(house.engine))
        self.datasets, self.lines = Datasets(house.engine), WarningLines(house.engine)

    @property
    def known(self) -> Catalogue:
        return catalogue()

    @cached_property
    def answers(self) -> Answers:
        return Answers(self.lake, self.known)

    def dimensions(self, one: Indicator, names: Sequence[str]) -> list[Dimension]:
        """The dimensions that an answer was broken down by."""
        found = dimensions(self.known.facts[one.numerator.fact])
        return [found[name] for name in names]

    def called(self) -> Name:
        """What people call an institution."""
        with system("names of institutions"), self._engine.connect() as connection:
            return Registry().directory(connection).name

    def refresh(self, progress: Callable[[int], None] = lambda months: None) -> int | None:
        """Sum up what was written since the last time, and remove versions that were outlived; None while another
        process does."""
        with self._alone() as mine:
            if not mine:
                return None
            done = cubes.refresh(self.lake, self.known, progress)
            self.lake.prune(datetime.now(UTC), self._days)
            return done

    def collect(self, days: int = 0, progress: Callable[[int], None] = lambda rows: None) -> int | None:
        """Bring in what changed in the repository and the journal since the last time, or all of the last so many
        days; gives rows told, None while another process does."""
        collector = Collector(self.lake, self.known.facts, self.league)
        sources: tuple[Source, ...] = (
            FromRecords(self._engine, Repository(self._engine, self._ring), self._pseudonym),
            FromJournal(self._engine),
        )
        now = datetime.now(UTC)
        with self._alone() as mine:
            if not mine:
                return None
            if days:
                since = now - timedelta(days=days)
                return sum(collector.sweep(source, since, now, progress) for source in sources)
            return sum(collector.collect(source, progress) for source in sources)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "refresh.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    async def keep_watch(self, seconds: float = _SECONDS) -> None:
        """Sum up what was written, and now and then collect what changed."""
        turn = 0
        while True:
            await asyncio.sleep(seconds)
            turn += 1
            try:
                if self._minutes and turn % self._minutes == 0:
                    await asyncio.to_thread(self.collect)
                if self._folder.exists():
                    await asyncio.to_thread(self.refresh)
            except MissingDuckError:
                return
            except Exception as error:  # a disk that is full must not end the watch
                _log.error("facts not summed up", extra={"error": type(error).__name__})


__all__ = ["IndicatorDesk"]
