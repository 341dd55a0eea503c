"""From the broker into the database: every message once, those of a partition in their order.

One worker at a time takes a partition over, many messages in a transaction that also moves the partition's cursor:
what is committed was taken once, whatever the broker delivers again, and the cursor never passes over a message (one
that was delivered elsewhere is fetched by its number). Streams keep what was taken over for a while: a database
restored from a copy has an older cursor and takes it over again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from base.keyring import KeyRing
from base.security import SealError, sm3
from base.tenancy import system
from exchange.intake import BusyError
from exchange.jetstream import PARTITIONS, connect, decoded, prepare, stream_of, subject_of
from exchange.landing import CONFLICT, UNREADABLE
from exchange.ledger import Arrival, cursors, message_key, writing
from exchange.queue import admit, bury

if TYPE_CHECKING:
    from nats.js import JetStreamContext

_log = logging.getLogger(__name__)
KEPT: Final = 50_000
"""So many messages of a partition stay on the broker after they were taken over."""
_BACKOFF: Final = [30.0, 60.0, 120.0, 300.0]
"""When the broker delivers again what was not acknowledged, in seconds."""
_DURABLE: Final = "yigong"
_BATCH: Final = 500
_FETCH_SECONDS: Final = 1.0
_LEASE: Final = timedelta(seconds=15)
_AWAY_SECONDS: Final = 2.0
_ELSEWHERE_SECONDS: Final = 3.0
_TIDY_SECONDS: Final = 60.0
_TRIES: Final = 3
_SCOPE: Final = "messages of all institutions are taken over from the broker"


class LostError(Exception):
    """Somebody else took this partition over."""


class Streamed(NamedTuple):
    """A message of a stream, by its number there."""

    sequence: int
    payload: bytes


class Takeover:
    """Takes over what arrives on the broker, as one of any number of workers. ``league`` is whom messages belong to
    that are none of ours."""

    def __init__(
        self,
        engine: Engine,
        ring: KeyRing,
        name: str,
        league: str,
        url: str,
        credentials: str = "",
        replicas: int = 1,
        kept: int = KEPT,
    ) -> None:
        self._engine, self._ring, self._name, self._league = engine, ring, name[:40], league
        self._broker, self._replicas, self._kept = (url, credentials), replicas, kept

    def run(self, stop: threading.Event) -> None:
        """Take over until told to stop. A broker or database that is away is waited for."""
        asyncio.run(self._run(stop))
        with suppress(SQLAlchemyError):  # then others wait until it is over
            self._let_go()

    async def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                client = await connect(*self._broker)
            except BusyError as error:
                _log.error("broker away, trying again", extra={"reason": str(error)})
                await asyncio.sleep(_AWAY_SECONDS)
                continue
            try:
                stream = await prepare(client, self._replicas)
                async with asyncio.TaskGroup() as group:
                    for number in range(PARTITIONS):
                        group.create_task(self._partition(stream, number, stop))
            except Exception as error:  # whatever it is: begin again from the cursor
                _log.error("takeover broke off, trying again", extra={"error": type(error).__name__})
                await asyncio.sleep(_AWAY_SECONDS)
            finally:
                with suppress(Exception):  # nothing was promised over this connection
                    await client.close()

    # -- one partition -------------------------------------------------------------------

    async def _partition(self, stream: JetStreamContext, number: int, stop: threading.Event) -> None:
        """Take over one partition whenever nobody else does."""
        from nats.js.api import AckPolicy, ConsumerConfig

        name = stream_of(number)
        made = (await stream.stream_info(name)).created
        assert made is not None  # the server always says so
        cursor = f"{name}@{made.astimezone(UTC):%Y%m%dT%H%M%S.%f}"  # a stream made anew counts from one again
        wanted = ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, backoff=_BACKOFF, max_ack_pending=4 * _BATCH)
        pulled = await stream.pull_subscribe(subject_of(number), durable=_DURABLE, stream=name, config=wanted)
        tidied = time.monotonic()
        while not stop.is_set():
            after = await asyncio.to_thread(self._held, cursor)
            if after is None:
                await asyncio.sleep(_ELSEWHERE_SECONDS)
                continue
            await self._took(stream, pulled, number, cursor, after)
            if time.monotonic() - tidied > _TIDY_SECONDS:
                tidied = time.monotonic()
                await self._tidy(stream, name, after)

    def _held(self, cursor: str) -> int | None:
        """Hold a partition for a while: gives its cursor, None when another worker holds it."""
        now, row = datetime.now(UTC), {"name": cursor, "sequence": 0, "owner": self._name}
        with writing(self._engine) as connection:
            found = connection.execute(select(cursors).where(cursors.c.name == cursor)).first()
            if found is None:
                with suppress(IntegrityError):  # somebody else was first
                    connection.execute(insert(cursors).values(row | {"until": now + _LEASE}))
                    return 0
                return None
            free = (cursors.c.owner == found.owner) & (cursors.c.until == found.until)
            if found.owner != self._name and found.until > now:
                return None
            mine = update(cursors).where(cursors.c.name == cursor, free)
            taken = connection.execute(mine.values(owner=self._name, until=now + _LEASE)).rowcount
            return int(found.sequence) if taken else None

    def _let_go(self) -> None:
        """Others need not wait for the end of what this worker held."""
        with writing(self._engine) as connection:
            mine = update(cursors).where(cursors.c.owner == self._name)
            connection.execute(mine.values(owner="", until=datetime.now(UTC)))

    async def _took(self, stream: JetStreamContext, pulled: Any, number: int, cursor: str, after: int) -> None:
        """Take over what came after the cursor, and tell the broker."""
        try:
            messages = await pulled.fetch(_BATCH, timeout=_FETCH_SECONDS)
        except TimeoutError:
            messages = []
        came = {m.metadata.sequence.stream: m.data for m in messages}
        arrived = await self._in_order(stream, number, after, came)
        if arrived:
            try:
                await asyncio.to_thread(self._move, cursor, after, arrived)
            except LostError:
                return
        for message in messages:
            await message.ack()

    async def _in_order(
        self, stream: JetStreamContext, number: int, after: int, came: dict[int, bytes]
    ) -> list[Streamed]:
        """What follows the cursor, without gaps: what was delivered to somebody else, or given up on, is fetched."""
        from nats.js.errors import NotFoundError

        wanted = range(after + 1, max(came, default=after) + 1)
        if not came or len(came.keys() & set(wanted)) < len(wanted):
            state = (await stream.stream_info(stream_of(number))).state
            last = max(came, default=state.last_seq)
            wanted = range(max(after + 1, state.first_seq), min(last, after + 2 * _BATCH) + 1)
        found = []
        for sequence in wanted:
            payload = came.get(sequence)
            if payload is None:
                try:
                    payload = (await stream.get_msg(stream_of(number), sequence, direct=True)).data
                except NotFoundError:  # removed by hand
                    continue
            found.append(Streamed(sequence, payload or b""))
        return found

    async def _tidy(self, stream: JetStreamContext, name: str, after: int) -> None:
        """Let go of what was taken over long ago."""
        if after > self._kept:
            await stream.purge_stream(name, seq=after - self._kept + 1)

    # -- one transaction -----------------------------------------------------------------

    def _move(self, cursor: str, after: int, arrived: Sequence[Streamed]) -> None:
        """Keep what arrived and move the cursor. What the database does not take is kept as what it is: bytes.
        Raises ``LostError``."""
        read = [(one, self._sound(one)) for one in arrived]
        try:
            self._commit(cursor, after, read)
        except DataError:
            for one, made in read:
                try:
                    self._commit(cursor, after, [(one, made)])
                except DataError:
                    self._commit(cursor, after, [(one, None)])
                after = one.sequence

    def _sound(self, one: Streamed) -> Arrival | None:
        """The message in it, if it is what we write ourselves."""
        made = decoded(one.payload)
        if made is None or made.key != message_key(made.tenant, made.standard, made.message_id):
            return None
        return made

    def _commit(self, cursor: str, after: int, read: Sequence[tuple[Streamed, Arrival | None]]) -> None:
        """Everything of these in one transaction, again when another process keeps one of them at that moment."""
        for left in reversed(range(_TRIES)):
            try:
                with system(_SCOPE), writing(self._engine) as connection:
                    self._forward(connection, cursor, after, read[-1][0].sequence)
                    self._keep(connection, cursor, read)
                return
            except IntegrityError:
                if not left:
                    raise

    def _forward(self, connection: Connection, cursor: str, after: int, to: int) -> None:
        here = (cursors.c.name == cursor, cursors.c.sequence == after, cursors.c.owner == self._name)
        moved = connection.execute(update(cursors).where(*here).values(sequence=to, until=datetime.now(UTC) + _LEASE))
        if moved.rowcount != 1:
            raise LostError(cursor)

    def _keep(self, connection: Connection, cursor: str, read: Sequence[tuple[Streamed, Arrival | None]]) -> None:
        arrivals = [made for _, made in read if made is not None]
        digests = {key: before.digest for key, before in admit(connection, arrivals).items()}
        for made in arrivals:
            if digests.setdefault(made.key, made.digest) != made.digest:
                bury(connection, self._beside(made), CONFLICT, "message id", "was used before for another message")
        for one, sound in read:
            if sound is None:
                bury(connection, self._stray(cursor, one), UNREADABLE, "broker", "was not put there by this service")

    def _beside(self, made: Arrival) -> Arrival:
        """A message under a key of its own, because its number was used before for another."""
        key = message_key(made.tenant, made.standard, f"{made.message_id}#{made.digest}")
        try:
            sealed = self._ring.seal(self._ring.unseal(made.sealed, made.key.encode()), key.encode())
        except SealError:  # nobody will open it there either
            sealed = made.sealed
        return msgspec.structs.replace(made, key=key, sealed=sealed)

    def _stray(self, cursor: str, one: Streamed) -> Arrival:
        number, now = f"{cursor}/{one.sequence}", datetime.now(UTC)
        key = message_key(self._league, "broker", number)
        sealed, digest = self._ring.seal(one.payload, key.encode()), sm3(one.payload)
        return Arrival(
            key, self._league, "broker", number, "", "", "", digest, len(one.payload), "broker", now, sealed
        )
