"""Letters: which alarms are still to be told by which channel, and messages in Yigong as somebody reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from base.db import inserting
from supervision.operations.alarms import Alarm, Event, alarm_of
from supervision.operations.queue import Outgoing
from supervision.operations.tables import alarms, letters, readers

_MESSAGES: Final = "message/"


class Letter(NamedTuple):
    """One alarm to be told by one channel (``mail/值班``)."""

    number: int
    event: Event
    channel: str
    attempts: int
    alarm: Alarm


class Sent(NamedTuple):
    """What became of a letter, for whoever asks whether somebody was told. ``waits``: it is still to go out."""

    event: Event
    channel: str
    at: datetime
    sent: datetime | None
    waits: bool
    attempts: int
    error: str


class Letters(Outgoing):
    """Letters of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, letters)

    def claim(self, now: datetime, most: int = 50) -> list[Letter]:
        """Letters that are due, held for a while by whoever claims them."""
        numbers = self._held(now, most)
        with self._engine.connect() as connection:
            return _letters(connection, numbers)

    def of(self, alarm: str) -> list[Sent]:
        """Every letter of an alarm, in order."""
        query = select(letters).where(letters.c.alarm == alarm).order_by(letters.c.number)
        with self._engine.connect() as connection:
            return [
                Sent(Event(r.event), r.channel, r.at, r.sent, bool(r.due), r.attempts, r.error)
                for r in connection.execute(query)
            ]

    def waiting(self) -> dict[str, int]:
        """How many letters wait or were given up untold, by what is wrong: ``waiting``, ``failed``."""
        c = letters.c
        counted = select(func.count(c.due), func.count()).where(c.sent.is_(None))
        with self._engine.connect() as connection:
            due, untold = connection.execute(counted).one()
        return {"waiting": due, "failed": untold - due}

    # -- messages in Yigong --------------------------------------------------------------------

    def messages(self, after: int = 0, limit: int = 100) -> list[Letter]:
        """Messages to whoever acts, the newest first."""
        c = letters.c
        query = select(c.number).where(*_READABLE, c.number > after).order_by(c.number.desc()).limit(limit)
        with self._engine.connect() as connection:
            numbers = list(connection.execute(query).scalars())
            return sorted(_letters(connection, numbers), key=lambda letter: -letter.number)

    def unread(self, account: str) -> int:
        """How many messages somebody has not read."""
        with self._engine.connect() as connection:
            upto = connection.execute(select(readers.c.upto).where(readers.c.account == account)).scalar() or 0
            count = select(func.count()).where(*_READABLE, letters.c.number > upto)
            return connection.execute(count).scalar() or 0

    def read(self, account: str, upto: int) -> None:
        """Somebody read their messages up to a number."""
        with self._engine.begin() as connection:
            made = inserting(connection, readers)
            newer = {"set_": {"upto": made.excluded.upto}, "where": readers.c.upto < made.excluded.upto}
            row = {"account": account[:80], "upto": upto}
            connection.execute(made.on_conflict_do_update(index_elements=["account"], **newer), row)


_READABLE: Final = (letters.c.channel.startswith(_MESSAGES, autoescape=True), letters.c.sent.is_not(None))


def _letters(connection: Connection, numbers: list[int]) -> list[Letter]:
    mine = select(letters).where(letters.c.number.in_(numbers)).order_by(letters.c.number)
    rows = connection.execute(mine).all()
    about = select(alarms).where(alarms.c.id.in_({row.alarm for row in rows}))
    of = {row.id: alarm_of(row) for row in connection.execute(about)}
    return [Letter(r.number, Event(r.event), r.channel, r.attempts, of[r.alarm]) for r in rows if r.alarm in of]
