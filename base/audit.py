"""Who did what, to whom, when, from where and why: a record that shows when it was tampered with.

Every event carries the SM3 digest of itself and of the event before it, so that none can be changed, left out or
put in between without breaking all that follow. Anchors sign the newest digest with SM2 and also stand in a file
outside the database: cutting the end off shows too. Events name patients by internal ids, never by name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Engine,
    Index,
    Row,
    Select,
    String,
    Table,
    Text,
    delete,
    false,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from base.batches import Batches
from base.db import METADATA, alone, insert_many
from base.security import SigningKey, sm3, verify

_log = logging.getLogger(__name__)
_LOCK: Final = 7195024
_BATCH: Final = 500
_PAGE: Final = 5_000
_QUEUE: Final = 20_000
_GATHER_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 1.0
LEAST_DAYS: Final = 365
"""What is younger is never removed (网络安全法 requires half a year, 等保三级 practice a year)."""

events = Table(
    "audit_event",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("actor", String(120), nullable=False),
    Column("act", String(60), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("source", String(80), nullable=False),
    Column("why", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index("audit_event_actor", "actor", "at"),
    Index("audit_event_subject", "subject", "at"),
)
anchors = Table(
    "audit_anchor",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("public", String(128), nullable=False),
    Column("signature", String(128), nullable=False),
)


class Event(NamedTuple):
    """Something that happened. ``act`` is a dotted verb (``review.read``, ``release.publish``), ``subject`` what it
    was done to (``patient/17``), ``source`` where from (address or device), ``detail`` JSON-able, free of names."""

    actor: str
    act: str
    subject: str = ""
    tenant: str = ""
    source: str = ""
    why: str = ""
    detail: dict[str, Any] = {}
    at: datetime | None = None


class Fault(NamedTuple):
    """Where the record is not as it was written."""

    number: int
    what: str


class Anchor(NamedTuple):
    """A signed statement that the event of a number had a digest."""

    number: int
    digest: str
    at: datetime
    public: str
    signature: str


class AuditError(Exception):
    """An act that must be recorded could not be: it must not happen."""


def append(engine: Engine, happened: Sequence[Event]) -> int:
    """Store events in one transaction, behind all others. Gives the number of the last."""
    with engine.begin() as connection:
        alone(connection, _LOCK)  # two events must not follow the same one
        last = connection.execute(_newest(events.c.number, events.c.digest)).first()
        number, digest = (0, "") if last is None else (last.number, last.digest)
        rows = []
        for event in happened:
            number += 1
            row = _row(number, event, digest)
            digest = row["digest"]
            rows.append(row)
        insert_many(connection, events, rows)
    return number


def _newest(*columns: Column[Any]) -> Select[Any]:
    return select(*columns).order_by(columns[0].desc()).limit(1)


def _row(number: int, event: Event, before: str) -> dict[str, Any]:
    at = (event.at or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    row = {
        "number": number,
        "at": at,
        "actor": _kept(event.actor, 120),
        "act": _kept(event.act, 60),
        "subject": _kept(event.subject, 160),
        "tenant": _kept(event.tenant, 200),
        "source": _kept(event.source, 80),
        "why": _kept(event.why, 200),
        "detail": orjson.dumps(event.detail, option=orjson.OPT_SORT_KEYS).decode() if event.detail else "",
        "before": before,
    }
    return {**row, "digest": _digest(row)}


def _kept(text: str, most: int) -> str:
    """A text as every database takes it: what a stranger put into a name or an id must not keep the event, and all
    that stand behind it, from being recorded."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:most]


def _digest(row: dict[str, Any]) -> str:
    said = [row["number"], int(row["at"].timestamp()), *(row[c] for c in _TEXTS)]
    return sm3(orjson.dumps(said))


_TEXTS: Final = ("actor", "act", "subject", "tenant", "source", "why", "detail", "before")


