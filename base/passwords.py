"""Passwords: what is stored of them (PBKDF2 with HMAC-SM3), and what they must look like.

What is stored names its scheme and the work it cost, so that both may grow: a password is hashed anew at the next
login that proves it.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

_SCHEME: Final = "pbkdf2-sm3-1"
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_LONGEST: Final = 128
_KINDS: Final = 3
_RUN: Final = 5
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_SMALL: Final = "abcdefghijkmnpqrstuvwxyz"
_DIGITS: Final = "23456789"
_COMMON: Final = ("password", "passw0rd", "qwert", "admin", "yigong", "letmein", "welcome", "iloveyou", "abcd1234")


@dataclass(frozen=True, slots=True)
class Rules:
    """What an installation asks of passwords. ``days``: how long one may be used, 0 for ever; ``history``: how many
    earlier ones may not come back; ``iterations``: the work of one hash (100 000 take about 0.1 s)."""

    length: int = 10
    days: int = 90
    history: int = 5
    iterations: int = 300_000


def hashed(password: str, iterations: int) -> str:
    """What is stored of a password: scheme, iterations, salt, hash."""
    salt = secrets.token_bytes(_SALT_BYTES)
    parts = (b64encode(salt).decode(), b64encode(_derived(password, salt, iterations)).decode())
    return "$".join((_SCHEME, str(iterations), *parts))


def fits(password: str, stored: str) -> bool:
    """Whether a password is the stored one; what was stored by no scheme we know fits none."""
    try:
        scheme, iterations, salt, expected = stored.split("$")
        given = _derived(password, b64decode(salt), int(iterations)) if scheme == _SCHEME else b""
        return bool(given) and hmac.compare_digest(given, b64decode(expected))
    except (ValueError, Base64Error):
        return False


def outdated(stored: str, iterations: int) -> bool:
    """Whether the next login should hash anew: another scheme, or less work than is asked now."""
    scheme, _, rest = stored.partition("$")
    work = rest.partition("$")[0]
    return scheme != _SCHEME or not work.isdigit() or int(work) < iterations


def faults(password: str, name: str, rules: Rules) -> list[str]:
    """What is wrong with a new password, in words for whoever chose it; empty when it will do."""
    return list(_faults(unicodedata.normalize("NFKC", password), name, rules))


def temporary() -> str:
    """A password to be changed at the first login: 16 characters of all kinds, none that looks like another."""
    some = [secrets.choice(letters) for letters in (_LETTERS, _SMALL, _DIGITS, "-+=")]
    rest = [secrets.choice(_LETTERS + _SMALL + _DIGITS) for _ in range(12)]
    made = some + rest
    secrets.SystemRandom().shuffle(made)
    return "".join(made)


def _faults(password: str, name: str, rules: Rules) -> Iterator[str]:
    folded = password.casefold()
    if len(password) < rules.length:
        yield f"至少 {rules.length} 个字符"
    if len(password) > _LONGEST:
        yield f"最多 {_LONGEST} 个字符"
    if sum(map(bool, _kinds(password))) < _KINDS:
        yield "须含大写字母、小写字母、数字、符号中的至少三类"
    if len(name) > 2 and (name.casefold() in folded or name.casefold()[::-1] in folded):
        yield "不能包含账号名"
    if any(word in folded for word in _COMMON):
        yield "不能包含常见弱口令"
    if _has_run(folded):
        yield f"不能有 {_RUN} 个以上相同或连续的字符"


def _kinds(password: str) -> tuple[bool, bool, bool, bool]:
    return (
        any(c.isupper() for c in password),
        any(c.islower() for c in password),
        any(c.isdigit() for c in password),
        any(not c.isalnum() for c in password),
    )


def _has_run(text: str) -> bool:
    """Five equal characters, or five that follow each other (12345, edcba)."""
    steps = [ord(b) - ord(a) for a, b in zip(text, text[1:], strict=False)]
    return any(
        len(set(steps[at : at + _RUN - 1])) == 1 and steps[at] in (-1, 0, 1) for at in range(len(steps) - _RUN + 2)
    )


def _derived(password: str, salt: bytes, iterations: int) -> bytes:
    plain = unicodedata.normalize("NFKC", password).encode()
    return PBKDF2HMAC(SM3(), _HASH_BYTES, salt, iterations).derive(plain)
