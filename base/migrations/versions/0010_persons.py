"""Persons, their records in each institution, and how they were linked."""

import sqlalchemy as sa  # noqa: F401
from alembic import op  # noqa: F401

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    pass
