"""E-mail through a real mail server: encrypted in both ways, with a login, and never to one that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from supervision.operations.channels import MailServer, Note, Outlets, UntoldError, deliver
from supervision.operations.policy import Mail
from tests.authority import Authority
from tests.mail_server import Post

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
"""The server knows of STARTTLS alone, not of TLS that is there from the first byte."""
NOTE = Note("【医共】告警（严重）左旗医院：节点离线。已 31 分钟", {}, "1")
TO = ("duty@example.org", "office@example.org")
LOGIN = ("yigong", "Regen-und-Wind-3")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "hospital")


@contextmanager
def serving(authority: Authority, tls: str, **how: Any) -> Iterator[Post]:
    certificate, key, _ = authority.issue("mail", ExtendedKeyUsageOID.SERVER_AUTH)
    server = Post(tls, (certificate, key), **how)
    yield server
    server.close()


def send(server: Post, tls: str, ca: Path | None, login: tuple[str, str] = LOGIN) -> None:
    mail = MailServer("127.0.0.1", server.port, *login, "yigong@example.org", tls, ca)
    with httpx.Client() as web:
        deliver(Mail(name="值班", to=TO), NOTE, Outlets(web, str, mail=mail))


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_letter_goes_out_encrypted_under_our_login(authority: Authority, tls: str) -> None:
    with serving(authority, tls, login=LOGIN) as server:
        send(server, tls, authority.file)
    (letter,) = server.letters
    assert (letter.encrypted, letter.login, letter.to) == (True, "yigong", list(TO))
    assert letter.mail["subject"] == "【医共】告警（严重）左旗医院：节点离线"
    assert "已 31 分钟" in letter.mail.get_content()


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("known", ["nobody", "another"])
def test_a_server_that_nobody_vouches_for_gets_neither_letter_nor_password(
    authority: Authority, tmp_path: Path, tls: str, known: str
) -> None:
    ca = Authority(tmp_path, "another").file if known == "another" else None
    with serving(authority, tls, login=LOGIN) as server, pytest.raises(UntoldError, match="证书不可信"):
        send(server, tls, ca)
    assert server.letters == []


def test_a_wrong_password_is_told_as_what_it_is(authority: Authority) -> None:
    with serving(authority, "starttls", login=LOGIN) as server, pytest.raises(UntoldError, match="拒绝登录"):
        send(server, "starttls", authority.file, (LOGIN[0], "wrong"))
    assert server.letters == []


def test_a_server_without_encryption_gets_nothing_when_encryption_was_asked_for() -> None:
    server = Post()
    with pytest.raises(UntoldError, match="STARTTLS"):
        send(server, "starttls", None)
    server.close()
    assert server.letters == []


def test_who_is_unknown_to_the_server_keeps_the_letter_from_nobody_else() -> None:
    server = Post(refused=(TO[0],))
    send(server, "none", None, ("", ""))
    server.close()
    assert server.letters[0].to == [TO[1]]


def test_a_letter_that_the_server_takes_for_nobody_is_not_told() -> None:
    server = Post(refused=TO)
    with pytest.raises(UntoldError, match="收件人"):
        send(server, "none", None, ("", ""))
    server.close()
