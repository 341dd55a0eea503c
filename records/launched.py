"""What a hospital's system told of a patient when it launched a panel, and what it lent us to read the patient again:
both sealed, and kept no longer than they are good for. Any worker reads again; of several that would, one does.

A panel that is looked at is read again when what it has is older than ``FRESH``; one that is merely open ever more
rarely, as long as nothing new is found.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from base.db import METADATA, OWN
from base.keyring import KeyRing

Json = dict[str, Any]
FRESH: Final = timedelta(seconds=60)
"""How old what is shown may be before somebody who looks makes us read again; longer than any reading takes."""
_RAREST: Final = 4
"""How often the wait of a panel that nobody touches doubles: sixteen minutes."""

launched = Table(
    "panel_launched",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False, info={"bound": lambda row: row.id.encode()}),
    Column("read", DateTime(timezone=True)),
    Column("changed", DateTime(timezone=True)),
    Column("touched", DateTime(timezone=True), index=True),
    info=OWN,
)
"""``read``: as of when it is what the system has; ``changed`` when something else was found than before; ``touched``
when that, or whether the system still answers, last changed."""
lent = Table(
    "panel_lent",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("server", String(300), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False, index=True),
    Column("tried", DateTime(timezone=True), nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("quiet", Integer, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False, info={"bound": lambda row: _place(row.id)}),
    info=OWN,
)
"""What a launch was lent; ``quiet`` counts readings since somebody looked or something was new."""


class Lent(NamedTuple):
    """A system's FHIR server and its token, until when it is good."""

    server: str
    token: str
    until: datetime


class Due(NamedTuple):
    """A launch that is to be read again from a server."""

    id: str
    server: str


class Claimed(NamedTuple):
    """A launch that is ours to read again, since when, what was told, and the token."""

    id: str
    at: datetime
    told: Json
    token: str


class Standing(NamedTuple):
    """As of when a launch shows its patient, whether the system was asked in vain since, whether it may still be
    asked, and whether it could be before."""

    read: datetime | None
    failed: bool
    lent: bool
    ended: bool


class Touched(NamedTuple):
    """A launch of which something changed: its standing, or, at ``changed``, what is told as well."""

    id: str
    touched: datetime
    changed: datetime | None


