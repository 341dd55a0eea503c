"""People who may log in: local accounts with passwords, and those that an identity provider vouches for.

Every method works on a connection of the caller, inside the scope of the caller: an administrator of a county reaches
the accounts of the county and no others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, OWN
from base.passwords import Rules, faults, fits, hashed, outdated, temporary
from base.tenancy import tenant_path

_LONGEST: Final = 80
_RESERVED: Final = frozenset({"system", "local", "unknown", "command line", "operator"})
"""Whom the audit calls so is nobody's account."""

accounts = Table(
    "account",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("full_name", String(80), nullable=False),
    Column("tenant", String(200), nullable=False, index=True),
    Column("password", String(200), nullable=False),
    Column("password_set", DateTime(timezone=True), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("issuer", String(200)),
    Column("subject", String(200)),
    Column("locked", Boolean, nullable=False),
    Column("expires", DateTime(timezone=True)),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("by", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Index("account_subject", "issuer", "subject", unique=True),
    info=OWN,
)
earlier = Table(
    "account_password",
    METADATA,
    Column("account", String(36), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("password", String(200), nullable=False),
)


class AccountError(Exception):
    """Something that is not possible with an account; the message is Chinese and says what is."""


class MissingAccountError(AccountError):
    """There is no such account within the scope."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in under ``name``, of the institution ``tenant``. ``issuer`` and ``subject`` say who
    vouches for them, empty for local accounts."""

    id: str
    name: str
    full_name: str
    tenant: str
    must_change: bool
    locked: bool
    password_set: datetime
    expires: datetime | None = None
    issuer: str = ""
    subject: str = ""

    @property
    def local(self) -> bool:
        return not self.issuer

    def usable(self, now: datetime) -> bool:
        return not self.locked and (self.expires is None or self.expires > now)

    def stale(self, rules: Rules, now: datetime) -> bool:
        """Whether the password must be changed before anything else."""
        old = rules.days > 0 and now - self.password_set > timedelta(days=rules.days)
        return self.local and (self.must_change or old)


def account_name(text: str) -> str:
    """A name as it is stored and compared: width and case do not count. Raises ``AccountError``."""
    name = unicodedata.normalize("NFKC", text).strip().casefold()
    if not 0 < len(name) <= _LONGEST or any(c.isspace() or not c.isprintable() or c in "/:" for c in name):
        raise AccountError(f"账号名须为 1 至 {_LONGEST} 个字符，不含空白、“/”和“:”")
    if name in _RESERVED:
        raise AccountError(f"{name} 是系统保留的名称")
    return name


# -- opening and closing -----------------------------------------------------------------------


def add(
    connection: Connection,
    name: str,
    tenant: str,
    by: str,
    rules: Rules,
    *,
    full_name: str = "",
    password: str = "",
    expires: datetime | None = None,
) -> tuple[Account, str]:
    """Open a local account. Without a password gives a temporary one, to be changed at the first login; with one
    gives it back. Raises ``AccountError``."""
    name = account_name(name)
    chosen = password or temporary()
    _acceptable(chosen, name, rules)
    row = _row(name, full_name, tenant, by) | {"password": hashed(chosen, rules.iterations), "expires": expires}
    row |= {"must_change": not password}
    return _inserted(connection, row), chosen


def add_external(
    connection: Connection, name: str, tenant: str, full_name: str, issuer: str, subject: str
) -> Account:
    """Open an account of somebody an identity provider vouches for. Raises ``AccountError``."""
    row = _row(account_name(name), full_name, tenant, issuer[:_LONGEST])
    return _inserted(connection, row | {"issuer": issuer, "subject": subject})


def _row(name: str, full_name: str, tenant: str, by: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": str(uuid4()),
        "name": name,
        "full_name": (full_name.strip() or name)[:_LONGEST],
        "tenant": tenant_path(tenant),
        "password": "",
        "password_set": now,
        "must_change": False,
        "issuer": None,
        "subject": None,
        "locked": False,
        "expires": None,
        "created": now,
        "by": by[:_LONGEST],
        "version": 1,
    }


def _inserted(connection: Connection, row: dict[str, Any]) -> Account:
    try:
        connection.execute(insert(accounts).values(row))
    except IntegrityError:
        raise AccountError(f"账号名 {row['name']} 已被使用") from None
    return by_id(connection, row["id"])


def lock(connection: Connection, account_id: str, locked: bool) -> None:
    """Lock an account or open it again. Raises ``MissingAccountError``."""
    _change(connection, account_id, locked=locked)


def move(connection: Connection, account_id: str, tenant: str, full_name: str) -> None:
    """Somebody works elsewhere now, or is called otherwise. Raises ``MissingAccountError``."""
    _change(connection, account_id, tenant=tenant_path(tenant), full_name=full_name.strip()[:_LONGEST])


def hold(connection: Connection, account_id: str) -> Account:
    """An account that nobody else changes until the transaction ends. Raises ``MissingAccountError``."""
    _change(connection, account_id)
    return by_id(connection, account_id)


def _change(connection: Connection, account_id: str, **values: Any) -> None:
    changed = update(accounts).where(accounts.c.id == account_id)
    if connection.execute(changed.values(version=accounts.c.version + 1, **values)).rowcount != 1:
        raise MissingAccountError("没有该账号")


# -- passwords ---------------------------------------------------------------------------------


def proved(connection: Connection, name: str, password: str, rules: Rules) -> Account | None:
    """The account behind a name and its password; None when they do not belong together, and just as slow when nobody
    is called so."""
    row = connection.execute(select(accounts).where(accounts.c.name == name)).first()
    stored = row.password if row is not None and row.password else _nobody(rules.iterations)
    if not fits(password, stored) or row is None or not row.password:
        return None
    if outdated(stored, rules.iterations):
        anew = hashed(password, rules.iterations)
        same = (accounts.c.id == row.id, accounts.c.password == stored)
        connection.execute(update(accounts).where(*same).values(password=anew))
    return _account(row)


@lru_cache(maxsize=4)
def _nobody(iterations: int) -> str:
    """A hash that no password fits."""
    return hashed(temporary(), iterations)


def change_password(connection: Connection, account_id: str, password: str, rules: Rules) -> None:
    """A password that the account's owner chose. Raises ``AccountError`` for one that will not do."""
    account = hold(connection, account_id)
    if not account.local:
        raise AccountError("该账号由统一身份认证登录，口令不在本系统修改")
    _acceptable(password, account.name, rules)
    stored = connection.execute(select(accounts.c.password).where(accounts.c.id == account_id)).scalar_one()
    before = select(earlier).where(earlier.c.account == account_id).order_by(earlier.c.number.desc())
    kept = connection.execute(before).all()
    if any(fits(password, old) for old in (stored, *(row.password for row in kept[: rules.history]))):
        raise AccountError(f"不能与最近 {rules.history} 次使用过的口令相同")
    number = kept[0].number + 1 if kept else 1
    connection.execute(insert(earlier).values(account=account_id, number=number, password=stored))
    old = (earlier.c.account == account_id, earlier.c.number <= number - rules.history)
    connection.execute(delete(earlier).where(*old))
    _set(connection, account_id, password, rules, must_change=False)


def reset(connection: Connection, account_id: str, rules: Rules) -> str:
    """A temporary password, to be changed at the next login. Raises ``AccountError``."""
    if not hold(connection, account_id).local:
        raise AccountError("该账号由统一身份认证登录，口令不在本系统重置")
    chosen = temporary()
    _set(connection, account_id, chosen, rules, must_change=True)
    return chosen


def _set(connection: Connection, account_id: str, password: str, rules: Rules, must_change: bool) -> None:
    values = {"password": hashed(password, rules.iterations), "password_set": datetime.now(UTC)}
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(**values, must_change=must_change))


def _acceptable(password: str, name: str, rules: Rules) -> None:
    wrong = faults(password, name, rules)
    if wrong:
        raise AccountError("口令不符合要求: " + "；".join(wrong))


# -- reading -----------------------------------------------------------------------------------


def by_id(connection: Connection, account_id: str) -> Account:
    """Raises ``MissingAccountError``."""
    row = connection.execute(select(accounts).where(accounts.c.id == account_id)).first()
    if row is None:
        raise MissingAccountError("没有该账号")
    return _account(row)


def by_name(connection: Connection, name: str) -> Account:
    """Raises ``MissingAccountError``."""
    row = connection.execute(select(accounts).where(accounts.c.name == account_name(name))).first()
    if row is None:
        raise MissingAccountError(f"没有名为 {name} 的账号")
    return _account(row)


def by_subject(connection: Connection, issuer: str, subject: str) -> Account | None:
    """The account that an identity provider vouches for."""
    here = (accounts.c.issuer == issuer, accounts.c.subject == subject)
    row = connection.execute(select(accounts).where(*here)).first()
    return None if row is None else _account(row)


def listed(
    connection: Connection, tenant: str = "", limit: int = 500, after: str = "", words: str = ""
) -> Sequence[Account]:
    """Accounts by name, of a tenant and all below it when given; with words, those whose name or full name holds
    them."""
    query = select(accounts).where(accounts.c.name > after).order_by(accounts.c.name).limit(limit)
    if tenant:
        query = query.where(
            (accounts.c.tenant == tenant) | accounts.c.tenant.startswith(f"{tenant}/", autoescape=True)
        )
    if words:
        held = (accounts.c.name, accounts.c.full_name)
        query = query.where(or_(*(name.icontains(words, autoescape=True) for name in held)))
    return [_account(row) for row in connection.execute(query)]


def any_account(connection: Connection) -> bool:
    """Whether there is an account at all."""
    return connection.execute(select(accounts.c.id).limit(1)).first() is not None


def _account(row: Any) -> Account:
    return Account(
        row.id,
        row.name,
        row.full_name,
        row.tenant,
        row.must_change,
        row.locked,
        row.password_set,
        row.expires,
        row.issuer or "",
        row.subject or "",
    )
