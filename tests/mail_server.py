"""A mail server for tests."""

from __future__ import annotations

import socket
import threading
from email import message_from_string, policy
from email.message import EmailMessage


class Post:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection, connection.makefile("rwb") as line:

            def say(text: bytes) -> None:
                line.write(text + b"\r\n")
                line.flush()

            say(b"220 test")
            while command := line.readline().strip():
                self.got.append(command.decode())
                if command.upper() == b"DATA":
                    say(b"354 go on")
                    while (told := line.readline()) != b".\r\n":
                        self.got.append(told.decode().rstrip())
                say(b"221 bye" if command.upper() == b"QUIT" else b"250 ok")
                if command.upper() == b"QUIT":
                    return

    def close(self) -> None:
        self._thread.join(5)
        self._server.close()

    def letter(self) -> EmailMessage:
        """What was sent."""
        start = self.got.index("data") + 1
        return message_from_string("\n".join(self.got[start:-1]), _class=EmailMessage, policy=policy.default)
