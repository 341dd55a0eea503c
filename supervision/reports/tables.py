"""Tables of scheduled reports: schedules, their runs with the files, who was told, what lies beyond its line."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
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

ERROR: Final = 400

schedules = Table(
    "report_schedule",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("author", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("sealed", LargeBinary, nullable=False, info={"bound": lambda row: f"report_schedule/{row.id}".encode()}),
    Index("report_schedule_due", "due"),
    info=OWN,
)
"""``sealed`` is the plan, because it names how staff are reached."""
runs = Table(
    "report_run",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("schedule", String(36), nullable=False),
    Column("title", String(80), nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("period", String(24), nullable=False),
    Column("state", String(10), nullable=False),
    Column("next", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False),
    Column("ended", DateTime(timezone=True)),
    Column("text", Text, nullable=False),
    Column("error", String(ERROR), nullable=False),
    UniqueConstraint("schedule", "due", name="report_run_once"),
    Index("report_run_next", "next"),
    Index("report_run_tenant", "tenant", "due"),
    info=OWN,
)
"""``next`` is when it is tried (again), or when whoever tries it now has lost it; NULL once it is over."""
files = Table(
    "report_file",
    METADATA,
    Column("run", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("name", String(160), nullable=False),
    Column("media", String(120), nullable=False),
    Column("sealed", LargeBinary, nullable=False, info={"bound": lambda row: f"report_file/{row.run}".encode()}),
    info=OWN,
)
letters = Table(
    "report_letter",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("run", String(36), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("due", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False),
    Column("sent", DateTime(timezone=True)),
    Column("error", String(200), nullable=False),
    Index("report_letter_run", "run"),
    Index("report_letter_due", "due"),
    info=OWN,
)
"""One run told by one channel. ``due`` is NULL once it was sent or given up."""
crossings = Table(
    "report_crossing",
    METADATA,
    Column("schedule", String(36), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("key", String(64), nullable=False),
    Column("period", String(24), nullable=False),
    Column("said", Text, nullable=False),
    PrimaryKeyConstraint("schedule", "key"),
    info=OWN,
)
"""What was told to lie beyond its line and was not told to be back."""
