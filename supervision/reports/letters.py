"""Who is told of runs: a letter for each channel, again later when it was not taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, select, update

from supervision.operations.queue import again, claim
from supervision.reports.tables import letters

TRIES: Final = 12
_LEASE: Final = timedelta(minutes=2)


class Letter(NamedTuple):
    """One run to be told by one channel (``mail/院办``); ``due`` is None once it was sent or given up."""

    number: int
    run: str
    channel: str
    due: datetime | None
    attempts: int
    sent: datetime | None
    error: str


class Letters:
    """Letters of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, now: datetime) -> list[Letter]:
        """Letters that are due, held for a while by whoever claims them."""
        return self._found(letters.c.number.in_(claim(self._engine, letters, letters.c.due, now, _LEASE)))

    def of(self, run: str) -> list[Letter]:
        """Letters of a run, in order."""
        return self._found(letters.c.run == run)

    def sent(self, letter: Letter, now: datetime) -> None:
        """It was taken."""
        self._change(letter, sent=now, due=None, error="")

    def failed(self, letter: Letter, error: str, now: datetime) -> None:
        """It was not taken: later again, until it is given up."""
        self._change(letter, due=again(letter.attempts, TRIES, now), error=error[:200])

    def given_up(self, letter: Letter, why: str) -> None:
        """It cannot be told at all."""
        self._change(letter, due=None, error=why[:200])

    def _found(self, wanted: Any) -> list[Letter]:
        columns = [letters.c[name] for name in Letter._fields]
        with self._engine.connect() as connection:
            found = connection.execute(select(*columns).where(wanted).order_by(letters.c.number))
            return [Letter(*row) for row in found]

    def _change(self, letter: Letter, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(letters).where(letters.c.number == letter.number).values(values))
