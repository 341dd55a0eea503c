"""Hospitals send HL7 v2 over TCP: what is acknowledged is durable, what is not durable is not acknowledged."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hl7.client import MLLPClient
from sqlalchemy import Engine, func, select

from base.db import open_engine
from base.keyring import KeyRing
from base.tenancy import current
from exchange.intake import BusyError, ConflictError, Receipt, Sent, StoredIntake
from exchange.ledger import contents, messages
from exchange.mllp import Limits, Listener, tls_context
from tests.hl7v2_samples import CARD, OBR, PID, PV1, message, obx

TENANT = "league/county-a/hospital-1"
NOW = datetime(2026, 1, 12, tzinfo=UTC)
ADT = message("ADT^A01", PID, PV1)
QUICK = Limits(size=20_000, stall=0.3, whole=1.0, keep=0.5, drain=1.0)


def framed(raw: bytes) -> bytes:
    return b"\x0b" + raw + b"\x1c\r"


class Kept:
    """An intake that remembers what was kept."""

    def __init__(self, act: Callable[[Sent], Awaitable[None]] | None = None) -> None:
        self.sent: list[Sent] = []
        self._act = act

    async def accept(self, sent: Sent) -> Receipt:
        scope = current()
        assert scope is not None
        assert scope.may_write(sent.tenant)
        assert not scope.may_write("league/county-a/hospital-2")
        if self._act is not None:
            await self._act(sent)
        self.sent.append(sent)
        return Receipt("id", "waiting", "digest", NOW)

    async def close(self) -> None:
        pass


class Talk:
    """A sender's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> list[str]:
        """Segments of the next acknowledgement; none when the connection ends."""
        async with asyncio.timeout(5):
            block = await self.reader.readuntil(b"\x1c\r")
        assert block[:1] == b"\x0b"
        return block[1:-2].decode().split("\r")

    async def ended(self) -> bool:
        async with asyncio.timeout(5):
            return await self.reader.read() == b""


def talking(
    told: Callable[[Talk], Awaitable[None]], kept: Any, limits: Limits = QUICK, tls: ssl.SSLContext | None = None
) -> None:
    """Run one conversation with a listener."""

    async def run() -> None:
        listener = Listener(kept, TENANT, limits)
        port = await listener.start("127.0.0.1", 0)
        talk = Talk(*await asyncio.open_connection("127.0.0.1", port))
        try:
            await told(talk)
        finally:
            talk.writer.close()
            await listener.close()

    asyncio.run(run())


def codes(answer: list[str]) -> tuple[str, str]:
    msa = answer[1].split("|")
    return msa[1], msa[2]


def test_a_sender_of_the_library_is_answered_and_what_it_sent_is_sealed_in_the_database(engine: Engine) -> None:
    """The other side is python-hl7's own client; the message is committed before the answer goes out."""
    ring = KeyRing(engine, bytes(16))

    async def run() -> bytes:
        intake = StoredIntake(engine, ring)
        listener = Listener(intake, TENANT)
        port = await listener.start("127.0.0.1", 0)

        def send() -> bytes:
            with MLLPClient("127.0.0.1", port) as client:
                answer: bytes = client.send_message(ADT)
                assert client.send_message(ADT).count(b"MSA|AA|MSG1") == 1, "the same message again is accepted again"
                assert b"MSA|AE|MSG1" in client.send_message(ADT.replace(b"A01", b"A08"))
                return answer

        answer = await asyncio.to_thread(send)
        await listener.close()
        await intake.close()
        return answer

    assert b"MSA|AA|MSG1\r" in asyncio.run(run())
    with engine.connect() as connection:
        row = connection.execute(select(messages.c.message_id, messages.c.tenant, messages.c.source)).one()
        sealed = connection.execute(select(contents.c.sealed, contents.c.key)).one()
    assert tuple(row) == ("HIS/MSG1", TENANT, "mllp:127.0.0.1")
    assert CARD.encode() not in sealed.sealed
    assert ring.unseal(sealed.sealed, sealed.key.encode()) == ADT


def test_nothing_is_kept_of_what_was_not_answered_with_aa(engine: Engine) -> None:
    intake = StoredIntake(engine, KeyRing(engine, bytes(16)), backlog=0)

    async def told(talk: Talk) -> None:
        await talk.send(framed(ADT))
        answer = await talk.answer()
        assert codes(answer) == ("AR", "MSG1")
        assert "again after 30 s" in answer[1]

    talking(told, intake)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(messages)).scalar() == 0


