"""Tables as queues: what is due is held for a while by whoever takes it, and tried again later, longer each time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Engine, Table, select, update

from base.db import alone

_FIRST: Final = timedelta(seconds=30)
_LONGEST: Final = timedelta(hours=1)


def claim(
    engine: Engine, table: Table, due: Column[Any], now: datetime, lease: timedelta, most: int = 50
) -> list[Any]:
    """Keys of rows that are due, each counted as one more attempt; nobody else gets them until the lease ends."""
    (key,) = table.primary_key.columns
    query = select(key).where(due <= now).order_by(due, key).limit(most)
    with engine.connect() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return []
    with engine.begin() as connection:
        alone(connection)
        keys = list(connection.execute(query.with_for_update(skip_locked=True)).scalars())
        held = {due.name: now + lease, "attempts": table.c.attempts + 1}
        connection.execute(update(table).where(key.in_(keys)).values(held))
        return keys


def again(attempts: int, most: int, now: datetime) -> datetime | None:
    """When something that failed is tried again; None when it was tried often enough."""
    return None if attempts >= most else now + min(_FIRST * 2 ** (attempts - 1), _LONGEST)
