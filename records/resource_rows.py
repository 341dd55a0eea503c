"""Resources as the rows of the repository: its tables, what a resource becomes when it is put there, whether it says
anything new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
)

from base.db import METADATA, OWN
from records.kinds import NAMES, OPEN, Json, Key, ResourceError, key_of
from records.packing import pack, written
from records.privacy import category_of, holds_person, unnamed

_KEY: Final = ("tenant", "kind", "local")


def _columns() -> list[Column[Any]]:
    """What a head and an old version have in common; the widest first, so that rows have no holes."""
    return [
        Column("record", BigInteger),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("sent", DateTime(timezone=True), nullable=False),
        Column("message", BigInteger, nullable=False),
        Column("version", Integer, nullable=False),
        Column("kind", SmallInteger, nullable=False),
        Column("category", SmallInteger, nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("tenant", String(200), nullable=False),
        Column("local", String(128), nullable=False),
        Column("status", String(24), nullable=False),
        Column("code", String(48), nullable=False),
        Column("encounter", String(128), nullable=False),
        Column("resource", LargeBinary, nullable=False),
    ]


heads = Table(
    "record_resource",
    METADATA,
    *_columns(),
    PrimaryKeyConstraint(*_KEY),
    Index("record_resource_record", "record", "at", "kind"),
    info=OWN,
)
Index(
    "record_resource_standing",
    heads.c.tenant,
    heads.c.kind,
    heads.c.at,
    postgresql_where=heads.c.record.is_(None),
    sqlite_where=heads.c.record.is_(None),
)
old = Table("record_version", METADATA, *_columns(), PrimaryKeyConstraint(*_KEY, "version"), info=OWN)
sealed = Table(
    "record_sealed",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("local", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False, info={"bound": lambda row: bound_to(row)}),
    PrimaryKeyConstraint(*_KEY, "version"),
    info=OWN,
)


class Arrived(NamedTuple):
    """A resource made ready: its place, its row but for the version, its content, and whether that is sealed."""

    place: tuple[int, str]
    row: dict[str, Any]
    content: bytes
    is_sealed: bool


def made_ready(
    tenant: str, record: int | None, resource: Json, message: int, at: datetime, naming: frozenset[str]
) -> Arrived:
    """A resource made ready. What describes a person, or names the one it is about, is sealed."""
    key = key_of(resource)
    content, is_open = written(resource), False
    if NAMES[key.kind] in OPEN and not holds_person(resource):
        bare = written(unnamed(resource))
        text = bare.decode()
        is_open = not any(name in text for name in naming)
        content = bare if is_open else content
    row = _row(tenant, key, record, message, at) | {
        "category": int(category_of(resource, content.decode())),
        "resource": pack(content) if is_open else b"",
    }
    return Arrived((key.kind, key.local), row, content, not is_open)


def tombstone(tenant: str, reference: str, message: int, at: datetime) -> Arrived:
    """That a resource was taken back. Raises ``ResourceError`` for a reference that is none."""
    kind, _, local = reference.partition("/")
    if not local:
        raise ResourceError("deletion", "须为类型和 id，如 Observation/17")
    key = key_of({"resourceType": kind, "id": local})
    row = _row(tenant, key, None, message, at) | {"deleted": True, "category": 0, "resource": b""}
    return Arrived((key.kind, key.local), row, b"", False)


def _row(tenant: str, key: Key, record: int | None, message: int, at: datetime) -> dict[str, Any]:
    sent = at.astimezone(UTC)
    return {
        "tenant": tenant,
        "kind": key.kind,
        "local": key.local,
        "record": record,
        "at": key.at or sent,
        "sent": key.sent or sent,
        "message": message,
        "deleted": False,
        "status": key.status,
        "code": key.code,
        "encounter": key.encounter,
    }


def is_part(resource: Mapping[str, Any]) -> bool:
    """Whether a message only mentions a resource (``SUBSETTED``)."""
    tags = (resource.get("meta") or {}).get("tag") or ()
    return any(isinstance(tag, dict) and tag.get("code") == "SUBSETTED" for tag in tags)


def lasting(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource without what changes although nothing did: when it was sent, which version the sender counts."""
    told = resource.get("meta")
    if not isinstance(told, dict):
        return dict(resource)
    meta = {k: v for k, v in told.items() if k not in ("lastUpdated", "versionId")}
    rest = {k: v for k, v in resource.items() if k != "meta"}
    return rest | {"meta": meta} if meta else rest


def bound_to(row: Any) -> bytes:
    """What the content of a row of ``record_sealed`` is bound to."""
    return bound_at(row.tenant, row.kind, row.local, row.version)


def bound_at(tenant: str, kind: int, local: str, version: int) -> bytes:
    return f"{tenant}/{kind}/{local}/{version}".encode()
