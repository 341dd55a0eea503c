"""Tests and examinations that institutions offer, as each listed them."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "institution_offer",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("concept", sa.String(length=200), nullable=False),
        sa.Column("said", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "concept"),
    )
    op.create_index("institution_offer_concept", "institution_offer", ["concept"])


def downgrade() -> None:
    op.drop_table("institution_offer")
