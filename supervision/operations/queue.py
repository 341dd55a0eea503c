"""Tables as queues: what is due is held for a while by whoever takes it, and tried again later, longer each time.
Letters are such a table."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import Column, Engine, Table, select, update

from base.db import alone

_FIRST: Final = timedelta(seconds=30)
_LONGEST: Final = timedelta(hours=1)
TRIES: Final = 12
"""After so many failures (about ten hours) a letter is given up."""
_LEASE: Final = timedelta(minutes=2)
_LONGEST_ERROR: Final = 200


def claim(
    engine: Engine, table: Table, due: Column[Any], now: datetime, lease: timedelta, most: int = 50
) -> list[Any]:
    """Keys of rows that are due, each counted as one more attempt; nobody else gets them until the lease ends."""
    (key,) = table.primary_key.columns
    query = select(key).where(due <= now).order_by(due, key).limit(most)
    with engine.connect() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return []
    with engine.begin() as connection:
        alone(connection)
        keys = list(connection.execute(query.with_for_update(skip_locked=True)).scalars())
        held = {due.name: now + lease, "attempts": table.c.attempts + 1}
        connection.execute(update(table).where(key.in_(keys)).values(held))
        return keys


def again(attempts: int, most: int, now: datetime) -> datetime | None:
    """When something that failed is tried again; None when it was tried often enough."""
    return None if attempts >= most else now + min(_FIRST * 2 ** (attempts - 1), _LONGEST)


class Posted(Protocol):
    """A letter, as its table has it."""

    @property
    def number(self) -> int: ...

    @property
    def attempts(self) -> int: ...


class Outgoing:
    """Letters of a table (``number``, ``due``, ``attempts``, ``sent``, ``error``), and what becomes of them."""

    def __init__(self, engine: Engine, table: Table) -> None:
        self._engine, self._table = engine, table

    def sent(self, letter: Posted, now: datetime) -> None:
        """It was taken."""
        self._change(letter, sent=now, due=None, error="")

    def failed(self, letter: Posted, error: str, now: datetime) -> None:
        """It was not taken: later again, longer each time, until it is given up."""
        self._change(letter, due=again(letter.attempts, TRIES, now), error=error[:_LONGEST_ERROR])

    def given_up(self, letter: Posted, why: str) -> None:
        """It cannot be told at all."""
        self._change(letter, due=None, error=why[:_LONGEST_ERROR])

    def _held(self, now: datetime, most: int = 50) -> list[int]:
        """Numbers of letters that are due, held for a while by whoever asks."""
        return claim(self._engine, self._table, self._table.c.due, now, _LEASE, most)

    def _change(self, letter: Posted, **values: Any) -> None:
        mine = update(self._table).where(self._table.c.number == letter.number)
        with self._engine.begin() as connection:
            connection.execute(mine.values(values))
