"""Panels that a hospital system launched are read again: what it lent us for that, and as of when they show what."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

_MOMENTS = ("read", "changed", "touched")


def upgrade() -> None:
    for name in _MOMENTS:
        op.add_column("panel_launched", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_panel_launched_touched", "panel_launched", ["touched"])
    op.create_table(
        "panel_lent",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("server", sa.String(length=300), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quiet", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_panel_lent_expires", "panel_lent", ["expires"])


def downgrade() -> None:
    op.drop_table("panel_lent")
    op.drop_index("ix_panel_launched_touched", "panel_launched")
    with op.batch_alter_table("panel_launched") as table:
        for name in _MOMENTS:
            table.drop_column(name)
