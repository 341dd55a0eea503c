"""The patient behind a fault: whom the resource that it names is about, within the scope of whoever asks."""

from __future__ import annotations

from sqlalchemy import Engine, select

from records.identity_tables import records
from records.kinds import NUMBERS
from records.quality_store import Held
from records.resource_rows import heads


def patient_of(engine: Engine, held: Held) -> str:
    """The number by which the institution knows the patient; empty when the resource is not stored, or is about
    nobody (a message as a whole, an institution)."""
    kind, _, local = held.reference.partition("/")
    if kind not in NUMBERS:
        return ""
    query = (
        select(records.c.local_id)
        .join(heads, heads.c.record == records.c.id)
        .where(heads.c.tenant == held.tenant, heads.c.kind == NUMBERS[kind], heads.c.local == local)
        .where(heads.c.deleted.is_(False))
    )
    with engine.connect() as connection:
        return connection.execute(query).scalar() or ""
