"""Indicators as a service: what routes and commands share."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from api.bootstrap import House, who_is_who
from api.institution_names import Name, called
from api.serving import Served
from base.keyring import KeyRing
from base.security import sealing_key
from records.memory import Memory
from records.store import Repository
from supervision.figures import cubes
from supervision.figures.answers import Answers
from supervision.figures.cases import Cases
from supervision.figures.catalogue import Catalogue, catalogue
from supervision.figures.collect import Collector, Source
from supervision.figures.datasets import Datasets
from supervision.figures.dimension import Dimension, dimensions
from supervision.figures.duck import MissingDuckError
from supervision.figures.from_journal import FromJournal
from supervision.figures.from_notes import from_questions, from_uses
from supervision.figures.from_record_qc import FromRecordQc
from supervision.figures.from_records import FromRecords
from supervision.figures.indicator import Indicator
from supervision.figures.lake import Lake
from supervision.figures.lines import WarningLines
from supervision.figures.manifest import Manifest
from supervision.figures.persons import Persons
from supervision.record_qc.engine import checks

if TYPE_CHECKING:
    from supervision.figures.repeats import Repeats

_log = logging.getLogger(__name__)
_SECONDS: Final = 60.0
_COLLECTED: Final = "collected"
"""A file that bears the time of the last collection."""
_MOST_TURNS: Final = 20
"""How much of a backlog is collected at a time: some thousand messages, so that others get their turn."""


class IndicatorDesk:
    """Everything about indicators of one installation; what is declared is read at the first question."""

    def __init__(self, house: House, ring: KeyRing) -> None:
        settings = house.settings
        self.league = settings.league
        self._minutes, self._days = settings.indicator_minutes, settings.indicator_days
        self._house, self._engine, self._folder, self._ring = house, house.engine, settings.data_dir / "facts", ring
        self._pseudonym = Memory(house.engine, sealing_key(settings.patient_key_file)).patient
        self._persons = Persons(house.engine, self._pseudonym)
        self._releases = house.releases
        self._served: Served | None = None
        self.lake = Lake(self._folder, Manifest(house.engine))
        self.datasets, self.lines = Datasets(house.engine), WarningLines(house.engine)
        self.cases = Cases(house.engine)

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
        return called(self._engine)

    def refresh(self, progress: Callable[[int], None] = lambda months: None) -> int | None:
        """Sum up what was written since the last time, and remove versions that were outlived; None while another
        process does."""
        with self._alone() as mine:
            if not mine:
                return None
            done = cubes.refresh(self.lake, self.known, progress)
            self.lake.prune(datetime.now(UTC), self._days)
            return done

    def collect(
        self, days: int = 0, progress: Callable[[int], None] = lambda rows: None, most: int | None = None
    ) -> int | None:
        """Bring in what changed in the repository and the journal since the last time (``most``: some of it, the rest
        the next time), or all of the last so many days; gives rows told, None while another process does."""
        collector, sources = Collector(self.lake, self.known.facts, self.league), self._sources()
        now = datetime.now(UTC)
        with self._alone() as mine:
            if not mine:
                return None
            if days:
                since = now - timedelta(days=days)
                return sum(collector.sweep(source, since, now, progress) for source in sources)
            (self._folder / _COLLECTED).touch()
            return sum(collector.collect(source, progress, most) for source in sources)

    def _sources(self) -> tuple[Source, ...]:
        from api.journal_reading import JournalReader

        engine, ring, persons, served = self._engine, self._ring, self._persons, self._release()
        repository = Repository(engine, ring)
        others: tuple[Source, ...] = (
            FromJournal(engine, ring, persons, JournalReader(served)),
            from_questions(engine),
            from_uses(engine),
            FromRecordQc(engine, checks()),
        )
        if served is None:
            return FromRecords(engine, repository, persons), *others
        records = FromRecords(engine, repository, persons, self._repeats(repository, served))
        return records, *others, _concordance(engine, repository, persons, served)

    def _repeats(self, repository: Repository, served: Served) -> Repeats:
        """What asks rules, which are not loaded before somebody collects."""
        from api.past_results import PastResults
        from supervision.figures.reasons import Reasons
        from supervision.figures.repeats import Repeats

        past = PastResults(self._engine, who_is_who(self._house, self._ring), repository)
        return Repeats(served.snapshot, served.terminology, past, Reasons(self._engine, self._pseudonym))

    def _release(self) -> Served | None:
        """The release that is in force; None before one was published."""
        active = self._releases.active()
        if active and (self._served is None or self._served.snapshot.release != active):
            if self._served:
                self._served.snapshot.forget()
            self._served = Served.of(self._releases.open(active))
        return self._served

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

    def run(self, stop: Event) -> None:
        """Until told to stop: sum up what was written, and now and then collect what changed. Of several processes
        one does it."""
        while not stop.wait(_SECONDS):
            try:
                if self._is_due():
                    self.collect(most=_MOST_TURNS)
                if self._folder.exists():
                    self.refresh()
            except MissingDuckError:
                return
            except Exception as error:  # a disk that is full must not end the watch
                _log.error("facts not summed up", extra={"error": type(error).__name__})

    def _is_due(self) -> bool:
        """Whether nobody collected for as long as the settings say."""
        if not self._minutes:
            return False
        stamp = self._folder / _COLLECTED
        return not stamp.exists() or time.time() - stamp.stat().st_mtime >= self._minutes * 60


def _concordance(engine: Engine, repository: Repository, persons: Persons, served: Served) -> Source:
    """What asks inference, which is not loaded before somebody collects."""
    from supervision.figures.concordance import Concordances
    from supervision.figures.from_concordance import FromConcordance

    return FromConcordance(engine, repository, persons, Concordances(served.snapshot, served.terminology))


__all__ = ["IndicatorDesk"]
