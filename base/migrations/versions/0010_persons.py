"""Persons, their records in each institution, and how they were linked."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _persons()
    _histories()
    op.create_table(
        "person_review",
        sa.Column("number", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("second", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_person_review_second", "person_review", ["second"])
    op.create_index("person_review_pair", "person_review", ["first", "second"], unique=True)
    op.create_index("person_review_status", "person_review", ["status", "score"])


def _persons() -> None:
    op.create_table(
        "person",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_person_merged_into", "person", ["merged_into"])
    op.create_table(
        "person_record",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("local_id", sa.String(length=200), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_person_record_person", "person_record", ["person"])
    op.create_index("person_record_local", "person_record", ["tenant", "local_id"], unique=True)
    op.create_table(
        "person_key",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "record"),
    )


def _histories() -> None:
    op.create_table(
        "person_record_version",
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("local_id", sa.String(length=200), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("record", "version"),
    )
    op.create_table(
        "person_event",
        sa.Column("number", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=12), nullable=False),
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("other", sa.BigInteger(), nullable=True),
        sa.Column("record", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_person_event_person", "person_event", ["person"])
    op.create_index("ix_person_event_other", "person_event", ["other"])
    op.create_index("person_event_day", "person_event", ["day", "act"])
