"""Which card about a matter of a patient was answered last."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    with op.batch_alter_table("journal_seen") as seen:
        seen.add_column(sa.Column("answered", sa.String(length=36), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("journal_seen") as seen:
        seen.drop_column("answered")
