"""Server-sent events (WHATWG HTML, 9.2): bytes, however they are cut, to the data of each event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_END: Final = re.compile(rb"\r\n|\n|\r")
LONGEST: Final = 1_000_000
"""Bytes of one event; a server that sends more without an end is cut off."""


class EventError(Exception):
    """An event without an end, or one that is not UTF-8."""


class Events:
    """Decodes one stream. Feed bytes as they come and take the events that are whole; lines may end in CR, LF or
    both, and a cut may fall anywhere, inside a character too."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._rest, self._data = b"", list[bytes]()
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The data of every event that this chunk completes. Raises ``EventError``."""
        self._rest += chunk
        at = 0
        for end in _END.finditer(self._rest):
            if end.end() == len(self._rest) and end[0] == b"\r":
                break  # the LF of a CRLF may come with the next chunk
            yield from self._line(self._rest[at : end.start()])
            at = end.end()
        self._rest = self._rest[at:]
        self._bounded(len(self._rest))

    def close(self) -> Iterator[str]:
        """The event that a stream ended with, when its empty line was left out."""
        if self._rest:
            yield from self._line(self._rest.rstrip(b"\r"))
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[str]:
        if not line:
            if self._data:
                yield _text(b"\n".join(self._data))
            self._data, self._size = [], 0
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
            self._bounded(self._size)

    def _bounded(self, size: int) -> None:
        if size > self._longest:
            raise EventError("an event is too long")


def event(name: str, data: bytes) -> bytes:
    """An event to send; ``data`` is JSON without line ends."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise EventError("an event is not UTF-8") from None
