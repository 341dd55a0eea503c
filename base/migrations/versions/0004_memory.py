"""What was shown for a patient before; cards know their cause, orders, patient (hashed) and time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "journal_seen",
        sa.Column("patient", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("shown", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged", sa.DateTime(timezone=True), nullable=True),
        sa.Column("orders", sa.String(length=400), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("patient", "cause"),
    )
    op.create_index(op.f("ix_journal_seen_updated"), "journal_seen", ["updated"], unique=False)
    with op.batch_alter_table("journal_card") as cards:
        cards.add_column(sa.Column("cause", sa.String(length=160), nullable=False, server_default=""))
        cards.add_column(sa.Column("orders", sa.String(length=400), nullable=False, server_default=""))
        cards.add_column(sa.Column("patient", sa.String(length=32), nullable=False, server_default=""))
        cards.add_column(sa.Column("at", sa.DateTime(timezone=True), nullable=True))
        cards.create_index("journal_card_at", ["at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("journal_card") as cards:
        cards.drop_index("journal_card_at")
        for column in ("cause", "orders", "patient", "at"):
            cards.drop_column(column)
    op.drop_table("journal_seen")
