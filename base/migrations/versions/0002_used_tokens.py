"""Token ids that were used, shared by all workers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "security_used_token",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_security_used_token_expires"), "security_used_token", ["expires"], unique=False)


def downgrade() -> None:
    op.drop_table("security_used_token")
