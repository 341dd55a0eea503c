"""Stored prescriptions to draw from: what entered the pharmacist's queue and was handed out, or, of hospitals
that only call CDS Hooks, what the journal of requests holds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import orjson
from sqlalchemy import Engine, select

from base.keyring import KeyRing
from records.journal import Entry, requests
from records.review_moves import DISPENSABLE, State
from records.reviews import cases, events
from records.sampling import About, Plan, Population, Sheet, Source, Unit, joined

_log = logging.getLogger(__name__)
_CHUNK: Final = 500
_BREATH: Final = 4
_BREATH_SECONDS: Final = 0.0005
"""After so many prescriptions the interpreter is let go: in the service, a review must not wait for a sampling."""
DISPENSED: Final = (*sorted(state.value for state in DISPENSABLE), State.FAULTED.value)
"""Changed, withdrawn and returned prescriptions reached nobody: they are not commented on."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A prescription as it was asked and answered, for the caller to read. ``service`` is the one that
    answered, empty for what entered the queue."""

    id: str
    at: datetime
    service: str
    request: Any
    answer: Any
    institution: str = ""
    department: str = ""
    prescriber: str = ""


@dataclass(frozen=True, slots=True)
class Prescription:
    """A stored prescription, read: what sampling asks of it, and how its sheet is made (of a few in thousands)."""

    about: About
    sheet: Callable[[], Sheet]


Read = Callable[[Stored], Prescription]


class Prescriptions:
    """What is stored. ``key`` opens the queue, ``entry`` a request of the journal; ``services`` are those of
    the journal that see a prescription when it is signed."""

    def __init__(
        self, engine: Engine, ring: KeyRing, entry: Callable[[str], Entry], services: Sequence[str] = ()
    ) -> None:
        self._engine, self._ring, self._entry, self._services = engine, ring, entry, tuple(services)

    def population(self, plan: Plan, read: Read) -> tuple[Population, int]:
        """Everything in the span of a plan, and how many prescriptions could not be read."""
        found, unreadable = Population(plan), 0
        query = _of_queue(plan) if plan.source is Source.SUBMITTED else _of_journal(plan, self._services)
        for number, row in enumerate(self._rows(query)):
            if number % _BREATH == 0:
                time.sleep(_BREATH_SECONDS)
            try:
                found.add(read(self._stored(row)).about)
            except Exception as error:  # whatever one old request holds, the others are still worth counting
                unreadable += 1
                _log.warning("prescription not read", extra={"error": type(error).__name__})
        return found, unreadable

    def sheets(self, source: Source, drawn: Sequence[Unit], read: Read) -> dict[str, Sheet]:
        """The sheet of every drawn unit, by its id."""
        wanted = [member for unit in drawn for member in unit.members]
        sheets: dict[str, Sheet] = {}
        for start in range(0, len(wanted), _CHUNK):
            ids = wanted[start : start + _CHUNK]
            checkers = self._checkers(ids)
            for row in self._rows(_named(source, ids)):
                sheet = read(self._stored(row)).sheet()
                sheets[row.id] = msgspec.structs.replace(sheet, checked_by=checkers.get(row.id, ""))
        return {unit.id: joined([sheets[member] for member in unit.members]) for unit in drawn}

    def _rows(self, query: Any) -> Iterator[Any]:
        with self._engine.connect() as connection:
            yield from connection.execution_options(yield_per=_CHUNK).execute(query)

    def _stored(self, row: Any) -> Stored:
        if "payload" not in row._fields:
            entry = self._entry(row.id)
            return Stored(entry.id, entry.at, entry.service, entry.request, entry.answer)
        kept = orjson.loads(self._ring.unseal(row.payload, row.id.encode()))
        where = (row.institution, row.department, row.prescriber)
        return Stored(row.id, row.submitted, "", kept["request"], kept["answer"], *where)

    def _checkers(self, ids: Sequence[str]) -> dict[str, str]:
        """The pharmacists who let prescriptions pass, by review."""
        query = (
            select(events.c.review, events.c.actor)
            .where(events.c.review.in_(ids), events.c.action == "approve")
            .order_by(events.c.version)
        )
        with self._engine.connect() as connection:
            return {row.review: row.actor for row in connection.execute(query)}


_QUEUE: Final = (
    cases.c.id,
    cases.c.submitted,
    cases.c.institution,
    cases.c.department,
    cases.c.prescriber,
    cases.c.payload,
)


def _of_queue(plan: Plan) -> Any:
    """What was submitted and handed out."""
    query = select(*_QUEUE).where(
        cases.c.submitted >= plan.since, cases.c.submitted < plan.until, cases.c.state.in_(DISPENSED)
    )
    if plan.institutions:
        query = query.where(cases.c.institution.in_(plan.institutions))
    return query.where(cases.c.department == plan.department) if plan.department else query


def _of_journal(plan: Plan, services: Sequence[str]) -> Any:
    """What was signed without entering the queue."""
    return select(requests.c.id).where(
        requests.c.at >= plan.since,
        requests.c.at < plan.until,
        requests.c.service.in_(services),
        requests.c.id.not_in(select(cases.c.id)),
    )


def _named(source: Source, ids: Sequence[str]) -> Any:
    if source is Source.SUBMITTED:
        return select(*_QUEUE).where(cases.c.id.in_(ids))
    return select(requests.c.id).where(requests.c.id.in_(ids))
