"""What a hospital's system told of a patient when it launched a panel: sealed, and kept while that may be open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import orjson
from sqlalchemy import Column, DateTime, Engine, LargeBinary, String, Table, delete, insert, select

from base.db import METADATA, OWN
from base.keyring import KeyRing

Json = dict[str, Any]
_BOUND: Final = {"bound": lambda row: row.id.encode()}

launched = Table(
    "panel_launched",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False, info=_BOUND),
    info=OWN,
)


class Launched:
    """Keeps it, within the scope of whoever asks; what is over goes when something new comes."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    def keep(self, tenant: str, told: Json, until: datetime) -> str:
        """Gives the id that it is found by."""
        number = str(uuid4())
        sealed = self._ring.seal(orjson.dumps(told), number.encode())
        with self._engine.begin() as connection:
            connection.execute(delete(launched).where(launched.c.expires < datetime.now(UTC)))
            connection.execute(insert(launched).values(id=number, tenant=tenant, expires=until, sealed=sealed))
        return number

    def told(self, number: str) -> Json | None:
        """What was told; None when it is over."""
        query = select(launched.c.sealed).where(launched.c.id == number, launched.c.expires > datetime.now(UTC))
        with self._engine.connect() as connection:
            sealed = connection.execute(query).scalar()
        if sealed is None:
            return None
        told: Json = orjson.loads(self._ring.unseal(sealed, number.encode()))
        return told


__all__ = ["Launched", "launched"]
