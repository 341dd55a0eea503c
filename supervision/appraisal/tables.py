"""Tables of appraisal: the library, schemes, targets, what was entered, runs, results, appeals, remarks."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from base.db import METADATA, NUMBER, OWN

items = Table(
    "appraisal_item",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("code", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("author", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("tenant", "code", "version"),
    info=OWN,
)
schemes = Table(
    "appraisal_scheme",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("code", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("author", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("published_by", String(80), nullable=False),
    Column("published", DateTime(timezone=True)),
    PrimaryKeyConstraint("tenant", "code", "version"),
    info=OWN,
)
"""``body`` of a published version holds the items as they stood then: it never changes."""
entries = Table(
    "appraisal_entry",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("scheme", String(60), nullable=False),
    Column("period", String(24), nullable=False),
    Column("subject", String(360), nullable=False),
    Column("item", String(60), nullable=False),
    Column("amount", Float, nullable=False),
    Column(
        "evidence",
        LargeBinary,
        nullable=False,
        info={"bound": lambda row: f"appraisal_entry/{row.subject}/{row.item}".encode()},
    ),
    Column("author", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("appraisal_entry_scheme", "tenant", "scheme", "period"),
    info=OWN,
)
"""Values, shares and targets that somebody entered; the newest counts, earlier ones stay. ``period`` is empty for a
target that holds in all."""
runs = Table(
    "appraisal_run",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("scheme", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("period", String(24), nullable=False),
    Column("state", String(12), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("inputs", LargeBinary, nullable=False, info={"bound": lambda row: f"appraisal_run/{row.id}".encode()}),
    Column("author", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("reviewed_by", String(80), nullable=False),
    Column("reviewed", DateTime(timezone=True)),
    Column("published_by", String(80), nullable=False),
    Column("published", DateTime(timezone=True)),
    Column("closed", DateTime(timezone=True)),
    UniqueConstraint("tenant", "scheme", "period", name="appraisal_run_period"),
    info=OWN,
)
"""``inputs`` is all that results depend on; ``revision`` counts how often it was reckoned."""
results = Table(
    "appraisal_result",
    METADATA,
    Column("run", String(36), nullable=False),
    Column("subject", String(360), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("shown", Integer, nullable=False),
    Column("score", Float),
    Column("rank", Integer),
    Column("group_rank", Integer),
    Column(
        "body",
        LargeBinary,
        nullable=False,
        info={"bound": lambda row: f"appraisal_result/{row.run}/{row.subject}".encode()},
    ),
    PrimaryKeyConstraint("run", "subject"),
    Index("appraisal_result_subject", "tenant", "subject"),
    info=OWN,
)
"""``tenant`` is the institution appraised; it sees a result once ``shown``."""
appeals = Table(
    "appraisal_appeal",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("run", String(36), nullable=False),
    Column("subject", String(360), nullable=False),
    Column("item", String(60), nullable=False),
    Column("claimed", Float),
    Column("reason", LargeBinary, nullable=False, info={"bound": lambda row: row.id.encode()}),
    Column("author", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("state", String(10), nullable=False),
    Column("value", Float),
    Column("answer", LargeBinary, nullable=False, info={"bound": lambda row: f"{row.id}/answer".encode()}),
    Column("decided_by", String(80), nullable=False),
    Column("decided", DateTime(timezone=True)),
    Index("appraisal_appeal_run", "run", "state"),
    info=OWN,
)
remarks = Table(
    "appraisal_remark",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("run", String(36), nullable=False),
    Column("subject", String(360), nullable=False),
    Column("author", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("text", LargeBinary, nullable=False, info={"bound": lambda row: row.id.encode()}),
    Index("appraisal_remark_run", "run", "subject"),
    info=OWN,
)
"""What is told to whoever was appraised, and what they answer (绩效反馈)."""
