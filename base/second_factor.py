"""The second factor: time-based one-time codes (RFC 6238), each of which works once, and recovery codes for a lost
phone.

The secret is sealed and bound to its account. A code is taken in one statement that compares the time step with the
last one used, so that a code overheard, or sent twice at once, works for one of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from base.db import METADATA
from base.keyring import KeyRing
from base.security import sm3

if TYPE_CHECKING:  # read when the first code comes
    import pyotp

ISSUER: Final = "医共"
_STEP_SECONDS: Final = 30
_DRIFT: Final = 1
_RECOVERY: Final = 10
_RECOVERY_BYTES: Final = 8

factors = Table(
    "account_factor",
    METADATA,
    Column("account", String(36), primary_key=True),
    Column("secret", LargeBinary, nullable=False, info={"bound": lambda row: _place(row.account)}),
    Column("step", BigInteger, nullable=False),
    Column("confirmed", DateTime(timezone=True)),
)
recovery = Table(
    "account_recovery",
    METADATA,
    Column("account", String(36), primary_key=True),
    Column("digest", String(64), primary_key=True),
)


class FactorError(Exception):
    """A step of enrolment that is not possible; the message is Chinese and says what is."""


def enrolled(connection: Connection, account: str) -> bool:
    """Whether logins of the account need a code."""
    query = select(factors.c.account).where(factors.c.account == account, factors.c.confirmed.is_not(None))
    return connection.execute(query).first() is not None


def start(connection: Connection, ring: KeyRing, account: str, name: str) -> tuple[str, str]:
    """A new secret to put into an authenticator app, as text and as ``otpauth`` URI; it counts once a code confirmed
    it. Raises ``FactorError`` when one is in use."""
    if enrolled(connection, account):
        raise FactorError("已启用动态口令；如需更换，请先停用")
    import pyotp

    secret = pyotp.random_base32()
    connection.execute(delete(factors).where(factors.c.account == account))
    sealed = ring.seal(secret.encode(), _place(account))
    connection.execute(insert(factors).values(account=account, secret=sealed, step=0, confirmed=None))
    return secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def confirm(connection: Connection, ring: KeyRing, account: str, code: str, now: datetime) -> list[str]:
    """Begin to ask for codes; gives the recovery codes, which nobody can read again. Raises ``FactorError``."""
    waiting = (factors.c.account == account, factors.c.confirmed.is_(None))
    if connection.execute(select(factors.c.account).where(*waiting)).first() is None:
        raise FactorError("没有待确认的动态口令，请先申请")
    if not _code_fits(connection, ring, account, code, now):
        raise FactorError("动态口令不正确，请核对手机时间后重试")
    connection.execute(update(factors).where(*waiting).values(confirmed=now.astimezone(UTC)))
    return renew_recovery(connection, account)


def renew_recovery(connection: Connection, account: str) -> list[str]:
    """New recovery codes; the old ones end."""
    made = [secrets.token_hex(_RECOVERY_BYTES) for _ in range(_RECOVERY)]
    connection.execute(delete(recovery).where(recovery.c.account == account))
    rows = [{"account": account, "digest": _digest(account, code)} for code in made]
    connection.execute(insert(recovery), rows)
    return [f"{code[:8]}-{code[8:]}" for code in made]


def passes(connection: Connection, ring: KeyRing, account: str, code: str, now: datetime) -> bool:
    """Whether a code, or a recovery code, is right and was never used before; it is used then."""
    plain = code.strip().replace("-", "").replace(" ", "").casefold()
    if len(plain) == 2 * _RECOVERY_BYTES:
        here = (recovery.c.account == account, recovery.c.digest == _digest(account, plain))
        return connection.execute(delete(recovery).where(*here)).rowcount == 1
    return _code_fits(connection, ring, account, plain, now)


def remove(connection: Connection, account: str) -> None:
    """No code is asked any more."""
    connection.execute(delete(factors).where(factors.c.account == account))
    connection.execute(delete(recovery).where(recovery.c.account == account))


def left(connection: Connection, account: str) -> int:
    """Recovery codes that were not used yet."""
    return len(connection.execute(select(recovery.c.digest).where(recovery.c.account == account)).all())


def _code_fits(connection: Connection, ring: KeyRing, account: str, code: str, now: datetime) -> bool:
    sealed = connection.execute(select(factors.c.secret).where(factors.c.account == account)).scalar()
    import pyotp

    if sealed is None or not (code.isascii() and code.isdigit()):
        return False
    step = _step(pyotp.TOTP(ring.unseal(sealed, _place(account)).decode()), code, now)
    if step is None:
        return False
    unused = (factors.c.account == account, factors.c.step < step)
    return connection.execute(update(factors).where(*unused).values(step=step)).rowcount == 1


def _step(totp: pyotp.TOTP, code: str, now: datetime) -> int | None:
    """The time step whose code this is; phones may be half a minute off."""
    this = int(now.timestamp()) // _STEP_SECONDS
    steps: Sequence[int] = range(this - _DRIFT, this + _DRIFT + 1)
    return next((s for s in steps if secrets.compare_digest(totp.generate_otp(s), code)), None)


def _digest(account: str, code: str) -> str:
    return sm3(f"{account} {code}".encode())


def _place(account: str) -> bytes:
    return f"factor {account}".encode()
