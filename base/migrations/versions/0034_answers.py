"""What was answered about a patient is found by the patient, since several cards may speak of one matter; an answer
holds for nothing graver than what was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_index("journal_card_patient", "journal_card", ["patient"], unique=False)
    with op.batch_alter_table("journal_seen") as seen:
        seen.drop_column("answered")
        seen.add_column(sa.Column("severity", sa.String(length=20), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("journal_seen") as seen:
        seen.drop_column("severity")
        seen.add_column(sa.Column("answered", sa.String(length=36), nullable=False, server_default=""))
    op.drop_index("journal_card_patient", table_name="journal_card")
