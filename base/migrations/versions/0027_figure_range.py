"""Warning lines of what is only watched: a range with a lower line beside the upper."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    with op.batch_alter_table("figure_line") as table:
        table.add_column(sa.Column("low", sa.Float(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("figure_line") as table:
        table.drop_column("low")