def test_many_messages_of_one_connection_are_answered_in_their_order() -> None:
    kept = Kept()
    sent = [message("ADT^A08", PID, PV1, number=str(n)) for n in range(50)]

    async def told(talk: Talk) -> None:
        await talk.send(b"\r\n".join(framed(raw) for raw in sent))
        assert [codes(await talk.answer()) for _ in sent] == [("AA", str(n)) for n in range(50)]

    talking(told, kept)
    assert [s.raw for s in kept.sent] == sent


def test_a_slow_sender_is_waited_for() -> None:
    kept = Kept()

    async def told(talk: Talk) -> None:
        whole = framed(ADT)
        for start in range(0, len(whole), 40):
            await talk.send(whole[start : start + 40])
            await asyncio.sleep(0.005)
        assert codes(await talk.answer()) == ("AA", "MSG1")

    talking(told, kept)
    assert [s.raw for s in kept.sent] == [ADT]


@pytest.mark.parametrize("cut", [1, 40, len(framed(ADT)) - 3])
def test_half_a_message_when_the_connection_ends_is_neither_kept_nor_answered(cut: int) -> None:
    kept = Kept()

    async def told(talk: Talk) -> None:
        await talk.send(framed(message("ADT^A01", PID, PV1, number="0")) + framed(ADT)[:cut])
        talk.writer.write_eof()
        assert codes(await talk.answer()) == ("AA", "0")
        assert await talk.ended()

    talking(told, kept)
    assert len(kept.sent) == 1


def test_a_sender_that_stalls_within_a_message_is_hung_up_on() -> None:
    kept = Kept()

    async def told(talk: Talk) -> None:
        await talk.send(framed(ADT)[:60])
        assert await talk.ended()

    talking(told, kept)
    assert not kept.sent


async def _trickle(talk: Talk) -> None:
    while True:
        await talk.send(b"x")
        await asyncio.sleep(0.05)


def test_a_sender_that_trickles_for_ever_is_hung_up_on() -> None:
    kept = Kept()

    async def told(talk: Talk) -> None:
        await talk.send(b"\x0bMSH|")
        with pytest.raises(ConnectionError):
            await _trickle(talk)

    talking(told, kept)
    assert not kept.sent


def test_a_message_that_was_begun_anew_counts_from_its_second_beginning() -> None:
    kept = Kept()

    async def told(talk: Talk) -> None:
        await talk.send(framed(ADT)[:80] + framed(ADT))
        assert codes(await talk.answer()) == ("AA", "MSG1")
        await talk.send(framed(ADT)[:80])
        await asyncio.sleep(0.02)
        await talk.send(framed(ADT))
        assert codes(await talk.answer()) == ("AA", "MSG1")

    talking(told, kept)
    assert [s.raw for s in kept.sent] == [ADT, ADT]


def test_a_message_that_is_too_long_is_rejected_and_the_next_one_taken() -> None:
    kept = Kept()
    long = message("ORU^R01", PID, OBR, obx(1, "X^报告", "长" * 30_000, "TX"), number="LONG")

    async def told(talk: Talk) -> None:
        await talk.send(framed(long) + framed(ADT))
        answer = await talk.answer()
        assert codes(answer) == ("AR", "LONG")
        assert "20000 bytes" in answer[1]
        assert codes(await talk.answer()) == ("AA", "MSG1")

    talking(told, kept)
    assert [s.raw for s in kept.sent] == [ADT]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "MSH"),
        (b"hello", "MSH"),
        (message("ADT^A01", PID, number=""), "MSH^1^10"),
        (message("", PID), "MSH^1^9"),
    ],
)
def test_what_cannot_be_answered_to_is_rejected_with_its_place(raw: bytes, says: str) -> None:
    kept = Kept()

    async def told(talk: Talk) -> None:
        await talk.send(framed(raw) + framed(ADT))
        answer = await talk.answer()
        assert codes(answer) == ("AR", "")
        assert answer[2].startswith(f"ERR|{says}")
        assert codes(await talk.answer()) == ("AA", "MSG1")

    talking(told, kept)
    assert [s.raw for s in kept.sent] == [ADT]


def test_bytes_outside_of_a_frame_end_the_connection() -> None:
    kept = Kept()

    async def told(talk: Talk) -> None:
        await talk.send(b"GET / HTTP/1.1\r\n\r\n")
        assert await talk.ended()

    talking(told, kept)
    assert not kept.sent


async def _conflict(sent: Sent) -> None:
    raise ConflictError("key")


async def _busy(sent: Sent) -> None:
    raise BusyError("the store is away", 5)


async def _broken(sent: Sent) -> None:
    raise RuntimeError(f"张三丰 {CARD}")


