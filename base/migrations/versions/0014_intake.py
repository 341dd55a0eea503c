"""Messages as they came, and what became of each."""

import sqlalchemy as sa  # noqa: F401
from alembic import op  # noqa: F401

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    pass
