"""Accounts, sessions, client credentials; and the tenants of what was stored before there were any."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_LEAGUE = "league"
"""Whose is what no tenant was known of: the whole league's, under its name as it ships."""


def upgrade() -> None:
    _people()
    _logins()
    _rights()
    _watch()
    _tenants()


def _people() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("full_name", sa.String(length=80), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("password_set", sa.DateTime(timezone=True), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index("ix_account_tenant", "account", ["tenant"], unique=False)
    op.create_index("account_subject", "account", ["issuer", "subject"], unique=True)
    op.create_table(
        "account_password",
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("account", "number"),
    )
    op.create_table(
        "account_factor",
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "account_recovery",
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("account", "digest"),
    )


def _logins() -> None:
    op.create_table(
        "account_session",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("client", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("ended", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_account_session_expires", "account_session", ["expires"], unique=False)
    op.create_index("account_session_account", "account_session", ["account", "ended"], unique=False)
    op.create_index("account_session_client", "account_session", ["client", "ended"], unique=False)
    op.create_table(
        "security_attempt",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_security_attempt_last", "security_attempt", ["last"], unique=False)


def _rights() -> None:
    op.create_table(
        "account_grant",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_account_grant_account", "account_grant", ["account"], unique=False)
    op.create_index("account_grant_once", "account_grant", ["account", "role", "tenant"], unique=True)
    op.create_table(
        "account_role",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "account_client",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.Column("certificate", sa.String(length=400), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_account_client_tenant", "account_client", ["tenant"], unique=False)
    op.create_index("ix_account_client_certificate", "account_client", ["certificate"], unique=False)


def _watch() -> None:
    op.create_table(
        "security_alert",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("reference", sa.String(length=36), nullable=False),
        sa.Column("acknowledged", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("security_alert_open", "security_alert", ["acknowledged", "at"], unique=False)
    op.create_table(
        "account_break_glass",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("account_break_glass_account", "account_break_glass", ["account", "until"], unique=False)


def _tenants() -> None:
    """Reviews, stored requests and rounds of comment are held to a tenant from now on."""
    wide, before = sa.String(length=200), sa.String(length=80)
    with op.batch_alter_table("review_case") as batch:
        batch.alter_column("tenant", type_=wide, existing_type=before, existing_nullable=False)
    case = sa.table("review_case", sa.column("tenant", sa.String))
    op.execute(sa.update(case).where(case.c.tenant == "").values(tenant=_LEAGUE))
    for table in ("journal_request", "comment_round"):
        op.add_column(table, sa.Column("tenant", sa.String(200), nullable=False, server_default=_LEAGUE))