class AuditLog:
    """Records on a thread of its own; ``must`` records before it returns, for what may not happen unrecorded."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lost = 0
        self._batches: Batches[Event] = Batches("audit", self._take, _BATCH, _QUEUE, _GATHER_SECONDS)

    def note(self, event: Event) -> None:
        """Record soon, with the time of now. Never blocks and never raises: care goes on when the database is away
        for so long that no more can wait; what is then lost is counted and reported."""
        if not self._batches.offer(event if event.at else event._replace(at=datetime.now(UTC))):
            self.lost += 1
            _log.error("audit event lost: too many wait for the database", extra={"count": self.lost})

    def must(self, event: Event) -> None:
        """Record now. Raises ``AuditError`` when that is not possible."""
        try:
            append(self._engine, [event])
        except SQLAlchemyError as error:
            raise AuditError(f"the act cannot be recorded: {type(error).__name__}") from error

    def flush(self, timeout: float = 10) -> bool:
        """Wait until everything noted so far is stored; False when that took too long."""
        return self._batches.flush(timeout)

    def _take(self, happened: list[Event]) -> None:
        """Store them, however long the database is away: what happened waits for it."""
        while happened:
            try:
                append(self._engine, happened)
            except SQLAlchemyError as error:
                extra = {"error": type(error).__name__, "count": len(happened)}
                _log.error("audit not written, trying again", extra=extra)
                self._batches.pause(_RETRY_SECONDS)
            else:
                return


def anchor(engine: Engine, key: SigningKey, file: Path | None = None) -> Anchor | None:
    """Sign the newest event, in the database and as a line of a file; None when nothing is new."""
    with engine.connect() as connection:
        last = connection.execute(_newest(events.c.number, events.c.digest)).first()
        signed = connection.execute(_newest(anchors.c.number)).scalar()
    if last is None or last.number == signed:
        return None
    made = Anchor(
        last.number, last.digest, datetime.now(UTC).replace(microsecond=0), key.public, key.sign(_claim(*last))
    )
    with engine.begin() as connection:
        connection.execute(insert(anchors).values(made._asdict()))
    if file is not None:
        with file.open("ab") as lines:
            lines.write(orjson.dumps(made._asdict()) + b"\n")
    return made


def _claim(number: int, digest: str) -> bytes:
    return f"yigong-audit {number} {digest}".encode()


def faults(engine: Engine, trusted: Sequence[str], file: Path | None = None) -> Iterator[Fault]:
    """Everything that is not as it was written: changed, missing, put in, cut off, falsely signed. ``trusted`` are
    the public keys whose anchors count; ``file`` the anchors outside the database."""
    signed = {a.number: a for a in _anchors(engine)}
    for one in _filed(file):
        kept = signed.setdefault(one.number, one)
        if kept.digest != one.digest:
            yield Fault(one.number, "the anchor in the database differs from the one in the file")
            signed[one.number] = one
    last, digest, first = 0, "", True
    for row in _all(engine):
        if first:
            last, digest, first = row.number - 1, row.before, False
            vouching = signed.get(last)
            if row.number != 1 and (vouching is None or not _holds(vouching, row.before, trusted)):
                yield Fault(row.number, "the beginning is missing and no anchor vouches for where it now begins")
        yield from _wrong(row, last, digest, signed.pop(row.number, None), trusted)
        last, digest = row.number, row.digest
    for number in sorted(n for n in signed if n > last):
        yield Fault(number, "events up to this number were signed and are gone")


def _wrong(row: Row[Any], last: int, digest: str, signed: Anchor | None, trusted: Sequence[str]) -> Iterator[Fault]:
    if row.number != last + 1:
        yield Fault(row.number, f"{row.number - last - 1} events before it are missing")
    elif row.before != digest:
        yield Fault(row.number, "it does not follow the event before it")
    if _digest(dict(row._mapping)) != row.digest:
        yield Fault(row.number, "it was changed")
    if signed is not None and not _holds(signed, row.digest, trusted):
        yield Fault(row.number, "it is not what was signed, or the signature is not of a trusted key")


def _holds(signed: Anchor, digest: str, trusted: Sequence[str]) -> bool:
    claim = _claim(signed.number, signed.digest)
    return signed.digest == digest and signed.public in trusted and verify(signed.public, claim, signed.signature)


def _all(engine: Engine) -> Iterator[Row[Any]]:
    """Events in their order, a page at a time."""
    last = -1
    with engine.connect() as connection:
        while True:
            query = select(events).where(events.c.number > last).order_by(events.c.number).limit(_PAGE)
            rows = connection.execute(query).all()
            yield from rows
            if len(rows) < _PAGE:
                return
            last = rows[-1].number


def _anchors(engine: Engine) -> list[Anchor]:
    with engine.connect() as connection:
        return [Anchor(*row) for row in connection.execute(select(anchors).order_by(anchors.c.number))]


def _filed(file: Path | None) -> Iterator[Anchor]:
    for line in file.read_bytes().splitlines() if file is not None and file.exists() else ():
        said = orjson.loads(line)
        yield Anchor(**{**said, "at": datetime.fromisoformat(said["at"])})


def search(
    engine: Engine,
    *,
    actor: str = "",
    act: str = "",
    subject: str = "",
    tenant: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int = 0,
    limit: int = 200,
    within: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Events, the newest first. ``act`` and ``tenant`` match with all that is below them (``review`` finds
    ``review.read``). ``before``: only older ones than the event of this number. ``within``: only of these tenants
    and what is below them."""
    query = select(events).order_by(events.c.number.desc()).limit(limit)
    exact = ((events.c.actor, actor), (events.c.subject, subject))
    query = query.where(*(column == value for column, value in exact if value))
    if act:
        query = query.where((events.c.act == act) | events.c.act.startswith(f"{act}.", autoescape=True))
    if tenant:
        query = query.where(_below(tenant))
    if within is not None:
        query = query.where(or_(false(), *map(_below, within)))
    query = query if since is None else query.where(events.c.at >= since)
    query = query if until is None else query.where(events.c.at < until)
    query = query.where(events.c.number < before) if before else query
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def _below(tenant: str) -> ColumnElement[bool]:
    return (events.c.tenant == tenant) | events.c.tenant.startswith(f"{tenant}/", autoescape=True)


def prune(engine: Engine, days: int) -> int:
    """Remove events older than so many days, at least ``LEAST_DAYS``, up to the newest anchor among them: it vouches
    for where the record then begins. Gives how many were removed. Raises ``ValueError`` for fewer days."""
    if days < LEAST_DAYS:
        raise ValueError(f"audit events are kept for at least {LEAST_DAYS} days")
    limit = datetime.now(UTC) - timedelta(days=days)
    with engine.begin() as connection:
        newest = select(func.max(events.c.number)).where(events.c.at < limit).scalar_subquery()
        cut = connection.execute(select(func.max(anchors.c.number)).where(anchors.c.number <= newest)).scalar()
        if cut is None:
            return 0
        return connection.execute(delete(events).where(events.c.number <= cut)).rowcount
