"""Why defects of a document that is being written do not apply, until a report finds them."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "qc_aside",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("record", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "record", "key"),
    )


def downgrade() -> None:
    op.drop_table("qc_aside")
