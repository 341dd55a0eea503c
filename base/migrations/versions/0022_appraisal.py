"""Appraisal: the library, schemes, what was entered, runs, results, appeals, remarks."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    _definitions()
    _runs()
    _answers()


def _definitions() -> None:
    op.create_table(
        "appraisal_item",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code", "version"),
    )
    op.create_table(
        "appraisal_scheme",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=80), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "code", "version"),
    )
    op.create_table(
        "appraisal_entry",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("scheme", sa.String(length=60), nullable=False),
        sa.Column("period", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=360), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("appraisal_entry_scheme", "appraisal_entry", ["tenant", "scheme", "period"], unique=False)


def _runs() -> None:
    op.create_table(
        "appraisal_run",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("scheme", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.String(length=80), nullable=False),
        sa.Column("reviewed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.String(length=80), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant", "scheme", "period", name="appraisal_run_period"),
    )
    op.create_table(
        "appraisal_result",
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=360), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("group_rank", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "subject"),
    )
    op.create_index("appraisal_result_subject", "appraisal_result", ["tenant", "subject"], unique=False)


def _answers() -> None:
    op.create_table(
        "appraisal_appeal",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=360), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("claimed", sa.Float(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("appraisal_appeal_run", "appraisal_appeal", ["run", "state"], unique=False)
    op.create_table(
        "appraisal_remark",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=360), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("appraisal_remark_run", "appraisal_remark", ["run", "subject"], unique=False)


def downgrade() -> None:
    for table in (
        *("appraisal_remark", "appraisal_appeal", "appraisal_result", "appraisal_run"),
        *("appraisal_entry", "appraisal_scheme", "appraisal_item"),
    ):
        op.drop_table(table)
