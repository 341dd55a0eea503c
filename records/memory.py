"""What was shown for a patient before, and what somebody answered it with a reason: so that it need not be
said again. Kept by every worker in memory and caught up from the database, because a review never waits
for one. Patients are known by a keyed hash only."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from importlib import import_module
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, DateTime, Engine, Float, String, Table, delete, select, update

from base.db import METADATA

_log = logging.getLogger(__name__)
_DAYS: Final = 60
_MOST_PATIENTS: Final = 200_000
_OVERLAP_SECONDS: Final = 5.0

table = Table(
    "journal_seen",
    METADATA,
    Column("patient", String(32), primary_key=True),
    Column("cause", String(160), primary_key=True),
    Column("shown", DateTime(timezone=True), nullable=False),
    Column("acknowledged", DateTime(timezone=True)),
    Column("orders", String(400), nullable=False, default=""),
    Column("updated", Float, nullable=False, index=True),
    Column("severity", String(20), nullable=False, default="", server_default=""),
)


class Known(msgspec.Struct, frozen=True):
    """One cause: last shown, last overridden with a reason, for which orders, how grave it was then (empty: not noted
    yet by an earlier version)."""

    shown: datetime
    acknowledged: datetime | None
    orders: str
    severity: str = ""


_NOTHING: Final[Mapping[str, Known]] = {}


class Memory:
    """Reads what was seen; call ``catch_up`` every second or so. ``key`` hashes patients."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        self._engine, self._key = engine, key
        self._kept: OrderedDict[str, dict[str, Known]] = OrderedDict()
        self._until = 0.0

    def patient(self, patient_id: str) -> str:
        """The hash a patient is known by; empty for an empty id."""
        return self.hashed(patient_id) if patient_id else ""

    def hashed(self, text: str) -> str:
        """What names a patient, as it may be kept."""
        return blake2b(text.encode(), digest_size=16, key=self._key).hexdigest()

    def of(self, patient: str) -> Mapping[str, Known]:
        """What was seen for a patient (by hash), by cause."""
        return self._kept.get(patient, _NOTHING)

    def catch_up(self) -> int:
        """Take in what any worker stored since last time. Gives how many entries."""
        since = max(self._until - _OVERLAP_SECONDS, time.time() - _DAYS * 86400)
        query = select(table).where(table.c.updated > since).order_by(table.c.updated)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            causes = self._kept.setdefault(row.patient, {})
            causes[row.cause] = Known(row.shown, row.acknowledged, row.orders, row.severity)
            self._kept.move_to_end(row.patient)
            self._until = max(self._until, row.updated)
        while len(self._kept) > _MOST_PATIENTS:
            self._kept.popitem(last=False)
        return len(rows)


def note_shown(connection: Connection, rows: Iterable[tuple[str, str, datetime]]) -> None:
    """Remember that causes were shown: (patient, cause, when)."""
    values = {
        (patient, cause): {"patient": patient, "cause": cause, "shown": at, "orders": "", "updated": time.time()}
        for patient, cause, at in rows
        if patient and cause
    }
    if not values:
        return
    made = _insert(connection)(table)
    changed = {"shown": made.excluded.shown, "updated": made.excluded.updated}
    upsert = made.on_conflict_do_update(index_elements=["patient", "cause"], set_=changed)
    in_order = [values[key] for key in sorted(values)]  # two workers never block each other
    connection.execute(upsert, in_order)


def note_acknowledged(
    connection: Connection, matter: tuple[str, str], orders: str, severity: str, at: datetime
) -> None:
    """Remember that somebody overrode a matter (patient by hash, cause) with a reason, as grave as it was then."""
    this = (table.c.patient == matter[0], table.c.cause == matter[1])
    changed = {"acknowledged": at, "orders": orders, "severity": severity, "updated": time.time()}
    connection.execute(update(table).where(*this).values(changed))


def forget(engine: Engine, days: int = _DAYS) -> int:
    """Delete what is too old to keep anything quiet. Gives how many entries."""
    before = datetime.now(UTC) - timedelta(days=days)
    with engine.begin() as connection:
        return connection.execute(delete(table).where(table.c.updated < before.timestamp())).rowcount


def _insert(connection: Connection) -> Any:
    name = "postgresql" if connection.dialect.name == "postgresql" else "sqlite"
    return import_module(f"sqlalchemy.dialects.{name}").insert  # the other one is not read
