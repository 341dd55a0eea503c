"""The pharmacist's queue: prescriptions, their moves, findings with verdicts, messages to hospitals."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "review_case",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("institution", sa.String(length=120), nullable=False),
        sa.Column("department", sa.String(length=120), nullable=False),
        sa.Column("prescriber", sa.String(length=80), nullable=False),
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("release", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("never", sa.Boolean(), nullable=False),
        sa.Column("signed_twice", sa.Boolean(), nullable=False),
        sa.Column("assignee", sa.String(length=80), nullable=False),
        sa.Column("not_by", sa.String(length=80), nullable=False),
        sa.Column("submitted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaces", sa.String(length=36), nullable=False),
        sa.Column("callback", sa.String(length=400), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("review_case_queue", "review_case", ["state", "institution", "submitted"], unique=False)
    op.create_index("review_case_due", "review_case", ["state", "due"], unique=False)
    op.create_index("review_case_submitted", "review_case", ["submitted"], unique=False)
    op.create_table(
        "review_event",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("review", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("review_event_move", "review_event", ["review", "version"], unique=True)
    op.create_table(
        "review_flag",
        sa.Column("review", sa.String(length=36), nullable=False),
        sa.Column("finding", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.String(length=160), nullable=False),
        sa.Column("family", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("review", "finding"),
    )
    op.create_index(op.f("ix_review_flag_rule"), "review_flag", ["rule"], unique=False)
    op.create_table(
        "review_outbox",
        sa.Column("event", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.String(length=400), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("event"),
    )
    op.create_index("review_outbox_due", "review_outbox", ["done", "next"], unique=False)


def downgrade() -> None:
    for table in ("review_outbox", "review_flag", "review_event", "review_case"):
        op.drop_table(table)
