"""Which release every worker of an installation serves: how whoever publishes sees that all of them swapped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, DateTime, Engine, String, Table, Text, delete, insert, select, update

from base.db import METADATA

workers = Table(
    "knowledge_worker",
    METADATA,
    Column("name", String(120), primary_key=True),
    Column("release", String(64), nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
    Column("fault", Text, nullable=False),
)
SILENCE: Final = timedelta(seconds=60)
"""A worker that was not heard of for longer is gone."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker, the release it serves and since when, and why it refused a newer one."""

    name: str
    release: str
    since: datetime
    seen: datetime
    fault: str


def report(engine: Engine, name: str, release: str, fault: str, now: datetime) -> None:
    """Say what a worker serves now."""
    seen: dict[str, object] = {"seen": now, "fault": fault}
    with engine.begin() as connection:
        same = connection.execute(
            update(workers).where(workers.c.name == name, workers.c.release == release).values(seen)
        )
        if same.rowcount == 0:
            connection.execute(delete(workers).where(workers.c.name == name))
            connection.execute(insert(workers).values(name=name, release=release, since=now, **seen))
        connection.execute(delete(workers).where(workers.c.seen < now - 10 * SILENCE))


def serving(engine: Engine, now: datetime) -> list[Worker]:
    """Every worker that was heard of lately, by name."""
    with engine.connect() as connection:
        rows = connection.execute(select(workers).order_by(workers.c.name)).all()
    made = [Worker(r.name, r.release, r.since, r.seen, r.fault) for r in rows]
    return [worker for worker in made if now - worker.seen <= SILENCE]
