"""A process that seals and stores what the journal hands it, so that a busy worker's interpreter is free for
reviews. Batches come as length and MessagePack on standard input, each is answered likewise on standard output;
it ends with its worker, and yields the processor to whoever answers a clinician."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from base.db import open_engine
from base.keyring import KeyRing
from records.journal_store import Entry, Feedback, store

_NICE: Final = 10
_REFRESHED: Final = 200
_PIPE: Final = 1 << 20
_LENGTH: Final = struct.Struct(">I")
_encode: Final = msgspec.msgpack.Encoder().encode
_batch: Final = msgspec.msgpack.Decoder(tuple[list[Entry], list[Feedback]])
_keys: Final = msgspec.msgpack.Decoder(tuple[str, bytes, bytes])
_fault: Final = msgspec.msgpack.Decoder(str)
_ROOT: Final = str(Path(__file__).resolve().parent.parent)


class WriterError(Exception):
    """The process could not store a batch (the message names the kind of error), or is no more."""


class Writer:
    """The process, seen from the worker. ``database`` is its URL, ``ring`` the keys that seal."""

    def __init__(self, database: str, ring: KeyRing) -> None:
        path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH", ""))))
        # A pipe of its own for answers: whatever a library prints can then not be taken for one.
        answers, answering = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "records.journal_writer", str(answering)],
            stdin=subprocess.PIPE,
            pass_fds=[answering],
            env={**os.environ, "PYTHONPATH": path},
        )
        os.close(answering)
        _widen(self._process.stdin)
        self._answers = os.fdopen(answers, "rb")
        self._send((database, *ring.carried()))

    def store(self, entries: Sequence[Entry], given: Sequence[Feedback]) -> None:
        """Wait until a batch, whose requests and answers are JSON bytes, is stored: all of it or nothing. Raises
        ``WriterError``."""
        self._send((entries, given))
        try:
            fault = _fault.decode(_read(self._answers))
        except (EOFError, OSError, msgspec.DecodeError):
            raise WriterError("the writing process ended") from None
        if fault:
            raise WriterError(fault)

    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """Let the process finish and end."""
        for pipe in (self._process.stdin, self._answers):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None  # a pipe was asked for
        try:
            _write(self._process.stdin, message)
        except OSError:
            raise WriterError("the writing process ended") from None


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a batch pass in a few pieces, where the system can: each takes the interpreter from a review."""
    if pipe is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # this machine allows less
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _write(pipe: IO[bytes], message: Any) -> None:
    packed = _encode(message)
    pipe.write(_LENGTH.pack(len(packed)))
    pipe.write(packed)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes:
    """The next message. Raises ``EOFError`` when the other side is gone."""
    length = pipe.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        raise EOFError
    packed = pipe.read(_LENGTH.unpack(length)[0])
    if len(packed) < _LENGTH.unpack(length)[0]:
        raise EOFError
    return packed


def serve(asked: IO[bytes], answered: IO[bytes]) -> None:
    """Store batches until the worker is gone."""
    database, master, before = _keys.decode(_read(asked))
    engine = open_engine(database)
    ring, batches = KeyRing(engine, master, before), 0
    while True:
        try:
            entries, given = _batch.decode(_read(asked))
        except EOFError:
            return
        batches += 1
        if batches % _REFRESHED == 0:  # another key may seal by now
            ring.refresh()
        fault = ""
        try:
            store(engine, ring, entries, given)
        except Exception as error:  # the worker decides what becomes of the batch
            fault = type(error).__name__
        _write(answered, fault)


def _main() -> None:
    os.nice(_NICE)
    with suppress(KeyboardInterrupt, BrokenPipeError, EOFError), os.fdopen(int(sys.argv[1]), "wb") as answered:
        serve(sys.stdin.buffer, answered)


if __name__ == "__main__":
    _main()
