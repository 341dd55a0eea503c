"""Tables of code systems, value sets and maps. Standards belong to a tenant far up and are for all below it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from base.db import METADATA

_OWN: Final = {"tenant": "tenant"}
_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")

systems = Table(
    "code_system",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("id", String(60), nullable=False),
    Column("uri", String(200), nullable=False),
    Column("oid", String(80), nullable=False),
    Column("title", String(200), nullable=False),
    Column("publisher", String(200), nullable=False),
    Column("standard", Boolean, nullable=False),
    Column("subject", String(20), nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
    Index("code_system_uri", "uri"),
    info=_OWN,
)
"""``standard`` tells standards from dictionaries of a hospital; ``subject`` is what the codes name (disease …)."""
versions = Table(
    "code_version",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("system", String(60), nullable=False),
    Column("version", String(40), nullable=False),
    Column("state", String(12), nullable=False),
    Column("author", String(80), nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    Column("activated_by", String(80), nullable=False),
    Column("activated", DateTime(timezone=True)),
    Column("note", String(400), nullable=False),
    PrimaryKeyConstraint("tenant", "system", "version"),
    info=_OWN,
)
concepts = Table(
    "code_concept",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("system", String(60), nullable=False),
    Column("version", String(40), nullable=False),
    Column("code", String(80), nullable=False),
    Column("display", String(400), nullable=False),
    Column("name", String(400), nullable=False),
    Column("initials", String(80), nullable=False),
    Column("parent", String(80), nullable=False),
    Column("synonyms", Text, nullable=False),
    Column("properties", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant", "system", "version", "code"),
    Index("code_concept_parent", "tenant", "system", "version", "parent"),
    Index("code_concept_name", "name"),
    info=_OWN,
)
"""Every version whole. ``name`` is the normal form of ``display``, ``initials`` its pinyin initials."""
value_sets = Table(
    "code_value_set",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("id", String(60), nullable=False),
    Column("version", String(40), nullable=False),
    Column("url", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("compose", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("author", String(80), nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    Column("activated_by", String(80), nullable=False),
    Column("activated", DateTime(timezone=True)),
    PrimaryKeyConstraint("tenant", "id", "version"),
    Index("code_value_set_url", "url"),
    info=_OWN,
)
maps = Table(
    "code_map",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("source", String(200), nullable=False),
    Column("code", String(80), nullable=False),
    Column("target", String(200), nullable=False),
    Column("target_code", String(80), nullable=False),
    Column("display", String(400), nullable=False),
    Column("target_display", String(400), nullable=False),
    Column("equivalence", String(16), nullable=False),
    Column("state", String(12), nullable=False),
    Column("method", String(16), nullable=False),
    Column("score", Float, nullable=False),
    Column("author", String(80), nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    Column("decided_by", String(80), nullable=False),
    Column("decided", DateTime(timezone=True)),
    PrimaryKeyConstraint("tenant", "source", "code", "target", "target_code"),
    Index("code_map_state", "tenant", "source", "target", "state"),
    info=_OWN,
)
map_events = Table(
    "code_map_event",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("source", String(200), nullable=False),
    Column("code", String(80), nullable=False),
    Column("target", String(200), nullable=False),
    Column("target_code", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("state", String(12), nullable=False),
    Column("note", String(400), nullable=False),
    Index("code_map_event_code", "tenant", "source", "code"),
    info=_OWN,
)
sightings = Table(
    "code_sighting",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("seen", LargeBinary, nullable=False),
    info=_OWN,
)
"""Codes of a message that nobody mapped, until they are added up: messages must not wait for one another."""
unmapped = Table(
    "code_unmapped",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("system", String(200), nullable=False),
    Column("code", String(80), nullable=False),
    Column("place", String(80), nullable=False),
    Column("display", String(400), nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("first", String(10), nullable=False),
    Column("last", String(10), nullable=False),
    PrimaryKeyConstraint("tenant", "system", "code", "place"),
    Index("code_unmapped_seen", "tenant", "seen"),
    info=_OWN,
)
