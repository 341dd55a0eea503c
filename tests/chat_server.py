"""A local server that speaks the chat protocol of OpenAI, as well or as badly as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Call"], None]


class Call:
    """One request, and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self._handler, self.body = handler, body
        self.path, self.headers = handler.path, dict(handler.headers)

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self._handler.send_response(status)
        given = {"Content-Type": kind, "Connection": "close"}
        for name, value in (given | {n.replace("_", "-"): v for n, v in headers.items()}).items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def write(self, data: str | bytes) -> None:
        self._handler.wfile.write(data.encode() if isinstance(data, str) else data)
        self._handler.wfile.flush()

    def hang_up(self) -> None:
        """Without a goodbye."""
        import socket
        import struct

        self._handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._handler.connection.close()


class ChatServer:
    """Answers with one reply after the other, the last one for ever. ``calls`` are the requests so far."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self.replies, self.calls = list(replies), list[Call]()
        self._lock = threading.Lock()
        self.broken = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                call = Call(self, json.loads(self.rfile.read(length)))
                with outer._lock:
                    reply = outer.replies[min(len(outer.calls), len(outer.replies) - 1)]
                    outer.calls.append(call)
                try:
                    reply(call)
                except OSError:
                    outer.broken += 1
                self.close_connection = True

            def log_message(self, *args: Any) -> None:
                pass

            def finish(self) -> None:
                try:
                    super().finish()
                except (OSError, ValueError):
                    outer.broken += 1

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args: Any) -> None:
                outer.broken += 1

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def told(self) -> str:
        """Everything that was ever sent here."""
        return json.dumps([[call.path, call.headers, call.body] for call in self.calls], ensure_ascii=False)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def chat_server(*replies: Reply) -> Iterator[ChatServer]:
    server = ChatServer(replies)
    try:
        yield server
    finally:
        server.close()


def chunk(text: str | None = None, reason: str | None = None, **more: Any) -> str:
    """One event of a stream."""
    delta = {} if text is None else {"content": text}
    told = {"choices": [{"index": 0, "delta": delta | more, "finish_reason": reason}]}
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n"


def says(*pieces: str, pause: float = 0.0) -> Reply:
    """Streams the pieces as it should be done."""

    def reply(call: Call) -> None:
        call.begin()
        call.write(chunk(None, role="assistant"))
        for piece in pieces:
            call.write(chunk(piece))
            time.sleep(pause)
        call.write(chunk(None, "stop") + "data: [DONE]\n\n")

    return reply


def letters(text: str, size: int = 3) -> Reply:
    """Streams a text a few characters at a time."""
    return says(*(text[at : at + size] for at in range(0, len(text), size)))


def status(code: int, body: str = "{}", **headers: str) -> Reply:
    """Answers with a status."""

    def reply(call: Call) -> None:
        call.begin(code, "application/json", **headers)
        call.write(body)

    return reply


def raw(*parts: str | bytes, hang_up: bool = False, pause: float = 0.0) -> Reply:
    """Writes what it is given, and hangs up if told to."""

    def reply(call: Call) -> None:
        call.begin()
        for part in parts:
            call.write(part)
            time.sleep(pause)
        if hang_up:
            call.hang_up()

    return reply


def silent(seconds: float, *first: str) -> Reply:
    """Begins, and says nothing more for a while."""
    return raw(*first, "", pause=seconds)
