"""Tables of data quality: faults and what became of them, counts by day, rules as a site changed them, standards."""

from __future__ import annotations

from datetime import date, datetime, timedelta

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
from clinical.coded import china_day

faults = Table(
    "quality_fault",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("version", String(40), nullable=False),
    Column("dimension", String(16), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("reference", String(180), nullable=False),
    Column("path", String(200), nullable=False),
    Column("message", BigInteger),
    Column("times", Integer, nullable=False),
    Column("found", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
    Column("state", String(12), nullable=False),
    Column("due", DateTime(timezone=True)),
    Column("handler", String(80), nullable=False),
    Column("current", String(280)),
    UniqueConstraint("tenant", "current", name="quality_fault_current"),
    Index("quality_fault_reference", "tenant", "reference"),
    Index("quality_fault_state", "state", "tenant", "found"),
    Index("quality_fault_rule", "tenant", "rule", "found"),
    info=OWN,
)
"""``message`` is the newest message it was found in, None for what a survey found; ``current`` is NULL once it was
put right: the same fault may then be found anew."""
events = Table(
    "quality_event",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("fault", BigInteger, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(12), nullable=False),
    Column("before", String(12), nullable=False),
    Column("after", String(12), nullable=False),
    Column("message", BigInteger),
    Column("reason", LargeBinary, nullable=False, info={"bound": lambda row: f"quality_event/{row.fault}".encode()}),
    Index("quality_event_fault", "fault", "number"),
    info=OWN,
)
tallies = Table(
    "quality_tally",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("day", String(10), nullable=False),
    Column("counts", LargeBinary, nullable=False),
    info=OWN,
)
"""What each message adds to the counts of its day, until it is added: messages must not wait for one another."""
days = Table(
    "quality_day",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("day", String(10), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "day", "kind", "rule"),
    Index("quality_day_day", "day"),
    info=OWN,
)
"""How often a rule was applied to resources of a type on a day (Chinese time), and how often it was broken; the rule
``""`` counts resources."""
edits = Table(
    "quality_edit",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("author", String(80), nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    Column("activated_by", String(80), nullable=False),
    Column("activated", DateTime(timezone=True)),
    Column("note", String(400), nullable=False),
    PrimaryKeyConstraint("tenant", "rule", "version"),
    info=OWN,
)
"""What a site changed of a rule, or a rule of its own (``body`` is JSON); versions are never overwritten."""
standards = Table(
    "quality_standard",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("rules", LargeBinary, nullable=False),
    Column("note", String(1000), nullable=False),
    Column("author", String(80), nullable=False),
    Column("published", DateTime(timezone=True), nullable=False),
    Column("withdrawn", DateTime(timezone=True)),
    PrimaryKeyConstraint("tenant", "number"),
    info=OWN,
)
"""Published versions of a rule set: whole, unchangeable, named by the SM3 digest of their content."""
acknowledgements = Table(
    "quality_acknowledgement",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("number", Integer, nullable=False),
    Column("received", DateTime(timezone=True)),
    Column("confirmed", DateTime(timezone=True)),
    Column("actor", String(80), nullable=False),
    PrimaryKeyConstraint("tenant", "owner", "number"),
    info=OWN,
)
"""That an institution fetched a standard of ``owner`` and put it into force."""
surveyed = Table(
    "quality_survey",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("day", String(10), nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("finished", DateTime(timezone=True)),
    Column("checked", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "day"),
    info=OWN,
)
"""That an institution's data was surveyed as a whole on a day, or is being surveyed."""


def day_of(at: datetime) -> str:
    """The Chinese day of a moment."""
    return china_day(at).isoformat()


def days_before(day: str, number: int) -> str:
    """The day so many days before."""
    return (date.fromisoformat(day) - timedelta(days=number)).isoformat()
