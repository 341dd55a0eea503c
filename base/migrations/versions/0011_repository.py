"""What is known of patients, by record and time; what they let others see."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_KEY = ("tenant", "kind", "local")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _resource() -> list[sa.Column[Any]]:
    return [
        sa.Column("record", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("category", sa.SmallInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("local", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=48), nullable=False),
        sa.Column("encounter", sa.String(length=128), nullable=False),
        sa.Column("resource", sa.LargeBinary(), nullable=False),
    ]


def _wishes() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("withheld", sa.SmallInteger(), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table("record_resource", *_resource(), sa.PrimaryKeyConstraint(*_KEY))
    op.create_index("record_resource_record", "record_resource", ["record", "at", "kind"], unique=False)
    op.create_index(
        "record_resource_standing",
        "record_resource",
        ["tenant", "kind", "at"],
        unique=False,
        postgresql_where=sa.text("record IS NULL"),
        sqlite_where=sa.text("record IS NULL"),
    )
    op.create_table("record_version", *_resource(), sa.PrimaryKeyConstraint(*_KEY, "version"))
    op.create_table(
        "record_sealed",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("local", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, "version"),
    )
    op.create_table(
        "consent_flag",
        sa.Column("record", sa.BigInteger(), primary_key=True, autoincrement=False),
        *_wishes(),
    )
    op.create_table(
        "consent_history",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("record", sa.BigInteger(), nullable=False),
        *_wishes(),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("consent_history_record", "consent_history", ["record", "number"], unique=False)
