"""Tables of prompts: what they say in versions that are only added, what became of each, where it is used."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from base.db import METADATA, NUMBER, OWN

prompts = Table(
    "prompt",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("name", String(80), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("standing", String(12), nullable=False),
    Column("author", String(80), nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    UniqueConstraint("tenant", "name", name="prompt_name"),
    Index("prompt_purpose", "purpose", "tenant"),
    info=OWN,
)
versions = Table(
    "prompt_version",
    METADATA,
    Column("prompt", String(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("author", String(80), nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    Column("origin", String(12), nullable=False),
    Column("base", Integer, nullable=False),
    Column("note", String(400), nullable=False),
    Column("submitted_by", String(80), nullable=False),
    Column("decided_by", String(80), nullable=False),
    Column("decided", DateTime(timezone=True)),
    PrimaryKeyConstraint("prompt", "number"),
    Index("prompt_version_state", "state", "tenant"),
    info=OWN,
)
"""``body`` is the content as JSON and never changes; ``base`` is the version it was made from, 0 without one."""
runs = Table(
    "prompt_run",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("prompt", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("model", String(120), nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("outcomes", Text, nullable=False),
    Index("prompt_run_version", "prompt", "version", "number"),
    info=OWN,
)
"""Each time the cases of a version were run."""
events = Table(
    "prompt_event",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("prompt", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(12), nullable=False),
    Column("note", String(400), nullable=False),
    Index("prompt_event_prompt", "prompt", "number"),
    info=OWN,
)
active = Table(
    "prompt_active",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("prompt", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("tenant", "purpose"),
    Index("prompt_active_prompt", "prompt"),
    info=OWN,
)
"""The version that a tenant, and all below that have none of their own, uses for a purpose."""
uses = Table(
    "prompt_use",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("prompt", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("day", String(10), nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "prompt", "version", "day"),
    Index("prompt_use_prompt", "prompt"),
    info=OWN,
)
"""By day (Chinese time): how often a version was used, how often the model failed, sentences dropped."""
ratings = Table(
    "prompt_rating",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("prompt", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("score", Integer, nullable=False),
    Column("note", String(400), nullable=False),
    UniqueConstraint("prompt", "version", "tenant", "actor", name="prompt_rating_once"),
    info=OWN,
)
"""From 1 to 5, one of each person and version: the latest counts."""
