"""Who is logged in: random tokens of which only a digest is stored, for people and for machines.

A token ends after a while without use, after a longer while in any case, when its owner says so, when the owner logs
in too often elsewhere, and when the account is locked.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from base.db import METADATA
from base.security import sm3

_TOKEN_BYTES: Final = 32
PERSON, MACHINE = "ys_", "yc_"
MARKS: Final = (PERSON, MACHINE)
"""How tokens begin: secret scanners find them, and what begins otherwise need not be looked up."""
_TOUCH_SECONDS: Final = 60
_KEPT_DAYS: Final = 30
_CSRF_LENGTH: Final = 32

sessions = Table(
    "account_session",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("account", String(36), nullable=False),
    Column("client", String(80), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False, index=True),
    Column("proved", DateTime(timezone=True)),
    Column("second", Boolean, nullable=False),
    Column("source", String(80), nullable=False),
    Column("ended", String(20), nullable=False),
    Index("account_session_account", "account", "ended"),
    Index("account_session_client", "client", "ended"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a person's session lives: without use, in any case, and how many at once."""

    idle: timedelta = timedelta(minutes=30)
    whole: timedelta = timedelta(hours=12)
    most: int = 3


@dataclass(frozen=True, slots=True)
class Session:
    """One login. ``proved``: when its owner last showed a password or code; ``second``: by a second factor too;
    ``scopes``: what a machine asked for."""

    digest: str
    account: str
    client: str
    created: datetime
    seen: datetime
    expires: datetime
    proved: datetime | None
    second: bool
    source: str
    scopes: tuple[str, ...] = ()
    ended: str = ""


def token_digest(token: str) -> str:
    """What is stored of a token."""
    return sm3(token.encode())


def csrf_of(token: str) -> str:
    """What a page must send beside the cookie that holds a token: known only to whoever was given it at login."""
    return sm3(f"csrf {token}".encode())[:_CSRF_LENGTH]


def csrf_fits(token: str, given: str) -> bool:
    return hmac.compare_digest(csrf_of(token).encode(), given.encode())


def begin(
    connection: Connection,
    limits: Limits,
    now: datetime,
    *,
    account: str,
    source: str,
    second: bool,
    proved: bool = True,
) -> tuple[str, Session]:
    """A person's session and its token. The oldest beyond the limit end."""
    connection.execute(delete(sessions).where(sessions.c.expires < now - timedelta(days=_KEPT_DAYS)))
    living = [s for s in of_account(connection, account) if _lives(s, limits, now)]
    for old in sorted(living, key=lambda s: s.created)[: max(0, len(living) + 1 - limits.most)]:
        end(connection, old.digest, "displaced")
    made = Session("", account, "", now, now, now + limits.whole, now if proved else None, second, source[:80])
    return _begun(connection, made, PERSON)


def begin_client(
    connection: Connection, client: str, scopes: Sequence[str], life: timedelta, now: datetime, source: str
) -> tuple[str, Session]:
    """A machine's token."""
    made = Session("", "", client, now, now, now + life, None, False, source[:80], tuple(scopes))
    return _begun(connection, made, MACHINE)


def _begun(connection: Connection, made: Session, mark: str) -> tuple[str, Session]:
    token = mark + secrets.token_urlsafe(_TOKEN_BYTES)
    begun = replace(made, digest=token_digest(token))
    row = {name: getattr(begun, name) for name in Session.__slots__} | {"scopes": orjson.dumps(begun.scopes).decode()}
    connection.execute(insert(sessions).values(row))
    return token, begun


def found(connection: Connection, token: str, limits: Limits, now: datetime) -> Session | None:
    """The living session behind a token."""
    row = connection.execute(select(sessions).where(sessions.c.digest == token_digest(token))).first()
    session = None if row is None else _session(row)
    return session if session is not None and _lives(session, limits, now) else None


def by_digest(connection: Connection, digest: str, limits: Limits, now: datetime) -> Session | None:
    """The living session of a digest."""
    row = connection.execute(select(sessions).where(sessions.c.digest == digest)).first()
    session = None if row is None else _session(row)
    return session if session is not None and _lives(session, limits, now) else None


def touch(connection: Connection, session: Session, now: datetime) -> None:
    """The session is in use. Written about once a minute."""
    connection.execute(update(sessions).where(sessions.c.digest == session.digest).values(seen=now))


def due(session: Session, now: datetime) -> bool:
    """Whether ``touch`` has something to write."""
    return not session.client and now - session.seen > timedelta(seconds=_TOUCH_SECONDS)


def prove(connection: Connection, digest: str, now: datetime, second: bool) -> None:
    """The owner just proved again who they are; ``second``: with a second factor."""
    values: dict[str, Any] = {"proved": now} | ({"second": True} if second else {})
    connection.execute(update(sessions).where(sessions.c.digest == digest).values(values))


def end(connection: Connection, digest: str, why: str) -> None:
    """``why``: logout, displaced, revoked, locked, password."""
    living = (sessions.c.digest == digest, sessions.c.ended == "")
    connection.execute(update(sessions).where(*living).values(ended=why))


def end_all(connection: Connection, why: str, *, account: str = "", client: str = "", but: str = "") -> int:
    """End every session of an account or client except one. Gives how many."""
    owner = sessions.c.account == account if account else sessions.c.client == client
    living = (owner, sessions.c.ended == "", sessions.c.digest != but)
    return connection.execute(update(sessions).where(*living).values(ended=why)).rowcount


def of_account(connection: Connection, account: str) -> list[Session]:
    """Sessions of an account that nobody ended, the newest first."""
    query = select(sessions).where(sessions.c.account == account, sessions.c.ended == "")
    return [_session(row) for row in connection.execute(query.order_by(sessions.c.created.desc()))]


def _lives(session: Session, limits: Limits, now: datetime) -> bool:
    if session.ended or now >= session.expires:
        return False
    return bool(session.client) or now - session.seen < limits.idle


def _session(row: Any) -> Session:
    return Session(**dict(row._mapping) | {"scopes": tuple(orjson.loads(row.scopes))})
