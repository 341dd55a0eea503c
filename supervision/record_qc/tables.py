"""Tables of record QC: reports, their defects and what became of them, schemes of scores, and figures of staff."""

from __future__ import annotations

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
    UniqueConstraint,
)

from base.db import METADATA, NUMBER, OWN

reports = Table(
    "qc_report",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("record", String(128), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("stage", String(8), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("current", String(128)),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", String(80), nullable=False),
    Column("department", String(120), nullable=False),
    Column("doctor", String(80), nullable=False),
    Column("day", String(10), nullable=False),
    Column("scheme", String(240), nullable=False),
    Column("first_score", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("grade", String(4), nullable=False),
    Column("gaps", Text, nullable=False),
    Column("measures", Text, nullable=False),
    UniqueConstraint("tenant", "digest", name="qc_report_digest"),
    UniqueConstraint("tenant", "current", name="qc_report_current"),
    Index("qc_report_day", "tenant", "day"),
    Index("qc_report_record", "tenant", "record"),
    info=OWN,
)
"""``current`` is the record's id in its newest report, NULL in those before; ``day`` when the stay ended, while it
goes on when it was checked (Chinese time); ``gaps`` what was not known and ``measures`` what the record adds to
national indicators, both JSON without a word of the record."""
defects = Table(
    "qc_defect",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("record", String(128), nullable=False),
    Column("report", BigInteger, nullable=False),
    Column("key", String(64), nullable=False),
    Column("check", String(60), nullable=False),
    Column("version", String(20), nullable=False),
    Column("severity", String(4), nullable=False),
    Column("document", String(128), nullable=False),
    Column("department", String(120), nullable=False),
    Column("doctor", String(80), nullable=False),
    Column("state", String(12), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("handler", String(80), nullable=False),
    Column("found", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
    Column("said", LargeBinary, nullable=False, info={"bound": lambda row: bound(row.tenant, row.record, row.key)}),
    UniqueConstraint("tenant", "record", "key", name="qc_defect_once"),
    Index("qc_defect_report", "report"),
    Index("qc_defect_state", "tenant", "state", "found"),
    info=OWN,
)
"""``report`` is the newest report of its record; ``said`` (what is wrong and the words) is sealed."""
events = Table(
    "qc_event",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("defect", BigInteger, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(12), nullable=False),
    Column("before", String(12), nullable=False),
    Column("after", String(12), nullable=False),
    Column("report", BigInteger),
    Column("reason", LargeBinary, nullable=False, info={"bound": lambda row: reason_bound(row.defect)}),
    Index("qc_event_defect", "defect", "number"),
    info=OWN,
)
asides = Table(
    "qc_aside",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("record", String(128), nullable=False),
    Column("key", String(64), nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column(
        "reason",
        LargeBinary,
        nullable=False,
        info={"bound": lambda row: aside_bound(row.tenant, row.record, row.key)},
    ),
    PrimaryKeyConstraint("tenant", "record", "key"),
    info=OWN,
)
"""Why a defect of a document that is being written does not apply, until a report finds it."""
assessments = Table(
    "qc_assessment",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("record", String(128), nullable=False),
    Column("item", String(40), nullable=False),
    Column("right", Boolean, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("tenant", "record", "item"),
    info=OWN,
)
"""What only a coder can judge of a record: whether main diagnosis and operation are chosen and coded rightly."""
schemes = Table(
    "qc_scheme",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("number", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("note", String(400), nullable=False),
    Column("author", String(80), nullable=False),
    Column("published", DateTime(timezone=True), nullable=False),
    Column("withdrawn", DateTime(timezone=True)),
    PrimaryKeyConstraint("tenant", "number"),
    info=OWN,
)
staffing = Table(
    "qc_staffing",
    METADATA,
    Column("tenant", String(200), nullable=False),
    Column("month", String(7), nullable=False),
    Column("item", String(40), nullable=False),
    Column("value", Float, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("tenant", "month", "item"),
    info=OWN,
)
"""How many people manage and code records in a month, and outpatient records: no record tells."""


def bound(tenant: str, record: str, key: str) -> bytes:
    """What the words of a defect are sealed to."""
    return f"qc_defect/{tenant}/{record}/{key}".encode()


def reason_bound(defect: int) -> bytes:
    """What a reason is sealed to."""
    return f"qc_event/{defect}".encode()


def aside_bound(tenant: str, record: str, key: str) -> bytes:
    """What the reason of a defect set aside is sealed to."""
    return f"qc_aside/{tenant}/{record}/{key}".encode()
