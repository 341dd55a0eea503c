"""Code systems, value sets, maps between them, and codes that nobody mapped."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _concept()
    _map()
    _map_event()
    _sighting()
    _system()
    _unmapped()
    _value_set()
    _version()


def _concept() -> None:
    op.create_table(
        "code_concept",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("system", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("display", sa.String(length=400), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("initials", sa.String(length=80), nullable=False),
        sa.Column("parent", sa.String(length=80), nullable=False),
        sa.Column("synonyms", sa.Text(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "system", "version", "code"),
    )
    op.create_index("code_concept_name", "code_concept", ["name"], unique=False)
    op.create_index("code_concept_parent", "code_concept", ["tenant", "system", "version", "parent"], unique=False)


def _map() -> None:
    op.create_table(
        "code_map",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("target_code", sa.String(length=80), nullable=False),
        sa.Column("display", sa.String(length=400), nullable=False),
        sa.Column("target_display", sa.String(length=400), nullable=False),
        sa.Column("equivalence", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "source", "code", "target", "target_code"),
    )
    op.create_index("code_map_state", "code_map", ["tenant", "source", "target", "state"], unique=False)


def _map_event() -> None:
    op.create_table(
        "code_map_event",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("target_code", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("code_map_event_code", "code_map_event", ["tenant", "source", "code"], unique=False)


def _sighting() -> None:
    op.create_table(
        "code_sighting",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("seen", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _system() -> None:
    op.create_table(
        "code_system",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("uri", sa.String(length=200), nullable=False),
        sa.Column("oid", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("publisher", sa.String(length=200), nullable=False),
        sa.Column("standard", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("code_system_uri", "code_system", ["uri"], unique=False)


def _unmapped() -> None:
    op.create_table(
        "code_unmapped",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("display", sa.String(length=400), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("last", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "system", "code", "place"),
    )
    op.create_index("code_unmapped_seen", "code_unmapped", ["tenant", "seen"], unique=False)


def _value_set() -> None:
    op.create_table(
        "code_value_set",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("compose", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_by", sa.String(length=80), nullable=False),
        sa.Column("activated", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", "version"),
    )
    op.create_index("code_value_set_url", "code_value_set", ["url"], unique=False)


def _version() -> None:
    op.create_table(
        "code_version",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("system", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_by", sa.String(length=80), nullable=False),
        sa.Column("activated", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "system", "version"),
    )


def downgrade() -> None:
    for table in (
        "code_version",
        "code_value_set",
        "code_unmapped",
        "code_system",
        "code_sighting",
        "code_map_event",
        "code_map",
        "code_concept",
    ):
        op.drop_table(table)
