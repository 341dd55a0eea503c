"""What became of messages: one traced from its arrival to its facts, those given up, figures; and what people do
about them: have them done anew, correct them, settle them. Everything is held to the scope of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, Row, Select, func, insert, select, update

from base.keyring import KeyRing
from exchange.intake import Sent, arrival
from exchange.landing import REASONS
from exchange.ledger import (
    CLOSED,
    DEAD,
    WAITING,
    contents,
    facts,
    messages,
    steps,
    work,
    writing,
)
from exchange.queue import content_row, step_row, work_row

_MOST_REPLAYED: Final = 10_000
_CHUNK: Final = 500
_LONGEST_NUMBER: Final = 18
_COUNTED: Final = ("tenant", "standard", "state", "count")


class MissingMessageError(LookupError):
    """No such message, or not one of whoever asks."""


class SettledError(Exception):
    """What is asked for is possible only with a message that was given up."""


class Query(NamedTuple):
    """Which messages are meant. Empty fields do not narrow; ``before`` is the number of the last one of a page."""

    state: str = ""
    reason: str = ""
    standard: str = ""
    tenant: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 50


class Ledger:
    """Messages as those who send, watch and repair see them."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    # -- reading ---------------------------------------------------------------------------

    def find(self, query: Query) -> list[dict[str, Any]]:
        """Messages, the newest first, without what they say."""
        wanted = _narrowed(select(messages), query).order_by(messages.c.number.desc()).limit(query.limit)
        with self._engine.connect() as connection:
            return [_told(row) for row in connection.execute(wanted)]

    def trace(self, key: str) -> dict[str, Any]:
        """A message from its arrival to its facts: every step, every resource. Raises ``MissingMessageError``."""
        with self._engine.connect() as connection:
            row = _message(connection, key)
            happened = connection.execute(select(steps).where(steps.c.number == row.number).order_by(steps.c.id))
            came = select(facts).where(facts.c.number == row.number).order_by(facts.c.position)
            waits = connection.execute(select(work).where(work.c.number == row.number)).first()
            told = [_arrived(row), *map(_happened, happened)]
            found = [_fact(fact) for fact in connection.execute(came)]
        return _told(row) | {"steps": told, "facts": found, "queue": waits and _waits(waits)}

    def content(self, key: str, revision: int = 0) -> bytes:
        """What a message says, as sent (1) or corrected; 0 is what counts. Raises ``MissingMessageError``."""
        with self._engine.connect() as connection:
            row = _message(connection, key)
            here = (contents.c.key == row.key, contents.c.revision == (revision or row.revision))
            found = connection.execute(select(contents.c.sealed).where(*here)).scalar()
        if found is None:
            raise MissingMessageError("there is no such revision of this message")
        return self._ring.unseal(found, row.key.encode())

    def sources(self, tenant: str, kind: str, local_id: str) -> list[dict[str, Any]]:
        """The messages that a stored resource came of, the newest first."""
        here = (facts.c.tenant == tenant, facts.c.kind == kind, facts.c.local_id == local_id)
        query = select(messages, facts.c.version, facts.c.act).join(facts, facts.c.number == messages.c.number)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(*here).order_by(messages.c.number.desc()).limit(200))
            return [_told(row) | {"version": row.version, "act": row.act} for row in rows]

    def figures(self, since: datetime, until: datetime) -> dict[str, Any]:
        """How many messages arrived by institution, standard and state, what was given up and why, what waits and
        since when."""
        within = (messages.c.received >= since, messages.c.received < until)
        by = (messages.c.tenant, messages.c.standard, messages.c.state)
        counted = select(*by, func.count().label("count")).where(*within).group_by(*by).order_by(*by)
        why = (messages.c.reason, messages.c.standard)
        given_up = select(*why, func.count().label("count_")).where(messages.c.state == DEAD).group_by(*why)
        waits = select(func.count(), func.min(messages.c.received)).where(messages.c.state == WAITING)
        with self._engine.connect() as connection:
            waiting, oldest = connection.execute(waits).one()
            return {
                "messages": [dict(zip(_COUNTED, row, strict=True)) for row in connection.execute(counted)],
                "dead": [
                    _why(row) | {"standard": row.standard, "count": row.count_}
                    for row in connection.execute(given_up.order_by(*why))
                ],
                "waiting": waiting,
                "oldestWaiting": oldest,
                "delayed": connection.execute(select(func.count()).where(work.c.attempts > 0)).scalar() or 0,
            }

    # -- repairing -------------------------------------------------------------------------

    def replay(self, key: str, actor: str, why: str) -> dict[str, Any]:
        """Have a message that was given up done anew. Raises ``MissingMessageError``, ``SettledError``."""
        with writing(self._engine) as connection:
            row = _given_up(connection, key)
            _anew(connection, [row], "replayed", actor, why)
        return self.trace(key)

    def replay_all(self, query: Query, actor: str, why: str) -> int:
        """Have all messages of a query that were given up done anew, the oldest first, at most ten thousand at once.
        Gives how many."""
        wanted = _narrowed(select(messages), query._replace(state=DEAD)).order_by(messages.c.number)
        with writing(self._engine) as connection:
            rows = connection.execute(_locked(connection, wanted.limit(_MOST_REPLAYED))).all()
            _anew(connection, rows, "replayed", actor, why)
        return len(rows)

    def correct(self, key: str, raw: bytes, actor: str, why: str) -> dict[str, Any]:
        """Give a message that was given up other content, and have it done anew; what was sent stays beside it.
        Raises ``EmptyError``, ``MissingMessageError``, ``SettledError``."""
        with writing(self._engine) as connection:
            row = _given_up(connection, key)
            made = arrival(self._ring, Sent(row.tenant, row.standard, raw, row.message_id, source=actor))
            content = content_row(made, row.revision + 1, actor, made.received)
            connection.execute(insert(contents).values(content))
            changed = {"kind": made.kind or row.kind, "lane": made.lane, "other": made.other, "size": made.size}
            changed["revision"] = row.revision + 1
            connection.execute(update(messages).where(messages.c.number == row.number).values(changed))
            _anew(connection, [_message(connection, key)], "corrected", actor, why)
        return self.trace(key)

    def close(self, key: str, actor: str, why: str) -> dict[str, Any]:
        """Settle a message that was given up and needs nothing more (its sender sent another one). Raises
        ``MissingMessageError``, ``SettledError``."""
        with writing(self._engine) as connection:
            row = _given_up(connection, key)
            change = update(messages).where(messages.c.number == row.number)
            connection.execute(change.values(state=CLOSED, finished=datetime.now(UTC)))
            _note(connection, [row], "closed", actor, why)
        return self.trace(key)


