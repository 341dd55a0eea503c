"""A mail server for tests: plain, with STARTTLS, or with TLS from the first byte; with a login or without."""

from __future__ import annotations

import socket
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Letter(NamedTuple):
    """An e-mail as it arrived; ``login`` is who sent it, empty without a login."""

    to: list[str]
    mail: EmailMessage
    encrypted: bool
    login: str


class Post:
    """A mail server on this machine that keeps what it is given. ``certificate``: files of certificate and key;
    ``login``: the one name and password that it takes; ``refused``: receivers that it does not know."""

    def __init__(
        self,
        tls: str = "none",
        certificate: tuple[Path, Path] | None = None,
        login: tuple[str, str] | None = None,
        refused: tuple[str, ...] = (),
    ) -> None:
        self.letters: list[Letter] = []
        self._login, self._refused = login, refused
        context = None if certificate is None else ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        if context is not None and certificate is not None:
            context.load_cert_chain(*certificate)
        asks: dict[str, Any] = {"authenticator": self._knows, "auth_required": login is not None}
        asks |= {"auth_require_tls": tls == "starttls"}
        if tls == "tls":
            asks["ssl_context"] = context
        elif tls == "starttls":
            asks |= {"tls_context": context, "require_starttls": True}
        self.port = _free()
        self._controller = Controller(self, "127.0.0.1", self.port, **asks)
        self._controller.start()

    def close(self) -> None:
        self._controller.stop()

    def letter(self) -> EmailMessage:
        """The one e-mail that came."""
        (one,) = self.letters
        return one.mail

    def _knows(self, server: Any, session: Any, envelope: Any, mechanism: str, given: LoginPassword) -> AuthResult:
        said = (given.login.decode(), given.password.decode())
        return AuthResult(success=said == self._login, auth_data=said[0], handled=False)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self._refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        encrypted = server.transport.get_extra_info("sslcontext") is not None
        self.letters.append(Letter(envelope.rcpt_tos, mail, encrypted, session.auth_data or ""))
        return "250 OK"


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
