"""Tokens that open one patient's panel for one user: sealed, so that they can neither be read nor altered, and short
lived. Nothing of them is stored."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Final

import msgspec

from base.keyring import KeyRing
from base.security import SealError

MARK: Final = "yp_"
"""How tokens begin, beside those of ``base.sessions``."""
LAUNCH, STREAM = b"panel launch", b"panel stream"
"""What a token is good for: everything the panel does; listening to its events, which browsers can ask for by address
alone."""
_TICKET_LASTS: Final = timedelta(seconds=60)


class Launch(msgspec.Struct, frozen=True, array_like=True):
    """``patient`` is the number of a patient in the institution ``tenant``; ``user`` who looks, as ``kind`` (of the
    caller: ``client``, ``account``, ``key``, ``local``) ``by`` (its id) vouches. ``told`` is where that which the
    caller told of the patient is kept (``records.launched``); empty: nothing. ``department`` is where the user works,
    as far as that was said."""

    tenant: str
    patient: str
    user: str
    kind: str
    by: str
    expires: datetime
    told: str = ""
    department: str = ""


class _Token(msgspec.Struct, frozen=True, array_like=True):
    launch: Launch
    until: datetime


def sealed(ring: KeyRing, launch: Launch) -> str:
    """The token of a launch, for as long as the panel may stay open."""
    return _sealed(ring, _Token(launch, launch.expires), LAUNCH)


def ticket(ring: KeyRing, launch: Launch, now: datetime) -> str:
    """A token of a minute, to begin listening with."""
    return _sealed(ring, _Token(launch, min(launch.expires, now + _TICKET_LASTS)), STREAM)


def opened(ring: KeyRing, token: str, now: datetime, purpose: bytes = LAUNCH) -> Launch | None:
    """The launch of a token; None when it is none of ours, is for something else, or is over."""
    body = token[len(MARK) :]
    try:
        plain = ring.unseal(urlsafe_b64decode(body + "=" * (-len(body) % 4)), purpose)
        found = msgspec.msgpack.decode(plain, type=_Token)
    except (SealError, ValueError, msgspec.DecodeError):  # no Base64 is a ValueError
        return None
    return found.launch if token.startswith(MARK) and found.until > now else None


def _sealed(ring: KeyRing, token: _Token, purpose: bytes) -> str:
    return MARK + urlsafe_b64encode(ring.seal(msgspec.msgpack.encode(token), purpose)).decode().rstrip("=")
