"""Faults found in data, what became of them, and scores of institutions."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _acknowledgement()
    _day()
    _edit()
    _event()
    _fault()
    _standard()
    _survey()
    _tally()


def _acknowledgement() -> None:
    op.create_table(
        "quality_acknowledgement",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "owner", "number"),
    )


def _day() -> None:
    op.create_table(
        "quality_day",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("checked", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "day", "kind", "rule"),
    )
    op.create_index("quality_day_day", "quality_day", ["day"], unique=False)


def _edit() -> None:
    op.create_table(
        "quality_edit",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_by", sa.String(length=80), nullable=False),
        sa.Column("activated", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "rule", "version"),
    )


def _event() -> None:
    op.create_table(
        "quality_event",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("fault", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("before", sa.String(length=12), nullable=False),
        sa.Column("after", sa.String(length=12), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("quality_event_fault", "quality_event", ["fault", "number"], unique=False)


def _fault() -> None:
    op.create_table(
        "quality_fault",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("dimension", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=180), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("found", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("current", sa.String(length=280), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant", "current", name="quality_fault_current"),
    )
    op.create_index("quality_fault_reference", "quality_fault", ["tenant", "reference"], unique=False)
    op.create_index("quality_fault_rule", "quality_fault", ["tenant", "rule", "found"], unique=False)
    op.create_index("quality_fault_state", "quality_fault", ["state", "tenant", "found"], unique=False)


def _standard() -> None:
    op.create_table(
        "quality_standard",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rules", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "number"),
    )


def _survey() -> None:
    op.create_table(
        "quality_survey",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "day"),
    )


def _tally() -> None:
    op.create_table(
        "quality_tally",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    for table in (
        "quality_tally",
        "quality_survey",
        "quality_standard",
        "quality_fault",
        "quality_event",
        "quality_edit",
        "quality_day",
        "quality_acknowledgement",
    ):
        op.drop_table(table)