class Launched:
    """Keeps it, within the scope of whoever asks; what is over goes when something new comes."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    def keep(self, tenant: str, told: Json, until: datetime, access: Lent | None = None) -> str:
        """Gives the id that it is found by."""
        number, now = str(uuid4()), datetime.now(UTC)
        row: dict[str, Any] = {"id": number, "tenant": tenant}
        ended = now if access is not None and access.until <= now else None
        with self._engine.begin() as connection:
            connection.execute(delete(launched).where(launched.c.expires < now))
            sealed = self._sealed(number, told)
            shown = {"expires": until, "sealed": sealed, "read": now, "touched": ended}
            connection.execute(insert(launched).values(row | shown))
            if access is not None and not ended:
                sealed = self._ring.seal(access.token.encode(), _place(number))
                row |= {"server": access.server, "expires": min(until, access.until), "sealed": sealed}
                row |= {"tried": now, "due": now + FRESH, "quiet": 0, "failed": False}
                connection.execute(insert(lent).values(row))
        return number

    def told(self, number: str) -> Json | None:
        """What was told; None when it is over."""
        with self._engine.connect() as connection:
            return self._told(connection, number)

    def standing(self, number: str) -> Standing | None:
        """How things stand with a launch; None when it is over."""
        now = datetime.now(UTC)
        shown = select(launched.c.read, launched.c.touched).where(launched.c.id == number, launched.c.expires > now)
        access = select(lent.c.failed, (lent.c.expires > now).label("lives")).where(lent.c.id == number)
        with self._engine.connect() as connection:
            row, had = connection.execute(shown).one_or_none(), connection.execute(access).one_or_none()
        if row is None:
            return None
        lives = had is not None and bool(had.lives)
        ended = not lives and (had is not None or row.touched is not None)
        return Standing(row.read, had is not None and had.failed, lives, ended)

    # -- reading again -------------------------------------------------------------------------

    def due(self, opened: Collection[str], looked_at: Collection[str]) -> list[Due]:
        """Those to read again of launches that are open and of those that somebody looks at, longest due first."""
        now = datetime.now(UTC)
        waits = and_(lent.c.id.in_(opened), lent.c.due <= now)
        asks = and_(lent.c.id.in_(looked_at), lent.c.tried <= now - FRESH)
        query = select(lent.c.id, lent.c.server).where(or_(waits, asks), lent.c.expires > now).order_by(lent.c.due)
        with self._engine.connect() as connection:
            return [Due(*row) for row in connection.execute(query)]

    def claim(self, number: str, looked_at: bool) -> Claimed | None:
        """Take a launch to read it again; None when another does, or it may be read no more."""
        now = datetime.now(UTC)
        here = lent.c.id == number
        with self._engine.begin() as connection:
            row = connection.execute(select(lent).where(here, lent.c.expires > now)).one_or_none()
            if row is None or row.tried > now - FRESH:
                return None
            quiet = 0 if looked_at else row.quiet + 1
            change = {"tried": now, "quiet": quiet, "due": now + FRESH * 2 ** min(quiet, _RAREST)}
            if not connection.execute(update(lent).where(here, lent.c.tried == row.tried).values(change)).rowcount:
                return None
            told = self._told(connection, number)
        token = self._ring.unseal(row.sealed, _place(number)).decode()
        return None if told is None else Claimed(number, now, told, token)

    def renew(self, number: str, at: datetime, told: Json | None) -> None:
        """The system was read at a time: something else was found than before, or nothing else (None)."""
        now = datetime.now(UTC)
        new = {} if told is None else {"sealed": self._sealed(number, told), "changed": now}
        rested = {} if told is None else {"quiet": 0, "due": now + FRESH}
        with self._engine.begin() as connection:
            connection.execute(update(lent).where(lent.c.id == number).values({"failed": False} | rested))
            connection.execute(
                update(launched).where(launched.c.id == number).values({"read": at, "touched": now} | new)
            )

    def fail(self, number: str) -> None:
        """The system was asked in vain."""
        with self._engine.begin() as connection:
            here = update(lent).where(lent.c.id == number, lent.c.failed.is_(False))
            if connection.execute(here.values(failed=True)).rowcount:
                _touch(connection, number)

    def forget(self, number: str) -> None:
        """What a launch was lent goes."""
        with self._engine.begin() as connection:
            _forget(connection, lent.c.id == number)

    def sweep(self) -> None:
        """What may be used no more goes, and those to whom it was lent are touched."""
        over = lent.c.expires <= datetime.now(UTC)
        with self._engine.connect() as connection:
            if connection.execute(select(lent.c.id).where(over).limit(1)).first() is None:
                return
        with self._engine.begin() as connection:
            _forget(connection, over)

    def touched(self, opened: Collection[str], since: datetime) -> list[Touched]:
        """Which launches were touched at a time or later."""
        query = select(launched.c.id, launched.c.touched, launched.c.changed)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(launched.c.id.in_(opened), launched.c.touched >= since))
            return [Touched(*row) for row in rows]

    # -- rows ----------------------------------------------------------------------------------

    def _told(self, connection: Connection, number: str) -> Json | None:
        query = select(launched.c.sealed).where(launched.c.id == number, launched.c.expires > datetime.now(UTC))
        sealed = connection.execute(query).scalar()
        return None if sealed is None else orjson.loads(self._ring.unseal(sealed, number.encode()))

    def _sealed(self, number: str, told: Json) -> bytes:
        return self._ring.seal(orjson.dumps(told), number.encode())


def _place(number: str) -> bytes:
    return b"lent to " + number.encode()


def _touch(connection: Connection, *numbers: str) -> None:
    connection.execute(update(launched).where(launched.c.id.in_(numbers)).values(touched=datetime.now(UTC)))


def _forget(connection: Connection, which: ColumnElement[bool]) -> None:
    over = connection.execute(select(lent.c.id).where(which)).scalars().all()
    connection.execute(delete(lent).where(lent.c.id.in_(over)))
    _touch(connection, *over)


__all__ = ["FRESH", "Claimed", "Due", "Launched", "Lent", "Standing", "Touched", "launched", "lent"]
