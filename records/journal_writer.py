"""A process that seals and stores what the journal hands it, so that a busy worker's interpreter is free for
reviews. Batches come pickled on standard input, each is answered on standard output; it ends with its worker."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from base.db import open_engine
from records.journal_store import store

_ROOT = str(Path(__file__).resolve().parent.parent)


class WriterError(Exception):
    """The process could not store a batch (the message names the kind of error), or is no more."""


class Writer:
    """The process, seen from the worker. ``database`` is its URL, ``key`` the one that seals."""

    def __init__(self, database: str, key: bytes) -> None:
        path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "records.journal_writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._send((database, key))

    def store(self, entries: Sequence[Any], given: Sequence[Any]) -> None:
        """Wait until a batch is stored, all of it or nothing. Raises ``WriterError``."""
        self._send((entries, given))
        assert self._process.stdout is not None  # a pipe was asked for
        try:
            fault = pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise WriterError("the writing process ended") from None
        if fault:
            raise WriterError(fault)

    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """Let the process finish and end."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None  # a pipe was asked for
        try:
            pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except OSError:
            raise WriterError("the writing process ended") from None


def serve(asked: IO[bytes], answered: IO[bytes]) -> None:
    """Store batches until the worker is gone."""
    database, key = pickle.load(asked)
    engine = open_engine(database)
    while True:
        try:
            entries, given = pickle.load(asked)
        except EOFError:
            return
        fault = ""
        try:
            store(engine, key, entries, given)
        except Exception as error:  # the worker decides what becomes of the batch
            fault = type(error).__name__
        pickle.dump(fault, answered)
        answered.flush()


def _main() -> None:
    answered = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints may reach the worker as an answer
    with suppress(KeyboardInterrupt, BrokenPipeError, EOFError):
        serve(sys.stdin.buffer, answered)


if __name__ == "__main__":
    _main()
