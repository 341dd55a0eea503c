"""Indicators as a service: what routes and commands share."""

from __future__ import annotations

import asyncio
import fcntl
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Final

from sqlalchemy import Engine

from api.quality_desk import Name
from base.settings import Settings
from base.tenancy import system
from records.registry import Registry
from supervision.figures import cubes
from supervision.figures.answers import Answers
from supervision.figures.catalogue import Catalogue, catalogue
from supervision.figures.datasets import Datasets
from supervision.figures.dimension import Dimension, dimensions
from supervision.figures.indicator import Indicator
from supervision.figures.lake import Lake
from supervision.figures.manifest import Manifest

_log = logging.getLogger(__name__)
_SECONDS: Final = 60.0


class IndicatorDesk:
    """Everything about indicators of one installation; what is declared is read at the first question."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.league = settings.league
        self._engine, self._folder = engine, settings.data_dir / "facts"
        self.lake = Lake(self._folder, Manifest(engine))
        self.datasets = Datasets(engine)

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
        """Sum up what was written since the last time; None while another process does."""
        with self._alone() as mine:
            return cubes.refresh(self.lake, self.known, progress) if mine else None

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
        """Sum up what was written, again and again."""
        while True:
            await asyncio.sleep(seconds)
            try:
                if self._folder.exists():
                    await asyncio.to_thread(self.refresh)
            except Exception as error:  # a disk that is full must not end the watch
                _log.error("facts not summed up", extra={"error": type(error).__name__})


__all__ = ["IndicatorDesk"]
