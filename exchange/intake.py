"""The door for messages: kept whole and sealed before they are acknowledged, each once.

``Intake.accept`` is what every way in calls (HTTP, MLLP, files, a database poll). It answers when the message is
durable: in the database (messages that come together are committed together), or on the broker.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from base.batches import Batches
from base.keyring import KeyRing
from base.security import sm3
from base.tenancy import TenancyError, current, system, tenant_path
from exchange.envelope import envelope
from exchange.ledger import WAITING, Arrival, Known, message_key, writing
from exchange.queue import admit, depth

_log = logging.getLogger(__name__)
_SCOPE: Final = "messages of all institutions are kept"
_ID: Final = 200
_MOST_KINDS: Final = 200
_LONG: Final = 100_000
_TOGETHER: Final = 500
_WAITING: Final = 5_000
_GATHER_SECONDS: Final = 0.002
_TRIES: Final = 3
_DEPTH_SECONDS: Final = 1.0
BACKLOG: Final = 1_000_000
"""So many messages may wait in the database before senders are told to wait."""


class ConflictError(Exception):
    """The same number was used before for a message that says something else. ``key`` is the earlier one's."""

    def __init__(self, key: str) -> None:
        super().__init__("该报文编号已用于内容不同的报文，请改用新的编号")
        self.key = key


class BusyError(Exception):
    """The message was not kept: too many wait, or the store is away. Send it again after ``seconds``."""

    def __init__(self, what: str, seconds: int) -> None:
        super().__init__(what)
        self.seconds = seconds


class EmptyError(ValueError):
    """A message without content."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message is durable here. ``id`` names it from now on; ``duplicate``: it was here before, with the same
    content, and ``state`` is what became of it."""

    id: str
    state: str
    digest: str
    received: datetime
    duplicate: bool = False


class Intake(Protocol):
    """A way in. Raises ``ConflictError``, ``BusyError``, ``EmptyError``, ``TenancyError``."""

    async def accept(self, sent: Sent) -> Receipt:
        """Keep a message. Whoever calls must be allowed to write for the tenant."""
        ...

    async def close(self) -> None:
        """Finish what was begun."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it was sent: by whom (``tenant`` the institution, ``source`` the client), in which standard.
    ``message_id`` and ``kind`` override what its envelope says; one without a number is known by its content."""

    tenant: str
    standard: str
    raw: bytes
    message_id: str = ""
    kind: str = ""
    source: str = ""
    at: datetime | None = None


def arrival(ring: KeyRing, sent: Sent) -> Arrival:
    """A message made ready to be kept, for whoever may write for its tenant. Raises ``EmptyError``."""
    _may_send(sent.tenant)
    if not sent.raw.strip():
        raise EmptyError("the message is empty")
    seen, digest = envelope(sent.standard, sent.raw), sm3(sent.raw)
    number = sent.message_id or seen.message_id or f"sm3:{digest[:32]}"
    number = number if len(number) <= _ID else f"sm3:{sm3(number.encode())}"
    key = message_key(sent.tenant, sent.standard, number)
    return Arrival(
        key=key,
        tenant=sent.tenant,
        standard=sent.standard,
        message_id=number,
        kind=_fitting(sent.kind.split() or seen.kinds),
        lane=lane(ring, sent.tenant, seen.subject),
        other=lane(ring, sent.tenant, seen.other),
        digest=digest,
        size=len(sent.raw),
        source=sent.source[:120],
        received=sent.at or datetime.now(UTC),
        sealed=ring.seal(sent.raw, key.encode()),
    )


async def arrived(ring: KeyRing, sent: Sent) -> Arrival:
    """The same; a long message is made ready on a thread, while others are answered."""
    if len(sent.raw) < _LONG:
        return arrival(ring, sent)
    return await asyncio.to_thread(arrival, ring, sent)


def _may_send(tenant: str) -> None:
    """Held here to the scope of whoever sends; what keeps the messages of all works for the system."""
    scope = current()
    if scope is None or not scope.may_write(tenant_path(tenant)):
        raise TenancyError("exchange_message: a message of a tenant outside the scope")


def _fitting(kinds: Iterable[str]) -> str:
    """Kinds as one text, as many as have room."""
    text = ""
    for kind in kinds:
        longer = f"{text} {''.join(kind.split())}".strip()
        if len(longer) > _MOST_KINDS:
            break
        text = longer
    return text


def lane(ring: KeyRing, tenant: str, subject: str) -> str:
    """The patient of a message, blinded: what has the same lane is stored in its order."""
    return ring.blind(f"{tenant}\0{subject}", "exchange-lane").hex() if subject else ""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message whose sender waits for the commit."""

    arrival: Arrival
    answer: Future[Receipt]


class StoredIntake:
    """The way into the database. Messages that arrive together share a commit."""

    def __init__(self, engine: Engine, ring: KeyRing, backlog: int = BACKLOG) -> None:
        self._engine, self._ring, self._backlog = engine, ring, backlog
        self._batches: Batches[_Waiting] = Batches("intake", self._take, _TOGETHER, _WAITING, _GATHER_SECONDS)
        self._depth, self._counted = 0, float("-inf")

    async def accept(self, sent: Sent) -> Receipt:
        made = await arrived(self._ring, sent)
        waiting = _Waiting(made, Future())
        if not self._batches.offer(waiting):
            raise BusyError("too many messages arrive at once", 1)
        return await asyncio.wrap_future(waiting.answer)

    async def close(self) -> None:
        await asyncio.to_thread(self._batches.flush)

    def _take(self, waiting: list[_Waiting]) -> None:
        """Keep messages and answer their senders; a message already given up by its sender is kept too."""
        if not waiting:
            return
        try:
            before = self._kept([w.arrival for w in waiting])
        except Exception as error:  # whatever it is, the senders must hear that nothing was kept
            busy = error if isinstance(error, BusyError) else BusyError("the store is away", 5)
            for one in waiting:
                _answer(one, busy)
            _log.error("messages not kept", extra={"error": type(error).__name__, "count": len(waiting)})
            return
        seen: dict[str, Known] = dict(before)
        for one in waiting:
            _answer(one, outcome(one.arrival, seen.get(one.arrival.key)))
            seen.setdefault(one.arrival.key, Known(one.arrival.digest, WAITING, one.arrival.received))

    def _kept(self, arrivals: list[Arrival]) -> dict[str, Known]:
        for left in reversed(range(_TRIES)):
            try:
                with system(_SCOPE), writing(self._engine, durable=True) as connection:
                    self._has_room(connection)
                    return admit(connection, arrivals)
            except IntegrityError:  # another process kept one of them meanwhile: it is known now
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _has_room(self, connection: Connection) -> None:
        if time.monotonic() - self._counted > _DEPTH_SECONDS:
            self._depth, self._counted = depth(connection), time.monotonic()
        if self._depth >= self._backlog:
            raise BusyError("too many messages wait to be stored", 30)


def outcome(made: Arrival, before: Known | None) -> Receipt | ConflictError:
    """What the sender is told, given what was known under the key."""
    if before is None:
        return Receipt(made.key, WAITING, made.digest, made.received)
    if before.digest != made.digest:
        return ConflictError(made.key)
    return Receipt(made.key, before.state, made.digest, before.received, duplicate=True)


def _answer(one: _Waiting, told: Receipt | Exception) -> None:
    if not one.answer.set_running_or_notify_cancel():
        return
    if isinstance(told, Exception):
        one.answer.set_exception(told)
    else:
        one.answer.set_result(told)
