"""Messages over NATS JetStream: durable on the broker when they are acknowledged.

A message goes, sealed, to the stream of its patient's partition, under an id by which the broker knows it again. From
there it is taken over into the database (``exchange.takeover``) and is then like any other.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import Engine, insert, select

from base.keyring import KeyRing
from base.tenancy import system
from exchange.intake import BusyError, ConflictError, Receipt, Sent, arrived, outcome
from exchange.ledger import WAITING, Arrival, Known, contents, known, writing
from exchange.queue import content_row

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

_log = logging.getLogger(__name__)
PARTITIONS: Final = 8
"""Never changed in an installation: the order of a patient hangs on it."""
WINDOW_SECONDS: Final = 600.0
"""How long the broker knows a message again; afterwards the database does."""
_ACK_SECONDS: Final = 5.0
_HEAD: Final = 2_000
"""Bytes of a stream message beside its content."""
_SCOPE: Final = "messages of all institutions are kept"


def stream_of(partition: int) -> str:
    return f"YIGONG_INTAKE_{partition}"


def subject_of(partition: int) -> str:
    return f"yigong.intake.{partition}"


def partition_of(made: Arrival) -> int:
    """All messages of a patient are of one partition."""
    return int((made.lane or made.key)[:8], 16) % PARTITIONS


async def connect(url: str, credentials: str) -> Client:
    """A connection to the broker (several servers by commas) that is made again for ever. Raises ``BusyError`` when
    there is none at the beginning."""
    import nats
    from nats.errors import Error

    async def troubled(error: Exception) -> None:
        _log.error("broker", extra={"error": type(error).__name__})

    try:
        async with asyncio.timeout(_ACK_SECONDS):  # it would try for ever the first time too
            return await nats.connect(
                url.split(","),
                name="yigong",
                max_reconnect_attempts=-1,
                connect_timeout=3,
                error_cb=troubled,
                user_credentials=credentials or None,
            )
    except (Error, OSError, TimeoutError) as error:
        raise BusyError("the broker is away", 5) from error


async def prepare(client: Client, replicas: int) -> JetStreamContext:
    """Make the streams, or bring them to what is wanted: on file, so many copies, never dropping what is new."""
    from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
    from nats.js.errors import BadRequestError

    stream = client.jetstream(timeout=_ACK_SECONDS)
    for partition in range(PARTITIONS):
        wanted = StreamConfig(
            name=stream_of(partition),
            subjects=[subject_of(partition)],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            num_replicas=replicas,
            discard=DiscardPolicy.NEW,
            duplicate_window=WINDOW_SECONDS,
            allow_direct=True,
        )
        try:
            await stream.add_stream(wanted)
        except BadRequestError:  # it is there, otherwise
            await stream.update_stream(wanted)
    return stream


class StreamIntake:
    """The way in over the broker. Connects at the first message."""

    def __init__(self, engine: Engine, ring: KeyRing, url: str, credentials: str = "", replicas: int = 1) -> None:
        self._engine, self._ring = engine, ring
        self._url, self._credentials, self._replicas = url, credentials, replicas
        self._lock = asyncio.Lock()
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None

    async def accept(self, sent: Sent) -> Receipt:
        made = await arrived(self._ring, sent)
        stream = self._stream or await self._opened()
        assert self._client is not None  # opened
        if made.size > self._client.max_payload - _HEAD:
            made = await asyncio.to_thread(self._aside, made)
        answer = await self._published(stream, made)
        if not answer.duplicate:
            return Receipt(made.key, WAITING, made.digest, made.received)
        told = outcome(made, await self._before(stream, partition_of(made), answer.seq, made.key))
        if isinstance(told, ConflictError):
            raise told
        return told

    async def close(self) -> None:
        if self._client is not None:
            with suppress(Exception):  # what was acknowledged is safe, the rest was not promised
                await self._client.drain()
            self._client = self._stream = None

    async def _opened(self) -> JetStreamContext:
        from nats.errors import Error

        async with self._lock:
            if self._stream is None:
                self._client = await connect(self._url, self._credentials)
                try:
                    self._stream = await prepare(self._client, self._replicas)
                except (Error, TimeoutError) as error:
                    await self.close()
                    raise BusyError("the broker is not ready", 5) from error
        assert self._stream is not None
        return self._stream

    async def _published(self, stream: JetStreamContext, made: Arrival) -> Any:
        from nats.errors import Error

        partition = partition_of(made)
        headers = {"Nats-Msg-Id": made.key}
        try:
            return await stream.publish(
                subject_of(partition), msgspec.msgpack.encode(made), _ACK_SECONDS, stream_of(partition), headers
            )
        except (Error, TimeoutError) as error:  # it may be there: sent again it is known again
            _log.error("message not kept by the broker", extra={"error": type(error).__name__})
            raise BusyError("the broker did not keep the message", 5) from error

    async def _before(self, stream: JetStreamContext, partition: int, sequence: int, key: str) -> Known | None:
        """What is known of a message that the broker has seen before."""
        found = (await asyncio.to_thread(self._in_database, key)).get(key)
        if found is not None:
            return found
        first = decoded((await stream.get_msg(stream_of(partition), sequence, direct=True)).data)
        return None if first is None else Known(first.digest, WAITING, first.received)

    def _in_database(self, key: str) -> dict[str, Known]:
        with system(_SCOPE), self._engine.connect() as connection:
            return known(connection, [key])

    def _aside(self, made: Arrival) -> Arrival:
        """Keep what is too large for the broker in the database, and send the rest of it on its way. Raises
        ``ConflictError``."""
        with system(_SCOPE), writing(self._engine, durable=True) as connection:
            kept = select(contents.c.digest).where(contents.c.key == made.key, contents.c.revision == 1)
            before = connection.execute(kept).scalar()
            if before is None:
                connection.execute(insert(contents).values(content_row(made, 1, made.source, made.received)))
            elif before != made.digest:
                raise ConflictError(made.key)
        return msgspec.structs.replace(made, sealed=b"")


def decoded(payload: bytes | None) -> Arrival | None:
    """The message in a stream's message; None when it is none of ours."""
    try:
        return _DECODER.decode(payload or b"")
    except msgspec.MsgspecError:
        return None


_DECODER: Final = msgspec.msgpack.Decoder(Arrival)
