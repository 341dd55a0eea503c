"""Prompts with versions, tests, roll-out, usage and ratings."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "prompt",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant", "name", name="prompt_name"),
    )
    op.create_index("prompt_purpose", "prompt", ["purpose", "tenant"], unique=False)
    op.create_table(
        "prompt_version",
        sa.Column("prompt", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("submitted_by", sa.String(length=80), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("prompt", "number"),
    )
    op.create_index("prompt_version_state", "prompt_version", ["state", "tenant"], unique=False)
    _happened()
    _used()


def _happened() -> None:
    op.create_table(
        "prompt_run",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("prompt", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("prompt_run_version", "prompt_run", ["prompt", "version", "number"], unique=False)
    op.create_table(
        "prompt_event",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("prompt", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("prompt_event_prompt", "prompt_event", ["prompt", "number"], unique=False)


def _used() -> None:
    op.create_table(
        "prompt_active",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("prompt", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "purpose"),
    )
    op.create_index("prompt_active_prompt", "prompt_active", ["prompt"], unique=False)
    op.create_table(
        "prompt_use",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("prompt", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "prompt", "version", "day"),
    )
    op.create_index("prompt_use_prompt", "prompt_use", ["prompt"], unique=False)
    op.create_table(
        "prompt_rating",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("prompt", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("prompt", "version", "tenant", "actor", name="prompt_rating_once"),
    )


def downgrade() -> None:
    for table in ("rating", "use", "active", "event", "run", "version"):
        op.drop_table(f"prompt_{table}")
    op.drop_table("prompt")
