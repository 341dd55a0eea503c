"""Tables of operations: policies, alarms, and the letters by which they were told."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from base.db import METADATA, NUMBER, OWN

NOTE: Final = 400

policies = Table(
    "operations_policy",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column(
        "sealed",
        LargeBinary,
        nullable=False,
        info={"bound": lambda row: f"operations_policy/{row.tenant}/{row.version}".encode()},
    ),
    PrimaryKeyConstraint("tenant", "version"),
    info=OWN,
)
"""Versions are never overwritten; sealed, because a policy names how staff are reached."""
alarms = Table(
    "operations_alarm",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("name", String(120), nullable=False),
    Column("condition", String(20), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("raised", DateTime(timezone=True), nullable=False),
    Column("ended", DateTime(timezone=True)),
    Column("escalated", DateTime(timezone=True)),
    Column("told", DateTime(timezone=True), nullable=False),
    Column("acknowledged", DateTime(timezone=True)),
    Column("acknowledged_by", String(80), nullable=False),
    Column("note", String(NOTE), nullable=False),
    Column("measured", Text, nullable=False),
    Column("current", String(160)),
    UniqueConstraint("tenant", "current", name="operations_alarm_current"),
    Index("operations_alarm_tenant", "tenant", "raised"),
    info=OWN,
)
"""``told``: when it was last told; ``current`` is NULL once it ended: the same may then be raised anew."""
letters = Table(
    "operations_letter",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("alarm", String(36), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("event", String(12), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("due", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False),
    Column("sent", DateTime(timezone=True)),
    Column("error", String(200), nullable=False),
    Index("operations_letter_alarm", "alarm", "number"),
    Index("operations_letter_due", "due"),
    info=OWN,
)
"""One alarm told by one channel. ``due`` is NULL once it was sent or given up."""
readers = Table(
    "operations_reader",
    METADATA,
    Column("account", String(80), primary_key=True),
    Column("upto", BigInteger, nullable=False),
)
"""Up to which message somebody has read."""
