"""Organisations, departments, practitioners."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "registry_entry",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("key"),
    )
    op.create_index("registry_entry_tenant", "registry_entry", ["kind", "tenant"], unique=False)
    op.create_table(
        "registry_identifier",
        sa.Column("kind", sa.String(length=16), primary_key=True),
        sa.Column("system", sa.String(length=160), primary_key=True),
        sa.Column("value", sa.String(length=120), primary_key=True),
        sa.Column("entry", sa.BigInteger(), nullable=False),
    )
    op.create_index("registry_identifier_entry", "registry_identifier", ["entry"], unique=False)
    op.create_table(
        "registry_name",
        sa.Column("kind", sa.String(length=16), primary_key=True),
        sa.Column("name", sa.String(length=200), primary_key=True),
        sa.Column("entry", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    op.create_index("registry_name_entry", "registry_name", ["entry"], unique=False)
    op.create_table(
        "registry_version",
        sa.Column("entry", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("act", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
