"""Work that takes longer than a request: who started it, how far it is, what came of it. Whoever does it is another
process; this is what all processes know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

import orjson
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from base.db import METADATA
from base.refusal import MissingError, TakenError

jobs = Table(
    "job",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("title", String(200), nullable=False),
    Column("by", String(80), nullable=False),
    Column("asked", Text, nullable=False),
    Column("alone", String(40), unique=True),
    Column("state", String(12), nullable=False),
    Column("stage", String(80), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("beat", DateTime(timezone=True), nullable=False),
    Column("finished", DateTime(timezone=True)),
    Column("result", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Index("job_kind", "kind", "started"),
)
SILENCE: Final = timedelta(minutes=3)
"""A job that is silent for longer has lost its process."""
_LOST: Final = "执行任务的进程已中断，请重新开始"


class State(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work. ``done`` of ``total`` (0: nobody knows) in the present ``stage``; ``fault`` is Chinese."""

    id: str
    kind: str
    title: str
    by: str
    asked: dict[str, Any]
    state: State
    stage: str
    done: int
    total: int
    started: datetime
    finished: datetime | None
    result: Any
    fault: str


class Jobs:
    """The jobs of one installation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, kind: str, title: str, by: str, asked: Mapping[str, Any], alone: bool = True) -> Job:
        """Note that a job begins. Raises ``TakenError`` while one of its kind runs that must be ``alone``."""
        now, id_ = datetime.now(UTC), str(uuid4())
        row: dict[str, Any] = {"id": id_, "kind": kind, "title": title, "by": by, "alone": kind if alone else None}
        row |= {
            "asked": orjson.dumps(asked).decode(),
            "state": State.RUNNING.value,
            "stage": "",
            "done": 0,
            "total": 0,
        }
        row |= {"started": now, "beat": now, "result": "", "fault": ""}
        try:
            with self._engine.begin() as connection:
                _end_silent(connection, now)
                connection.execute(insert(jobs).values(row))
        except IntegrityError:
            raise TakenError(f"“{title}”已在运行，请等它结束后再开始") from None
        return self.one(id_)

    def advance(self, id_: str, stage: str, done: int, total: int) -> None:
        """Say how far it is."""
        self._change(id_, stage=stage, done=done, total=total, beat=datetime.now(UTC))

    def beat(self, id_: str) -> None:
        """Say that it is still being done, though nothing new is to be told."""
        self._change(id_, beat=datetime.now(UTC))

    def finish(self, id_: str, result: Any) -> None:
        """It is done; what came of it."""
        self._end(id_, State.DONE, result=orjson.dumps(result).decode())

    def fail(self, id_: str, fault: str) -> None:
        """It cannot be done; why. What ended before stays as it ended."""
        self._end(id_, State.FAILED, fault=fault)

    def one(self, id_: str) -> Job:
        """Raises ``MissingError``."""
        with self._engine.connect() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == id_)).first()
        if row is None:
            raise MissingError("没有该任务")
        return _job(row)

    def listed(self, kind: str = "", limit: int = 50) -> list[Job]:
        """The newest first, without what came of them."""
        columns = [column for column in jobs.c if column.name != "result"]
        query = select(*columns).order_by(jobs.c.started.desc()).limit(limit)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(jobs.c.kind == kind) if kind else query)
            return [_job(row) for row in rows]

    def _end(self, id_: str, state: State, **values: str) -> None:
        self._change(id_, state=state.value, finished=datetime.now(UTC), alone=None, **values)

    def _change(self, id_: str, **values: Any) -> None:
        running = (jobs.c.id == id_) & (jobs.c.state == State.RUNNING.value)
        with self._engine.begin() as connection:
            connection.execute(update(jobs).where(running).values(**values))


def _end_silent(connection: Connection, now: datetime) -> None:
    silent = (jobs.c.state == State.RUNNING.value) & (jobs.c.beat < now - SILENCE)
    ended = {"state": State.FAILED.value, "fault": _LOST, "finished": now, "alone": None}
    connection.execute(update(jobs).where(silent).values(ended))


def _job(row: Any) -> Job:
    silent = row.state == State.RUNNING and datetime.now(UTC) - row.beat > SILENCE
    told = (row.id, row.kind, row.title, row.by, orjson.loads(row.asked))
    state, fault = (State.FAILED, _LOST) if silent else (State(row.state), row.fault)
    result = getattr(row, "result", "")
    times = (row.started, row.finished)
    return Job(*told, state, row.stage, row.done, row.total, *times, orjson.loads(result) if result else None, fault)
