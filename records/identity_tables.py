"""Persons and their records as rows: tables, what seals them, blind keys.

What names anybody is sealed with SM4, each record bound to its institution and number there. Candidates are found by
keyed digests of what two records may have in common (``person_key``): the digests tell nothing and belong to no
tenant, and lead nobody to a record but through ``person_record``, which is held to the scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
)

from base.db import METADATA, NUMBER, OWN
from base.keyring import KeyRing
from clinical.coded import CHINA
from clinical.logic import UNKNOWN
from clinical.patient import Sex
from clinical.person import Demographics
from records.profiles import Block

"""SQLite counts rows up only in a column that is called INTEGER."""


def _bound(row: Any) -> bytes:
    return f"person-record {row.tenant} {row.local_id}".encode()


persons = Table(
    "person",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("merged_into", BigInteger, index=True),
    info=OWN,
)
records = Table(
    "person_record",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("local_id", String(200), nullable=False),
    Column("person", BigInteger, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False, info={"bound": _bound}),
    Column("version", Integer, nullable=False, default=1),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("updated", DateTime(timezone=True), nullable=False),
    Column("source", String(80), nullable=False, default=""),
    Index("person_record_local", "tenant", "local_id", unique=True),
    info=OWN,
)
versions = Table(
    "person_record_version",
    METADATA,
    Column("record", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String(200), nullable=False),
    Column("local_id", String(200), nullable=False),
    Column("sealed", LargeBinary, nullable=False, info={"bound": _bound}),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("source", String(80), nullable=False, default=""),
    info=OWN,
)
keys = Table(
    "person_key",
    METADATA,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("record", BigInteger, primary_key=True, autoincrement=False),
)
events = Table(
    "person_event",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("day", Integer, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(40), nullable=False, default=""),
    Column("act", String(12), nullable=False),
    Column("rule", String(30), nullable=False, default=""),
    Column("person", BigInteger, nullable=False, index=True),
    Column("other", BigInteger, index=True),
    Column("record", BigInteger),
    Column("score", Float),
    Column("detail", Text, nullable=False, default=""),
    Column("why", LargeBinary, nullable=False, default=b"", info={"bound": lambda row: _place_of(row.person)}),
    Index("person_event_day", "day", "act"),
    info=OWN,
)
reviews = Table(
    "person_review",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("second", BigInteger, nullable=False, index=True),
    Column("status", String(10), nullable=False),
    Column("rule", String(30), nullable=False),
    Column("score", Float, nullable=False),
    Column("fields", Text, nullable=False),
    Column("opened", DateTime(timezone=True), nullable=False),
    Column("decided", DateTime(timezone=True)),
    Column("decided_by", String(80), nullable=False, default=""),
    Index("person_review_pair", "first", "second", unique=True),
    Index("person_review_status", "status", "score"),
    info=OWN,
)


class Kept(NamedTuple):
    """A stored record of a person, opened."""

    id: int
    tenant: str
    local_id: str
    person: int
    version: int
    updated: datetime
    source: str
    given: Demographics


class Entry(NamedTuple):
    """A record to store. ``person`` is whose it is, 0 for somebody new; ``at`` when it was reported."""

    tenant: str
    local_id: str
    given: Demographics
    at: datetime
    person: int = 0
    source: str = ""


_FIELDS: Final = Demographics.__struct_fields__
_Packed = msgspec.defstruct(
    "_Packed",
    [
        ("sex", str, "") if f.name == "sex" else (f.name, f.type, f.default)
        for f in msgspec.structs.fields(Demographics)
    ],
    omit_defaults=True,
)
_PACKER: Final = msgspec.json.Encoder()
_UNPACKER: Final = msgspec.json.Decoder(_Packed)


def packed(given: Demographics) -> bytes:
    """Demographics as bytes, without what is empty."""
    values = {name: getattr(given, name) for name in _FIELDS}
    return _PACKER.encode(_Packed(**{**values, "sex": values["sex"].value if isinstance(given.sex, Sex) else ""}))


def unpacked(content: bytes) -> Demographics:
    """What ``packed`` wrote."""
    found = _UNPACKER.decode(content)
    values = {name: getattr(found, name) for name in _FIELDS}
    return Demographics(**{**values, "sex": Sex(values["sex"]) if values["sex"] else UNKNOWN})


def sealed(ring: KeyRing, tenant: str, local_id: str, given: Demographics) -> bytes:
    """Demographics that open only with the ring, and only as those of this record."""
    return ring.seal(packed(given), f"person-record {tenant} {local_id}".encode())


def opened(ring: KeyRing, row: Row[Any]) -> Demographics:
    """The demographics of a row of ``person_record`` or ``person_record_version``. Raises ``SealError``."""
    return unpacked(ring.unseal(row.sealed, _bound(row)))


class Opener:
    """Opens records and remembers those it opened lately: who bears a common name is looked at again and again."""

    def __init__(self, ring: KeyRing, most: int = 20_000) -> None:
        @lru_cache(most)
        def open_(place: bytes, content: bytes) -> Demographics:
            return unpacked(ring.unseal(content, place))

        self._open = open_

    def __call__(self, row: Row[Any]) -> Demographics:
        """The demographics of a row of ``person_record``. Raises ``SealError``."""
        return self._open(_bound(row), row.sealed)


def _place_of(person: int) -> bytes:
    return f"person-event {person}".encode()


def key_of(ring: KeyRing, block: Block) -> int:
    """The blind key of a value, a signed 64-bit number; that two values may share one does no harm."""
    return int.from_bytes(ring.blind(block.value, f"person {block.purpose}")[:8], "big", signed=True)


def record_row(ring: KeyRing, entry: Entry) -> dict[str, Any]:
    """A new record as it is stored."""
    return {
        "tenant": entry.tenant,
        "local_id": entry.local_id,
        "person": entry.person,
        "sealed": sealed(ring, entry.tenant, entry.local_id, entry.given),
        "version": 1,
        "created": entry.at,
        "updated": entry.at,
        "source": entry.source[:80],
    }


class Happened(NamedTuple):
    """Something that happened to a person. ``act`` is created, linked, updated, moved, merged, split or decided;
    ``detail`` tells levels of fields or names of changed ones, never values."""

    act: str
    person: int
    at: datetime
    tenant: str
    rule: str = ""
    other: int | None = None
    record: int | None = None
    score: float | None = None
    detail: Mapping[str, Any] = {}
    actor: str = "system"
    role: str = ""
    why: str = ""


def event_row(ring: KeyRing, one: Happened) -> dict[str, Any]:
    """An event as it is stored; the reason may name somebody and is sealed."""
    return {
        "tenant": one.tenant,
        "at": one.at,
        "day": day_of(one.at),
        "actor": one.actor[:80],
        "role": one.role[:40],
        "act": one.act,
        "rule": one.rule,
        "person": one.person,
        "other": one.other,
        "record": one.record,
        "score": one.score,
        "detail": msgspec.json.encode(one.detail).decode() if one.detail else "",
        "why": ring.seal(one.why.encode(), _place_of(one.person)) if one.why else b"",
    }


def why_of(ring: KeyRing, row: Row[Any]) -> str:
    """The reason of an event, opened."""
    return ring.unseal(row.why, _place_of(row.person)).decode() if row.why else ""


def day_of(at: datetime) -> int:
    """The day in China, 20261101: what statistics count by."""
    return int(f"{at.astimezone(CHINA):%Y%m%d}")
