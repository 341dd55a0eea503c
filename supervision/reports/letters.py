"""Who is told of runs: a letter for each channel, again later when it was not taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, select

from supervision.operations.queue import Outgoing
from supervision.reports.tables import letters


class Letter(NamedTuple):
    """One run to be told by one channel (``mail/院办``); ``due`` is None once it was sent or given up."""

    number: int
    run: str
    channel: str
    due: datetime | None
    attempts: int
    sent: datetime | None
    error: str


class Letters(Outgoing):
    """Letters of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, letters)

    def claim(self, now: datetime) -> list[Letter]:
        """Letters that are due, held for a while by whoever claims them."""
        return self._found(letters.c.number.in_(self._held(now)))

    def of(self, run: str) -> list[Letter]:
        """Letters of a run, in order."""
        return self._found(letters.c.run == run)

    def _found(self, wanted: Any) -> list[Letter]:
        columns = [letters.c[name] for name in Letter._fields]
        with self._engine.connect() as connection:
            found = connection.execute(select(*columns).where(wanted).order_by(letters.c.number))
            return [Letter(*row) for row in found]
