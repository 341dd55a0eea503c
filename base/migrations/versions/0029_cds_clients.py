"""Registered systems may be CDS clients: by the issuer of their tokens, with the features they declared."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    with op.batch_alter_table("account_client") as table:
        table.add_column(sa.Column("issuer", sa.String(length=300), nullable=True))
        table.add_column(sa.Column("features", sa.Text(), nullable=False, server_default="[]"))
        table.create_index("account_client_issuer", ["issuer"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("account_client") as table:
        table.drop_index("account_client_issuer")
        table.drop_column("features")
        table.drop_column("issuer")
