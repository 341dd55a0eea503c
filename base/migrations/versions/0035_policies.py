"""The policy that a request was answered under is kept with it: a replay does not go by a file that changed since."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "journal_policy",
        sa.Column("digest", sa.String(length=64), primary_key=True),
        sa.Column("policy", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    with op.batch_alter_table("journal_request") as requests:
        requests.add_column(sa.Column("policy", sa.String(length=64), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("journal_request") as requests:
        requests.drop_column("policy")
    op.drop_table("journal_policy")
