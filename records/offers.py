"""Which tests and examinations each institution offers, as it listed them: whole lists, by concept of the release.

An institution without a list said nothing, not that it offers nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from sqlalchemy import Column, Connection, DateTime, Index, String, Table, delete, select

from base.db import METADATA, OWN, alone, insert_many

LONGEST: Final = 200
"""Characters of what an institution calls a test."""
_LOCK: Final = 7_195_061

offers = Table(
    "institution_offer",
    METADATA,
    Column("tenant", String(200), primary_key=True),
    Column("concept", String(200), primary_key=True),
    Column("said", String(LONGEST), nullable=False),
    Column("actor", String(120), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("institution_offer_concept", "concept"),
    info=OWN,
)


class Offer(NamedTuple):
    """A test or examination of a list: its concept, what the institution calls it, who listed it and when."""

    concept: str
    said: str
    actor: str
    at: datetime


def put(connection: Connection, tenant: str, said: Mapping[str, str], actor: str) -> None:
    """The whole list of an institution, concepts with what it calls them; an empty one takes the list away.
    Of two who write at once the later one's stays; the transaction must not have written yet."""
    alone(connection, _LOCK)
    connection.execute(delete(offers).where(offers.c.tenant == tenant))
    shared = {"tenant": tenant, "actor": actor, "at": datetime.now(UTC)}
    insert_many(connection, offers, [shared | {"concept": concept, "said": name} for concept, name in said.items()])


def listed(connection: Connection, tenant: str) -> list[Offer]:
    """The list of an institution, by concept."""
    columns = (offers.c.concept, offers.c.said, offers.c.actor, offers.c.at)
    query = select(*columns).where(offers.c.tenant == tenant).order_by(offers.c.concept)
    return [Offer(*row) for row in connection.execute(query)]


def has_list(connection: Connection, tenant: str) -> bool:
    """Whether an institution said what it offers."""
    return connection.execute(select(offers.c.concept).where(offers.c.tenant == tenant).limit(1)).first() is not None


def offering(connection: Connection, concepts: Collection[str]) -> dict[str, frozenset[str]]:
    """Institutions that list any of the concepts, each with which."""
    found: dict[str, set[str]] = {}
    query = select(offers.c.tenant, offers.c.concept).where(offers.c.concept.in_(concepts))
    for tenant, concept in connection.execute(query):
        found.setdefault(tenant, set()).add(concept)
    return {tenant: frozenset(listed) for tenant, listed in found.items()}
