"""Machines that call in their own name: hospital systems with a secret, a key pair or a certificate, each fixed to
one tenant and to what it may do."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Boolean, Column, Connection, DateTime, Index, String, Table, Text, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, OWN
from base.roles import PERMISSIONS, ROLES, RoleError
from base.security import sm3
from base.tenancy import tenant_path

_SECRET_BYTES: Final = 32
_NOTED_EVERY: Final = timedelta(minutes=1)

clients = Table(
    "account_client",
    METADATA,
    Column("id", String(80), primary_key=True),
    Column("title", String(120), nullable=False),
    Column("tenant", String(200), nullable=False, index=True),
    Column("permissions", Text, nullable=False),
    Column("secret", String(64), nullable=False),
    Column("keys", Text, nullable=False),
    Column("certificate", String(400), nullable=False, index=True),
    Column("locked", Boolean, nullable=False),
    Column("expires", DateTime(timezone=True)),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("by", String(80), nullable=False),
    Column("used", DateTime(timezone=True)),
    Column("issuer", String(300)),
    Column("features", Text, nullable=False, server_default="[]"),
    Index("account_client_issuer", "issuer", unique=True),
    info=OWN,
)


@dataclass(frozen=True, slots=True)
class Client:
    """A machine. ``keys`` is its JWK set (public), or says where that is (``jku``), ``certificate`` the SHA-256
    fingerprint or the subject of its TLS certificate; ``used`` when it last asked for something, to the minute. One
    with an ``issuer`` is a CDS client: tokens that say so are checked with its keys; ``features`` are the optional
    ones of CDS Hooks that it declared."""

    id: str
    title: str
    tenant: str
    permissions: frozenset[str]
    secret: str
    keys: dict[str, Any]
    certificate: str
    locked: bool
    expires: datetime | None
    created: datetime
    by: str
    used: datetime | None
    issuer: str
    features: frozenset[str]

    @property
    def proof(self) -> str:
        """How it proves itself."""
        return "keys" if self.keys else "certificate" if self.certificate else "secret"

    def usable(self, now: datetime) -> bool:
        return not self.locked and (self.expires is None or self.expires > now)

    def knows(self, secret: str) -> bool:
        """Whether this is its secret."""
        return bool(self.secret) and hmac.compare_digest(self.secret.encode(), sm3(secret.encode()).encode())


def add(
    connection: Connection,
    client_id: str,
    tenant: str,
    by: str,
    *,
    title: str = "",
    permissions: Sequence[str] = (),
    keys: dict[str, Any] | None = None,
    certificate: str = "",
    expires: datetime | None = None,
    issuer: str = "",
    features: Sequence[str] = (),
) -> str:
    """Register a machine; without permissions it may what an interface client may. Gives its secret, which nobody can
    read again; empty when it proves itself by key or certificate. Raises ``RoleError``."""
    _named(client_id)
    given = sorted(set(permissions) or ROLES["interface-client"].permissions)
    unknown = [p for p in given if p not in PERMISSIONS or PERMISSIONS[p].apart]
    if unknown:
        raise RoleError(f"接口客户端不能有权限 {'、'.join(unknown)}")
    if issuer and not keys:
        raise RoleError("CDS 客户端须同时登记公钥或公钥地址")
    secret = "" if keys or certificate else secrets.token_urlsafe(_SECRET_BYTES)
    row = {
        "id": client_id,
        "title": (title.strip() or client_id)[:120],
        "tenant": tenant_path(tenant),
        "permissions": orjson.dumps(given).decode(),
        "secret": sm3(secret.encode()) if secret else "",
        "keys": orjson.dumps(keys or {}).decode(),
        "certificate": certificate_name(certificate),
        "locked": False,
        "expires": expires,
        "created": datetime.now(UTC),
        "by": by[:80],
        "issuer": issuer or None,
        "features": orjson.dumps(sorted(features)).decode(),
    }
    try:
        connection.execute(insert(clients).values(row))
    except IntegrityError:
        raise RoleError(f"接口客户端 {client_id} 或其签发者已登记") from None
    return secret


def renew_secret(connection: Connection, client_id: str) -> str:
    """Another secret, in place of whatever it proved itself with. Raises ``RoleError``."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    _change(connection, client_id, secret=sm3(secret.encode()), keys="{}", certificate="")
    return secret


def renew_keys(connection: Connection, client_id: str, keys: dict[str, Any]) -> None:
    """Other public keys, in place of whatever it proved itself with. Raises ``RoleError``."""
    _change(connection, client_id, keys=orjson.dumps(keys).decode(), secret="", certificate="")


def touch(connection: Connection, client: Client, now: datetime) -> None:
    """Note that a machine asked for something, once a minute."""
    if client.used is None or now - client.used >= _NOTED_EVERY:
        connection.execute(update(clients).where(clients.c.id == client.id).values(used=now))


def lock(connection: Connection, client_id: str, locked: bool) -> None:
    """Refuse a machine, or let it in again. Raises ``RoleError``."""
    _change(connection, client_id, locked=locked)


def by_id(connection: Connection, client_id: str) -> Client | None:
    row = connection.execute(select(clients).where(clients.c.id == client_id)).first()
    return None if row is None else _client(row)


def by_certificate(connection: Connection, fingerprint: str, subject: str) -> Client | None:
    """The machine of a certificate that TLS verified: by its fingerprint, else by its subject."""
    wanted = [certificate_name(text) for text in (fingerprint, subject) if text]
    rows = connection.execute(select(clients).where(clients.c.certificate.in_(wanted))).all()
    ranked = sorted(rows, key=lambda row: wanted.index(row.certificate))
    return _client(ranked[0]) if ranked else None


def listed(connection: Connection) -> list[Client]:
    """Machines by id, as far as the scope reaches."""
    return [_client(row) for row in connection.execute(select(clients).order_by(clients.c.id))]


def issuing(connection: Connection) -> list[Client]:
    """CDS clients that have keys, by id."""
    with_keys = select(clients).where(clients.c.issuer.is_not(None), clients.c["keys"] != "{}")
    return [_client(row) for row in connection.execute(with_keys.order_by(clients.c.id))]


def certificate_name(text: str) -> str:
    """A fingerprint without colons and case; a subject (``CN=…``) as it is."""
    text = text.strip()
    return text if "=" in text else text.replace(":", "").lower()


def _named(client_id: str) -> None:
    if not (
        0 < len(client_id) <= 80 and client_id.isascii() and client_id.replace("-", "").replace("_", "").isalnum()
    ):
        raise RoleError("接口客户端编号须为 80 个以内的英文字母、数字、连字符和下划线")


def _change(connection: Connection, client_id: str, **values: Any) -> None:
    if connection.execute(update(clients).where(clients.c.id == client_id).values(values)).rowcount != 1:
        raise RoleError(f"没有编号为 {client_id} 的接口客户端")


def _client(row: Any) -> Client:
    return Client(
        row.id,
        row.title,
        row.tenant,
        frozenset(orjson.loads(row.permissions)),
        row.secret,
        orjson.loads(row.keys),
        row.certificate,
        row.locked,
        row.expires,
        row.created,
        row.by,
        row.used,
        row.issuer or "",
        frozenset(orjson.loads(row.features)),
    )