async def _hangs(sent: Sent) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(("act", "code"), [(_conflict, "AE"), (_busy, "AR"), (_broken, "AR"), (_hangs, "AR")])
def test_what_is_not_durable_is_not_accepted(
    act: Callable[[Sent], Awaitable[None]], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def told(talk: Talk) -> None:
        await talk.send(framed(ADT))
        answer = await talk.answer()
        assert codes(answer) == (code, "MSG1")
        assert "张三丰" not in "".join(answer)
        assert CARD not in "".join(answer)

    talking(told, Kept(act))
    assert "张三丰" not in caplog.text
    assert CARD not in caplog.text


def test_closing_answers_what_is_being_kept_and_hangs_up_on_the_rest() -> None:
    """The message is on its way to the disk when the listener is told to stop: its sender still hears of it."""
    began, go_on = asyncio.Event(), asyncio.Event()

    async def act(sent: Sent) -> None:
        began.set()
        await go_on.wait()

    async def run() -> None:
        listener = Listener(Kept(act), TENANT, QUICK)
        port = await listener.start("127.0.0.1", 0)
        busy = Talk(*await asyncio.open_connection("127.0.0.1", port))
        idle = Talk(*await asyncio.open_connection("127.0.0.1", port))
        half = Talk(*await asyncio.open_connection("127.0.0.1", port))
        await busy.send(framed(ADT) + framed(ADT))
        await half.send(framed(ADT)[:50])
        await began.wait()
        closing = asyncio.create_task(listener.close())
        await asyncio.sleep(0.02)
        go_on.set()
        assert codes(await busy.answer()) == ("AA", "MSG1")
        assert await busy.ended(), "the second message was not taken up"
        assert await idle.ended()
        assert await half.ended()
        await closing
        for talk in (busy, idle, half):
            talk.writer.close()

    asyncio.run(run())


def test_more_senders_than_allowed_are_hung_up_on() -> None:
    async def run() -> None:
        listener = Listener(Kept(), TENANT, Limits(connections=1))
        port = await listener.start("127.0.0.1", 0)
        first = Talk(*await asyncio.open_connection("127.0.0.1", port))
        await first.send(framed(ADT))
        assert codes(await first.answer())[0] == "AA"
        second = Talk(*await asyncio.open_connection("127.0.0.1", port))
        assert await second.ended()
        await first.send(framed(ADT))
        assert codes(await first.answer())[0] == "AA"
        first.writer.close()
        second.writer.close()
        await listener.close()

    asyncio.run(run())


def _certificate(folder: Path, name: str) -> tuple[str, str]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(chain), str(secret)


async def _told(talk: Talk) -> list[str]:
    await talk.send(framed(ADT))
    return await talk.answer()


def test_with_tls_only_senders_with_a_known_certificate_may_send(tmp_path: Path) -> None:
    server, client = _certificate(tmp_path, "server"), _certificate(tmp_path, "his")
    kept = Kept()

    async def run() -> None:
        listener = Listener(kept, TENANT, QUICK)
        port = await listener.start("127.0.0.1", 0, tls_context(*server, client_ca=client[0]))
        trusting = ssl.create_default_context(cafile=server[0])
        stranger = Talk(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="localhost"))
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await _told(stranger)
        trusting.load_cert_chain(*client)
        known = Talk(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="localhost"))
        await known.send(framed(ADT))
        assert codes(await known.answer()) == ("AA", "MSG1")
        known.writer.close()
        stranger.writer.close()
        await listener.close()

    asyncio.run(run())
    assert len(kept.sent) == 1


def test_the_command_listens_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """``yigong mllp`` as an operator starts it; what was acknowledged is in the database when it has ended."""
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "mllp",
        "--tenant",
        TENANT,
        "--port",
        "0",
        "--data-dir",
        str(tmp_path),
    ]
    environment = {**os.environ, "COLUMNS": "200", "TERM": "dumb", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        said = running.stdout.readline()
        port = int(said.partition(" → ")[0].rpartition(":")[2])
        with MLLPClient("127.0.0.1", port) as client:
            assert b"MSA|AA|MSG1" in client.send_message(ADT)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    engine = open_engine(f"sqlite:///{tmp_path / 'yigong.sqlite'}")
    with engine.connect() as connection:
        assert connection.execute(select(messages.c.message_id)).scalar_one() == "HIS/MSG1"
    engine.dispose()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--tenant", "no path"), "a tenant is a path"),
        (("--tenant", TENANT, "--client-ca", __file__), "needs both --cert and --key"),
    ],
)
def test_the_command_says_what_is_wrong_with_what_it_was_given(given: tuple[str, ...], says: str) -> None:
    command = [sys.executable, "-m", "api.cli", "mllp", *given]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200", "TERM": "dumb"}
    )
    assert done.returncode == 2
    assert says in done.stderr
