"""Why defects of a document that is being written do not apply, as its doctor says before there is a report. Nothing
is decided by it: what a report then finds stands as appealed, and a second person reads the reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, insert, select, update

from base.keyring import KeyRing
from supervision.record_qc.states import Action, State, event_row
from supervision.record_qc.tables import aside_bound, asides, defects, events, reason_bound


class Aside(NamedTuple):
    """Who said when why a defect does not apply."""

    by: str
    at: datetime
    reason: str


def asides_of(connection: Connection, ring: KeyRing, tenant: str, record: str) -> dict[str, Aside]:
    """What was said of defects of a record that no report has found yet, by key."""
    found = connection.execute(select(asides).where(asides.c.tenant == tenant, asides.c.record == record))
    return {row.key: Aside(row.by, row.at, _reason(ring, row)) for row in found}


def set_aside(connection: Connection, ring: KeyRing, tenant: str, record: str, key: str, said: Aside) -> None:
    """Keep why a defect does not apply; it replaces what was said before."""
    sealed = ring.seal(said.reason.encode(), aside_bound(tenant, record, key))
    row = {"tenant": tenant, "record": record, "key": key, "by": said.by[:80], "at": said.at, "reason": sealed}
    _forget(connection, tenant, record, key)
    connection.execute(insert(asides).values(row))


def appeal_asides(connection: Connection, ring: KeyRing, tenant: str, record: str) -> None:
    """What was set aside and is found now stands as appealed, by whoever said so."""
    same = and_(*(asides.c[name] == defects.c[name] for name in ("tenant", "record", "key")))
    here = (defects.c.tenant == tenant, defects.c.record == record, defects.c.state == State.FOUND.value)
    found = select(defects, asides.c.by, asides.c.at, asides.c.reason).join(asides, same).where(*here)
    for row in connection.execute(found).all():
        changed = {"state": State.APPEALED.value, "revision": row.revision + 1, "handler": row.by}
        connection.execute(update(defects).where(defects.c.id == row.id).values(changed))
        sealed = ring.seal(_reason(ring, row).encode(), reason_bound(row.id))
        told = event_row(row, row.at, row.by, Action.APPEAL, State.APPEALED, sealed, row.report)
        connection.execute(insert(events).values(told))
        _forget(connection, tenant, record, row.key)


def _forget(connection: Connection, tenant: str, record: str, key: str) -> None:
    here = (asides.c.tenant == tenant, asides.c.record == record, asides.c.key == key)
    connection.execute(delete(asides).where(*here))


def _reason(ring: KeyRing, row: Any) -> str:
    return ring.unseal(row.reason, aside_bound(row.tenant, row.record, row.key)).decode()
