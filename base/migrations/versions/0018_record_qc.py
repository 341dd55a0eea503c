"""Quality control of records: reports, defects and what became of them, schemes, assessments, figures of staff."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _report()
    _defect()
    _event()
    _assessment()
    _scheme()
    _staffing()


def _report() -> None:
    op.create_table(
        "qc_report",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("record", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("current", sa.String(length=128), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("department", sa.String(length=120), nullable=False),
        sa.Column("doctor", sa.String(length=80), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("scheme", sa.String(length=240), nullable=False),
        sa.Column("first_score", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("grade", sa.String(length=4), nullable=False),
        sa.Column("gaps", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant", "digest", name="qc_report_digest"),
        sa.UniqueConstraint("tenant", "current", name="qc_report_current"),
    )
    op.create_index("qc_report_day", "qc_report", ["tenant", "day"], unique=False)
    op.create_index("qc_report_record", "qc_report", ["tenant", "record"], unique=False)


def _defect() -> None:
    op.create_table(
        "qc_defect",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("record", sa.String(length=128), nullable=False),
        sa.Column("report", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("check", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=4), nullable=False),
        sa.Column("document", sa.String(length=128), nullable=False),
        sa.Column("department", sa.String(length=120), nullable=False),
        sa.Column("doctor", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("found", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant", "record", "key", name="qc_defect_once"),
    )
    op.create_index("qc_defect_report", "qc_defect", ["report"], unique=False)
    op.create_index("qc_defect_state", "qc_defect", ["tenant", "state", "found"], unique=False)


def _event() -> None:
    op.create_table(
        "qc_event",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("defect", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("before", sa.String(length=12), nullable=False),
        sa.Column("after", sa.String(length=12), nullable=False),
        sa.Column("report", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("qc_event_defect", "qc_event", ["defect", "number"], unique=False)


def _assessment() -> None:
    op.create_table(
        "qc_assessment",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("record", sa.String(length=128), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "record", "item"),
    )


def _scheme() -> None:
    op.create_table(
        "qc_scheme",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "number"),
    )


def _staffing() -> None:
    op.create_table(
        "qc_staffing",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "month", "item"),
    )


def downgrade() -> None:
    for table in ("qc_staffing", "qc_scheme", "qc_assessment", "qc_event", "qc_defect", "qc_report"):
        op.drop_table(table)
