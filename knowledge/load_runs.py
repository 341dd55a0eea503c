"""Loads of the past and of this moment: how far each is, and the rows that could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from sqlalchemy import select

from knowledge.intake import RowError
from knowledge.merge import load_errors, loads
from knowledge.store import Store


@dataclass(frozen=True, slots=True)
class LoadRun:
    """One load; ``position`` counts rows read. Of its path only the last part is told."""

    id: str
    loader: str
    file: str
    author: str
    started: datetime
    finished: datetime | None
    position: int
    written: int
    unchanged: int
    kept: int
    errors: int


def load_runs(store: Store, limit: int = 50) -> list[LoadRun]:
    """Loads, the newest first."""
    with store.engine.connect() as connection:
        rows = connection.execute(select(loads).order_by(loads.c.started.desc()).limit(limit)).all()
    return [_run(row) for row in rows]


def errors_of(store: Store, load: str, offset: int = 0, limit: int = 200) -> list[RowError]:
    """Rows of a load that could not be read, in their order."""
    query = select(load_errors).where(load_errors.c.load == load).order_by(load_errors.c.number)
    with store.engine.connect() as connection:
        rows = connection.execute(query.offset(offset).limit(limit))
        return [RowError(row.file, row.line, row.field, row.message) for row in rows]


def _run(row: Any) -> LoadRun:
    counts = (row.position, row.written, row.unchanged, row.kept, row.errors)
    return LoadRun(row.id, row.loader, PurePath(row.path).name, row.author, row.started, row.finished, *counts)