def _narrowed(wanted: Select[Any], query: Query) -> Select[Any]:
    m = messages.c
    same = ((m.state, query.state), (m.reason, query.reason), (m.standard, query.standard))
    wanted = wanted.where(*(column == value for column, value in same if value))
    if query.tenant:
        below = m.tenant.startswith(f"{query.tenant}/", autoescape=True)
        wanted = wanted.where((m.tenant == query.tenant) | below)
    wanted = wanted if query.since is None else wanted.where(m.received >= query.since)
    wanted = wanted if query.until is None else wanted.where(m.received < query.until)
    return wanted if query.before is None else wanted.where(m.number < query.before)


def _message(connection: Connection, key: str) -> Row[Any]:
    """A message by its key or, as data quality names it, by its number."""
    numbered = key.isascii() and key.isdigit() and len(key) <= _LONGEST_NUMBER
    here = messages.c.number == int(key) if numbered else messages.c.key == key
    row = connection.execute(select(messages).where(here)).first()
    if row is None:
        raise MissingMessageError("there is no message with this id")
    return row


def _given_up(connection: Connection, key: str) -> Row[Any]:
    """A message that was given up, locked."""
    row = connection.execute(_locked(connection, select(messages).where(messages.c.key == key))).first()
    if row is None:
        raise MissingMessageError("there is no message with this id")
    if row.state not in (DEAD, CLOSED):
        raise SettledError(f"this message was not given up: it is {row.state}")
    return row


def _locked(connection: Connection, wanted: Select[Any]) -> Select[Any]:
    return wanted.with_for_update() if connection.dialect.name == "postgresql" else wanted


def _anew(connection: Connection, rows: Sequence[Row[Any]], act: str, actor: str, why: str) -> None:
    """Put messages back into the queue."""
    if not rows:
        return
    now, numbers = datetime.now(UTC), [row.number for row in rows]
    for some in (numbers[i : i + _CHUNK] for i in range(0, len(numbers), _CHUNK)):
        afresh = {"state": WAITING, "reason": "", "field": "", "problem": "", "finished": None}
        connection.execute(update(messages).where(messages.c.number.in_(some)).values(afresh))
    connection.execute(insert(work), [work_row(r.number, r.tenant, r.lane, r.other, now) for r in rows])
    _note(connection, rows, act, actor, why)


def _note(connection: Connection, rows: Sequence[Row[Any]], act: str, actor: str, why: str) -> None:
    """What somebody did, and why. The reason may be of any words: it is theirs and short."""
    now, detail = datetime.now(UTC), {"why": why[:200]}
    told = [{**detail, "was": r.reason, "field": r.field} for r in rows]
    connection.execute(
        insert(steps), [step_row(r.number, r.tenant, now, act, actor, d) for r, d in zip(rows, told, strict=True)]
    )


def _told(row: Row[Any]) -> dict[str, Any]:
    """A message without what it says."""
    names = ("number", "tenant", "standard", "kind", "digest", "size", "source", "state", "attempts", "revision")
    told = {"id": row.key, "messageId": row.message_id, **{name: getattr(row, name) for name in names}}
    told |= {"received": row.received, "finished": row.finished}
    return told | ({"dead": _why(row) | {"field": row.field, "problem": row.problem}} if row.reason else {})


def _why(row: Row[Any]) -> dict[str, Any]:
    """A reason, with its name for people."""
    return {"reason": row.reason, "title": REASONS.get(row.reason, row.reason)}


def _arrived(row: Row[Any]) -> dict[str, Any]:
    """The first step: the message arrived."""
    detail = {"digest": row.digest, "size": row.size}
    return {"at": row.received, "act": "received", "actor": row.source, "detail": detail}


def _happened(row: Row[Any]) -> dict[str, Any]:
    return {"at": row.at, "act": row.act, "actor": row.actor, "detail": orjson.loads(row.detail)}


def _fact(row: Row[Any]) -> dict[str, Any]:
    return {"resource": f"{row.kind}/{row.local_id}", "version": row.version, "act": row.act}


def _waits(row: Row[Any]) -> dict[str, Any]:
    return {"due": row.due, "worker": row.owner, "attempts": row.attempts}
