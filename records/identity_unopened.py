"""Records of persons that nobody needs to open: whose they are, and in which order they came."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from records.identity_tables import records


class Numbered(NamedTuple):
    """A record, unopened."""

    id: int
    tenant: str
    local_id: str
    person: int


_ALL: Final = select(*(records.c[name] for name in Numbered._fields))


def numbered(connection: Connection, record: int) -> Numbered | None:
    """A record by its id; None when there is none, or it is not for whoever asks."""
    row = connection.execute(_ALL.where(records.c.id == record)).first()
    return None if row is None else Numbered(*row)


def newer(connection: Connection, after: int, limit: int) -> list[Numbered]:
    """Records that came after one, the oldest first."""
    query = _ALL.where(records.c.id > after).order_by(records.c.id)
    return [Numbered(*row) for row in connection.execute(query.limit(limit))]


def newest(connection: Connection, limit: int, before: int = 0) -> list[Numbered]:
    """The newest records, the newest first; of those that came before one when it is given."""
    query = _ALL.where(records.c.id < before) if before else _ALL
    return [Numbered(*row) for row in connection.execute(query.order_by(records.c.id.desc()).limit(limit))]
