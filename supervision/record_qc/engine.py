"""A record checked: every check that concerns it, each isolated, what they say gathered."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from types import MappingProxyType

from base.plugins import discover
from supervision.record_qc.model import Check, Defect, Gap, Reminder
from supervision.record_qc.subject import Subject

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check said of one record; ``failed``: it could not be carried out."""

    check: Check
    defects: tuple[Defect, ...] = ()
    gaps: tuple[Gap, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was said of a record: an outcome for every check that concerns it."""

    outcomes: tuple[Outcome, ...]
    elapsed_ms: float = 0.0

    def defects(self) -> Iterator[tuple[Check, Defect]]:
        return ((outcome.check, defect) for outcome in self.outcomes for defect in outcome.defects)

    def gaps(self) -> Iterator[tuple[Check, Gap]]:
        return ((outcome.check, gap) for outcome in self.outcomes for gap in outcome.gaps)

    def reminders(self) -> Iterator[tuple[Check, Reminder]]:
        return ((outcome.check, reminder) for outcome in self.outcomes for reminder in outcome.reminders)


@lru_cache(maxsize=1)
def checks() -> Mapping[str, Check]:
    """Every check of this installation, by name."""
    return MappingProxyType(discover("supervision.record_qc.checks", "CHECKS", Check))


def examine(subject: Subject, chosen: Iterable[Check]) -> Examination:
    """Ask the checks that concern the record at its stage. One that raises keeps what it said before and is
    reported; the others still answer."""
    started = perf_counter()
    asked = [check for check in chosen if check.concerns(subject.kinds, subject.stage)]
    made = tuple(_outcome(check, subject) for check in asked)
    return Examination(made, (perf_counter() - started) * 1000)


def _outcome(check: Check, subject: Subject) -> Outcome:
    defects: list[Defect] = []
    gaps: dict[Gap, None] = {}
    reminders: list[Reminder] = []
    failed = False
    try:
        for said in check.run(subject):
            if isinstance(said, Defect):
                defects.append(said)
            elif isinstance(said, Gap):
                gaps[said] = None
            else:
                reminders.append(said)
    except Exception as error:  # one check must never take the others down
        failed = True
        # Neither the error's text nor its traceback: either may quote the record.
        _log.error("a check of records failed", extra={"check": check.name, "error": type(error).__name__})
    return Outcome(check, tuple(defects), tuple(gaps), tuple(reminders), failed)
