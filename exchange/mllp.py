"""The MLLP listener: HL7 v2 over TCP, acknowledged in the original mode once the message is durable.

Frames are ``VT message FS CR``. One connection may carry any number of them; each is answered before the next is
taken up, so that a sender that waits for its answer keeps its order. What was not answered was not accepted: a sender
sends it again, and a message that had become durable just before is known by its number.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Final

from base.tenancy import Scope, acting, tenant_path
from exchange.acknowledgement import (
    DUPLICATE,
    ILL_FORMED,
    INTERNAL,
    MISSING,
    Fault,
    Header,
    Verdict,
    acknowledge,
    header_of,
    refuse,
)
from exchange.intake import BusyError, ConflictError, Intake, Sent
from exchange.message import MessageError

_log = logging.getLogger(__name__)
_START, _END, _RETURN = b"\x0b", b"\x1c", b"\r"
_CHUNK: Final = 65_536
_BLANK: Final = b"\r\n \t\x00"
_SCOPE_ACTOR: Final = "mllp"


@dataclass(frozen=True, slots=True)
class Limits:
    """``size`` in bytes of one message. Seconds: between messages (``idle``), between parts of one (``stall``), for a
    whole one to arrive (``whole``), for it to become durable (``keep``), to end when told to stop (``drain``)."""

    size: int = 16_000_000
    connections: int = 200
    idle: float = 3_600
    stall: float = 30
    whole: float = 300
    keep: float = 30
    drain: float = 20


class Broken(Exception):  # noqa: N818
    """The bytes of a connection can no longer be told apart."""


@dataclass(frozen=True, slots=True)
class Oversize:
    """A message longer than allowed, by its beginning."""

    begins: bytes


class Frames:
    """Messages of one connection, as they come."""

    def __init__(self, reader: asyncio.StreamReader, limits: Limits) -> None:
        self._reader, self._limits, self._buffer = reader, limits, bytearray()
        self.unfinished = False
        """Whether a message has begun and not ended: nobody was told that it was accepted."""

    async def each(self) -> AsyncIterator[bytes | Oversize]:
        """Whole messages; an ``Oversize`` in place of one that is too long, whose rest is thrown away. Raises
        ``Broken`` for bytes that begin no message, ``TimeoutError`` for a sender that stalls."""
        while await self._begun():
            self.unfinished = True
            async with asyncio.timeout(self._limits.whole):
                message = await self._message()
            if message is None:
                return
            self.unfinished = False
            yield message

    async def _begun(self) -> bool:
        """Wait for the start of a message; False at the end of the connection."""
        while True:
            rest = self._buffer.lstrip(_BLANK)
            del self._buffer[: len(self._buffer) - len(rest)]
            if self._buffer[:1] == _START:
                del self._buffer[:1]
                return True
            if self._buffer:
                raise Broken
            if not await self._more(self._limits.idle):
                return False

    async def _message(self) -> bytes | Oversize | None:
        """Up to the end mark; None when the connection ends before it. A start mark in between means that the sender
        began anew: what came before was never finished."""
        sought = 0
        while (end := self._buffer.find(_END, sought)) < 0:
            self._restarted(sought)
            if len(self._buffer) > self._limits.size:
                return await self._overlong()
            sought = len(self._buffer)
            if not await self._more(self._limits.stall):
                return None
        message = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if len(message) > self._limits.size:
            return Oversize(message[:_CHUNK])
        return message.rpartition(_START)[2]

    def _restarted(self, since: int) -> None:
        again = self._buffer.rfind(_START, since)
        if again >= 0:
            del self._buffer[: again + 1]

    async def _overlong(self) -> Oversize | None:
        begins = bytes(self._buffer[:_CHUNK])
        while (end := self._buffer.find(_END)) < 0:
            self._buffer.clear()
            if not await self._more(self._limits.stall):
                return None
        del self._buffer[: end + 1]
        return Oversize(begins)

    async def _more(self, seconds: float) -> bool:
        async with asyncio.timeout(seconds):
            chunk = await self._reader.read(_CHUNK)
        self._buffer += chunk
        return bool(chunk)


class Listener:
    """Listens for one institution. ``start`` it, ``close`` it; what is being kept is finished and answered."""

    def __init__(self, intake: Intake, tenant: str, limits: Limits | None = None) -> None:
        self._intake, self._tenant, self._limits = intake, tenant_path(tenant), limits or Limits()
        self._scope = Scope(_SCOPE_ACTOR, writes=(self._tenant,))
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], Connection] = {}
        self._numbers = count(1)
        self._began = datetime.now(UTC).strftime("%Y%m%d%H%M%S")

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; gives the port (of a free one when 0 was asked for)."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_CHUNK, ssl=tls)
        where: int = self._server.sockets[0].getsockname()[1]
        return where

    async def close(self) -> None:
        """Take no more connections, finish what is being kept, end."""
        if self._server is not None:
            self._server.close()
        for task, connection in list(self._open.items()):
            connection.stopping = True
            if not connection.keeping:
                task.cancel()
        if self._open:
            _, late = await asyncio.wait(list(self._open), timeout=self._limits.drain)
            for task in late:
                task.cancel()
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= self._limits.connections:
            _log.warning("mllp connection refused: too many", extra={"tenant": self._tenant})
            writer.close()
            return
        connection = Connection(self, reader, writer)
        self._open[task] = connection
        try:
            with acting(self._scope):
                await connection.run()
        finally:
            self._open.pop(task, None)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    @property
    def limits(self) -> Limits:
        return self._limits

    def number(self) -> str:
        """A number for the next acknowledgement."""
        return f"YG{self._began}{next(self._numbers)}"

    async def keep(self, raw: bytes, source: str) -> None:
        """Returns when the message is durable."""
        async with asyncio.timeout(self._limits.keep):
            await self._intake.accept(Sent(self._tenant, "hl7v2", raw, source=source))


class Connection:
    """One sender's connection."""

    def __init__(self, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._listener, self._writer = listener, writer
        self._frames = Frames(reader, listener.limits)
        peer = writer.get_extra_info("peername")
        self._source = f"mllp:{peer[0]}" if isinstance(peer, tuple) else "mllp"
        self.keeping = self.stopping = False

    async def run(self) -> None:
        """Answer messages until the sender ends, breaks the framing, stalls, or we are told to stop."""
        why = ""
        try:
            async for message in self._frames.each():
                self.keeping = True
                await self._say(await self._answer(message))
                self.keeping = False
                if self.stopping:
                    break
        except TimeoutError:
            why = "stalled" if self._frames.unfinished else "idle"
        except Broken:
            why = "bytes outside of a frame"
        except (ConnectionError, ssl.SSLError) as error:
            why = type(error).__name__
        except asyncio.CancelledError:
            if not self.stopping:
                raise
        if why or self._frames.unfinished:
            _log.warning("mllp connection ended", extra={"reason": why, "unfinished": self._frames.unfinished})

    async def _say(self, answer: bytes) -> None:
        self._writer.write(_START + answer + _END + _RETURN)
        async with asyncio.timeout(self._listener.limits.stall):
            await self._writer.drain()

    async def _answer(self, message: bytes | Oversize) -> bytes:
        raw = message.begins if isinstance(message, Oversize) else message
        number, now = self._listener.number(), datetime.now(UTC)
        try:
            header = header_of(raw)
        except MessageError as error:
            condition = MISSING if error.field in ("MSH-9", "MSH-10") else ILL_FORMED
            return refuse(Fault(error.field, condition, error.problem), number, now)
        if isinstance(message, Oversize):
            says = f"longer than {self._listener.limits.size} bytes: send documents by reference or in parts"
            return acknowledge(header, Verdict.REJECTED, number, now, Fault("MSH", ILL_FORMED, says))
        verdict, fault = await self._kept(message, header)
        return acknowledge(header, verdict, number, now, fault)

    async def _kept(self, raw: bytes, header: Header) -> tuple[Verdict, Fault | None]:
        try:
            await self._listener.keep(raw, self._source)
        except ConflictError as error:
            return Verdict.ERROR, Fault("MSH-10", DUPLICATE, str(error))
        except BusyError as error:
            return Verdict.REJECTED, Fault("MSH", INTERNAL, f"{error}; send it again after {error.seconds} s")
        except Exception as error:  # whatever it is, the sender must hear that it was not accepted
            _log.error("mllp message not kept", extra={"error": type(error).__name__})
            return Verdict.REJECTED, Fault("MSH", INTERNAL, "the message could not be kept; send it again")
        return Verdict.ACCEPTED, None


def tls_context(certificate: str, key: str, client_ca: str = "") -> ssl.SSLContext:
    """A server's TLS; with ``client_ca`` only senders whose certificate it signed may connect. Raises ``OSError`` and
    ``ssl.SSLError`` for files that cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
