"""Whose records just changed: what was stored since somebody last looked, read from the steps of messages."""

from __future__ import annotations

from collections import deque
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from base.tenancy import system
from exchange.ledger import messages, steps

_SCOPE: Final = "whose records changed"
_STORED: Final = "stored"
_LATE: Final = 200
"""Steps are numbered before they can be seen: so many before the newest are looked at again."""
_MOST: Final = 5_000


class Arrivals:
    """Looks again and again; what came before the first look is not told."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest: int | None = None
        self._told: deque[int] = deque(maxlen=2 * _LATE)

    def look(self) -> set[int]:
        """Records (of patients in institutions) that something was stored for since the last look. Raises
        ``SQLAlchemyError``."""
        with system(_SCOPE), self._engine.connect() as connection:
            if self._newest is None:
                self._begin(connection)
                return set()
            return self._since(connection, self._newest)

    def _begin(self, connection: Connection) -> None:
        self._newest = connection.execute(select(func.max(steps.c.id))).scalar() or 0
        late = select(steps.c.id).where(steps.c.id > self._newest - _LATE)
        self._told.extend(connection.execute(late).scalars())

    def _since(self, connection: Connection, newest: int) -> set[int]:
        query = (
            select(steps.c.id, steps.c.act, messages.c.record)
            .join(messages, messages.c.number == steps.c.number)
            .where(steps.c.id > newest - _LATE, steps.c.id.not_in(self._told))
            .order_by(steps.c.id)
            .limit(_MOST)
        )
        rows = connection.execute(query).all()
        self._told.extend(row.id for row in rows)
        self._newest = max([newest, *(row.id for row in rows)])
        return {row.record for row in rows if row.act == _STORED and row.record is not None}
