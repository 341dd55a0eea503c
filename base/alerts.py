"""What security staff must look at: somebody broke the glass, guessed passwords, replayed a code. And the glass
itself: for how long somebody may read a person who is none of theirs, and why.

Alerts name nobody but the actor and internal ids; the reason somebody gives may name a patient and is sealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Index,
    LargeBinary,
    String,
    Table,
    insert,
    select,
    update,
)

from base.db import METADATA, OWN
from base.keyring import KeyRing

CATEGORIES: Final = {
    "emergency": "急危重症抢救",
    "unconscious": "患者无法表达意愿",
    "public-health": "突发公共卫生事件处置",
    "safety": "医疗安全事件处置",
}
"""For what the glass may be broken."""
LEAST_REASON: Final = 10

alerts = Table(
    "security_alert",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("source", String(80), nullable=False),
    Column("reference", String(36), nullable=False),
    Column("acknowledged", DateTime(timezone=True)),
    Column("acknowledged_by", String(80), nullable=False),
    Index("security_alert_open", "acknowledged", "at"),
    info=OWN,
)
glasses = Table(
    "account_break_glass",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account", String(36), nullable=False),
    Column("person", BigInteger, nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("category", String(20), nullable=False),
    Column("reason", LargeBinary, nullable=False, info={"bound": lambda row: row.id.encode()}),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Index("account_break_glass_account", "account", "until"),
    info=OWN,
)


class GlassError(Exception):
    """A reason that will not do; the message is Chinese and says what is asked."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to look at. ``subject`` is an internal id (``person/17``)."""

    id: str
    tenant: str
    kind: str
    at: datetime
    actor: str
    subject: str
    source: str
    reference: str
    acknowledged: datetime | None
    acknowledged_by: str


@dataclass(frozen=True, slots=True)
class Glass:
    """Leave for an account of a tenant to read a person (internal id) until a time, for a category of reasons."""

    id: str
    account: str
    person: int
    tenant: str
    category: str
    at: datetime
    until: datetime


def sound(
    connection: Connection, kind: str, tenant: str, actor: str, subject: str, source: str, reference: str = ""
) -> str:
    """Raise an alert. Gives its id."""
    made = str(uuid4())
    row = {"id": made, "tenant": tenant, "kind": kind, "at": datetime.now(UTC), "actor": actor[:80]}
    row |= {"subject": subject[:160], "source": source[:80], "reference": reference, "acknowledged_by": ""}
    connection.execute(insert(alerts).values(**row, acknowledged=None))
    return made


def listed(connection: Connection, waiting: bool, limit: int = 200) -> list[Alert]:
    """Alerts, the newest first; only those nobody acknowledged when ``waiting``."""
    query = select(alerts).order_by(alerts.c.at.desc(), alerts.c.id).limit(limit)
    query = query.where(alerts.c.acknowledged.is_(None)) if waiting else query
    return [_alert(row) for row in connection.execute(query)]


def acknowledge(connection: Connection, alert_id: str, by: str) -> bool:
    """Say that somebody looked. False when there is none, or somebody did before."""
    waiting = (alerts.c.id == alert_id, alerts.c.acknowledged.is_(None))
    values = {"acknowledged": datetime.now(UTC), "acknowledged_by": by[:80]}
    return connection.execute(update(alerts).where(*waiting).values(values)).rowcount == 1


def checked_reason(category: str, reason: str) -> str:
    """A reason that will do. Raises ``GlassError``."""
    if category not in CATEGORIES:
        raise GlassError(f"须注明类别: {'、'.join(f'{k} ({v})' for k, v in CATEGORIES.items())}")
    if len("".join(reason.split())) < LEAST_REASON:
        raise GlassError(f"须写明紧急调阅的理由，至少 {LEAST_REASON} 个字")
    return reason.strip()


def break_glass(connection: Connection, ring: KeyRing, glass: Glass, reason: str) -> None:
    """Let an account read a person for a while."""
    row = {name: getattr(glass, name) for name in Glass.__slots__}
    connection.execute(insert(glasses).values(**row, reason=ring.seal(reason.encode(), glass.id.encode())))


def broken(connection: Connection, account: str, person: int, now: datetime) -> bool:
    """Whether the account broke the glass for this person and the time is not over."""
    here = (glasses.c.account == account, glasses.c.person == person, glasses.c.until > now)
    return connection.execute(select(glasses.c.id).where(*here).limit(1)).first() is not None


def reasons(connection: Connection, ring: KeyRing, references: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Category and reason of broken glasses by id, for who may know them."""
    rows = connection.execute(select(glasses).where(glasses.c.id.in_(references)))
    return {row.id: (CATEGORIES[row.category], ring.unseal(row.reason, row.id.encode()).decode()) for row in rows}


def _alert(row: Any) -> Alert:
    return Alert(**row._mapping)
