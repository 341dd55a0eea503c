"""Whoever tries again and again waits longer and longer, whichever worker is asked.

An attempt is counted before it is judged and taken back when it was right: a thousand guesses sent at once are a
thousand guesses counted. Keys are stored as digests, so that the table names nobody.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, Engine, Float, Integer, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.db import METADATA
from base.security import sm3

_TRIES: Final = 20
_BUSY_SECONDS: Final = 1.0
_PURGE_EVERY: Final = 256

attempts = Table(
    "security_attempt",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last", Float, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Patience:
    """``free`` attempts in a row cost nothing, the next waits ``first`` seconds, each further one twice as long, at
    most ``longest``; after ``forget`` seconds of rest nothing is remembered."""

    free: int
    first: float = 30.0
    longest: float = 3600.0
    forget: float = 7200.0

    def wait(self, count: int) -> float:
        """Seconds to wait after so many attempts."""
        return 0.0 if count < self.free else min(self.first * 2.0 ** min(count - self.free, 30), self.longest)


class Attempts:
    """Counts attempts in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, key: str, patience: Patience, now: float) -> float:
        """Count an attempt; 0 when it may be made, else the seconds it has to wait (it is not counted then)."""
        digest = sm3(key.encode())
        for _ in range(_TRIES):
            with suppress(IntegrityError), self._engine.begin() as connection:  # somebody else was first: once more
                wait = self._try(connection, digest, patience, now)
                if wait is not None:
                    return wait
        return _BUSY_SECONDS

    def forgive(self, key: str) -> None:
        """The attempt was right: forget the key."""
        with self._engine.begin() as connection:
            connection.execute(delete(attempts).where(attempts.c.key == sm3(key.encode())))

    def give_back(self, key: str) -> None:
        """The attempt was right, but says nothing of the others made under this key."""
        here = (attempts.c.key == sm3(key.encode()), attempts.c.count > 0)
        with self._engine.begin() as connection:
            connection.execute(update(attempts).where(*here).values(count=attempts.c.count - 1))

    def count(self, key: str) -> int:
        """Attempts that are remembered."""
        with self._engine.connect() as connection:
            query = select(attempts.c.count).where(attempts.c.key == sm3(key.encode()))
            return connection.execute(query).scalar() or 0

    def _try(self, connection: Connection, digest: str, patience: Patience, now: float) -> float | None:
        """None when somebody else counted at the same moment."""
        query = select(attempts.c["count"].label("made"), attempts.c.last).where(attempts.c.key == digest)
        row = connection.execute(query).first()
        if row is None:
            return self._first(connection, digest, patience, now)
        count: int = 0 if now - row.last > patience.forget else row.made
        left = float(row.last + patience.wait(count) - now)
        if count and left > 0:
            return left
        same = (attempts.c.key == digest, attempts.c.count == row.made, attempts.c.last == row.last)
        counted = connection.execute(update(attempts).where(*same).values(count=count + 1, last=now))
        return 0.0 if counted.rowcount == 1 else None

    def _first(self, connection: Connection, digest: str, patience: Patience, now: float) -> float:
        if int(digest[:8], 16) % _PURGE_EVERY == 0:
            connection.execute(delete(attempts).where(attempts.c.last < now - patience.forget))
        connection.execute(insert(attempts).values(key=digest, count=1, last=now))
        return 0.0
