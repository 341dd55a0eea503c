"""Numbers by which persons are called outside: the internal id is never shown.

A number is the id put through a keyed permutation (four Feistel rounds over 40 bits), so that it tells neither how
many there are nor who came when, with a check digit against slips. No table is needed to go either way.
"""

from __future__ import annotations

from typing import Final

from base.keyring import KeyRing

_PREFIX: Final = "YG"
_HALF: Final = 20
_MASK: Final = (1 << _HALF) - 1
_ROUNDS: Final = 4
_DIGITS: Final = 13
MOST: Final = 1 << (2 * _HALF)


class NumberError(ValueError):
    """A text that is no number of a person; the message is Chinese."""


def number_of(ring: KeyRing, person: int) -> str:
    """The outward number of a person: ``YG``, 13 digits and a check digit. Raises ``ValueError`` past 2⁴⁰ persons."""
    if not 0 < person < MOST:
        raise ValueError("an internal id is positive and below 2^40")
    left, right = person >> _HALF, person & _MASK
    for turn in range(_ROUNDS):
        left, right = right, left ^ _round(ring, turn, right)
    digits = f"{left << _HALF | right:0{_DIGITS}}"
    return f"{_PREFIX}{digits}{_check(digits)}"


def person_of(ring: KeyRing, number: str) -> int:
    """The internal id behind an outward number. Raises ``NumberError``."""
    digits = number.strip().upper().removeprefix(_PREFIX)
    if len(digits) != _DIGITS + 1 or not digits.isascii() or not digits.isdigit():
        raise NumberError("主索引号应为 YG 加 14 位数字")
    if _check(digits[:-1]) != digits[-1] or int(digits[:-1]) >= MOST:
        raise NumberError("主索引号校验位不符，请核对")
    joined = int(digits[:-1])
    left, right = joined >> _HALF, joined & _MASK
    for turn in reversed(range(_ROUNDS)):
        left, right = right ^ _round(ring, turn, left), left
    return left << _HALF | right


def _round(ring: KeyRing, turn: int, half: int) -> int:
    return int.from_bytes(ring.blind(f"{turn} {half}", "person number")[:4], "big") & _MASK


def _check(digits: str) -> str:
    """Luhn."""
    doubled = (int(d) * 2 if place % 2 == 0 else int(d) for place, d in enumerate(reversed(digits)))
    return str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)
