"""What is known of patients, by record and time."""

import sqlalchemy as sa  # noqa: F401
from alembic import op  # noqa: F401

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    pass
