"""Connected systems: what they sent by hour, alarms about them, and whom these were told to."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    _traffic()
    _alarms()


def _traffic() -> None:
    op.create_table(
        "traffic_tally",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        *_named(),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_counted(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "traffic_hour",
        *_named(),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        *_counted(),
        sa.PrimaryKeyConstraint("tenant", "kind", "name", "hour"),
    )
    op.create_index("traffic_hour_hour", "traffic_hour", ["hour"], unique=False)
    op.create_table(
        "traffic_system",
        *_named(),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.String(length=200), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "name"),
    )


def _named() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
    ]


def _counted() -> list[sa.Column[Any]]:
    counts = [sa.Column(name, sa.BigInteger(), nullable=False) for name in ("arrived", "done", "failed")]
    return [*counts, sa.Column("spread", sa.Text(), nullable=False)]


def _alarms() -> None:
    op.create_table(
        "operations_policy",
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "version"),
    )
    op.create_table(
        "operations_alarm",
        sa.Column("id", sa.String(length=36), nullable=False),
        *_named(),
        sa.Column("condition", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("raised", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("measured", sa.Text(), nullable=False),
        sa.Column("current", sa.String(length=160), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant", "current", name="operations_alarm_current"),
    )
    op.create_index("operations_alarm_tenant", "operations_alarm", ["tenant", "raised"], unique=False)
    op.create_table(
        "operations_letter",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("alarm", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("event", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("operations_letter_alarm", "operations_letter", ["alarm", "number"], unique=False)
    op.create_index("operations_letter_due", "operations_letter", ["due"], unique=False)
    op.create_table(
        "operations_reader",
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )


def downgrade() -> None:
    for table in (
        *("operations_reader", "operations_letter", "operations_alarm", "operations_policy"),
        *("traffic_system", "traffic_hour", "traffic_tally"),
    ):
        op.drop_table(table)
