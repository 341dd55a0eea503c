"""Schedules in the database, and their runs: each once for each time it is due, however many processes work.

Of times that were missed the newest is caught up. A run that failed is tried again; whoever lost it to another by
taking too long stores nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select, update

from base.keyring import KeyRing
from base.refusal import MissingError, TakenError
from supervision.operations.channels import Enclosed
from supervision.operations.queue import again, claim
from supervision.reports.plan import Plan, last_due, next_due, read
from supervision.reports.tables import ERROR, crossings, files, letters, runs, schedules

TRIES: Final = 6
"""After so many failures (a quarter of an hour) a run is given up and that is told."""
_LEASE: Final = timedelta(minutes=15)


class State(StrEnum):
    """``QUIET``: nothing changed, and nobody was told."""

    WAITING = "waiting"
    DONE = "done"
    QUIET = "quiet"
    FAILED = "failed"


STATES: Final = {State.WAITING: "待生成", State.DONE: "已生成", State.QUIET: "无变化", State.FAILED: "失败"}


class Schedule(NamedTuple):
    """A plan, whose it is, and when it is due the next time; by whom and when it was put down as it is."""

    id: str
    tenant: str
    plan: Plan
    due: datetime
    author: str
    at: datetime


class Run(NamedTuple):
    """A report of one time; ``text`` is what was told, ``file`` the name of what it made and is still kept."""

    id: str
    tenant: str
    schedule: str
    title: str
    due: datetime
    period: str
    state: State
    next: datetime | None
    attempts: int
    ended: datetime | None
    text: str
    error: str
    file: str | None


class Pruned(NamedTuple):
    """Files of a schedule that were kept long enough."""

    tenant: str
    schedule: str
    files: int


@dataclass(frozen=True, slots=True)
class Made:
    """What a run made: the text, the file, what newly lies beyond its line (by key) and what is back. ``quiet``:
    nobody is told."""

    text: str
    file: Enclosed | None = None
    crossed: Mapping[str, str] = field(default_factory=dict)
    back: tuple[str, ...] = ()
    quiet: bool = False


class Reports:
    """Schedules and runs of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    # -- schedules ---------------------------------------------------------------------------

    def add(self, tenant: str, plan: Plan, author: str, now: datetime) -> Schedule:
        """A schedule that is due from now on."""
        made = Schedule(str(uuid4()), tenant, plan, next_due(plan, now), author[:80], now)
        row = {name: value for name, value in made._asdict().items() if name != "plan"}
        row["sealed"] = self._sealed(made)
        with self._engine.begin() as connection:
            connection.execute(insert(schedules).values(row))
        return made

    def change(self, was: Schedule, plan: Plan, author: str, now: datetime) -> Schedule:
        """Another plan for a schedule as it was looked at; due by it from now on. When it tells of other figures, all
        that lies beyond its line is told anew. Raises ``TakenError`` when somebody else was quicker."""
        made = was._replace(plan=plan, due=next_due(plan, now), author=author[:80], at=now)
        values = {"due": made.due, "author": made.author, "at": now, "sealed": self._sealed(made)}
        mine = update(schedules).where(schedules.c.id == was.id, schedules.c.at == was.at)
        with self._engine.begin() as connection:
            if connection.execute(mine.values(values)).rowcount == 0:
                raise TakenError("定时报表已被他人修改或删除，请重新读取后再改")
            if plan.told != was.plan.told:
                connection.execute(delete(crossings).where(crossings.c.schedule == was.id))
        return made

    def listed(self) -> list[Schedule]:
        """Schedules, the one that is due first first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(schedules).order_by(schedules.c.due, schedules.c.id))
            return [self._opened(row) for row in rows]

    def one(self, number: str) -> Schedule:
        """Raises ``MissingError``."""
        with self._engine.connect() as connection:
            row = connection.execute(select(schedules).where(schedules.c.id == number)).first()
        if row is None:
            raise MissingError("没有该定时报表")
        return self._opened(row)

    def remove(self, number: str) -> None:
        """Its runs stay to be read; those that wait fall away. Raises ``MissingError``."""
        with self._engine.begin() as connection:
            if connection.execute(delete(schedules).where(schedules.c.id == number)).rowcount == 0:
                raise MissingError("没有该定时报表")
            waiting = (runs.c.schedule == number, runs.c.next.is_not(None))
            connection.execute(delete(runs).where(*waiting))
            connection.execute(delete(crossings).where(crossings.c.schedule == number))

    def _sealed(self, one: Schedule) -> bytes:
        return self._ring.seal(msgspec.json.encode(one.plan), _schedule_bound(one.id))

    def _opened(self, row: Any) -> Schedule:
        plan = read(self._ring.unseal(row.sealed, _schedule_bound(row.id)))
        return Schedule(row.id, row.tenant, plan, row.due, row.author, row.at)

    # -- runs --------------------------------------------------------------------------------

    def start_due(self, now: datetime) -> int:
        """Begin a run of every schedule that is due: how many."""
        query = select(schedules).where(schedules.c.due <= now).order_by(schedules.c.due)
        with self._engine.connect() as connection:
            due = [(row.due, self._opened(row)) for row in connection.execute(query)]
        started = 0
        for was, schedule in due:
            when, period = last_due(schedule.plan, now)
            mine = update(schedules).where(schedules.c.id == schedule.id, schedules.c.due == was)
            with self._engine.begin() as connection:
                moved = connection.execute(mine.values(due=next_due(schedule.plan, now)))
                if moved.rowcount == 1:  # else another process began it
                    _begin(connection, schedule, when, str(period), now)
                    started += 1
        return started

    def start(self, schedule: Schedule, now: datetime) -> Run:
        """Begin a run beside the schedule, of the period that it told of last."""
        with self._engine.begin() as connection:
            number = _begin(connection, schedule, now, str(last_due(schedule.plan, now)[1]), now)
        return self.run(number)

    def claim(self, now: datetime, most: int = 1) -> list[Run]:
        """Runs that are due, held for a while by whoever claims them."""
        return self._runs(runs.c.id.in_(claim(self._engine, runs, runs.c.next, now, _LEASE, most)))

    def standing(self, schedule: str) -> dict[str, str]:
        """What was told to lie beyond its line, by key."""
        query = select(crossings.c.key, crossings.c.said).where(crossings.c.schedule == schedule)
        with self._engine.connect() as connection:
            return {row.key: row.said for row in connection.execute(query)}

    def finish(self, run: Run, made: Made, channels: Iterable[str], now: datetime) -> bool:
        """Keep what a run made and put down who is told; False when another process took it over meanwhile."""
        state = State.QUIET if made.quiet else State.DONE
        with self._engine.begin() as connection:
            if not _end(connection, run, state, now, text=made.text, error=""):
                return False
            self._keep(connection, run, made)
            if not made.quiet:
                _write(connection, run, channels, now)
            return True

    def _keep(self, connection: Connection, run: Run, made: Made) -> None:
        if made.file is not None:
            sealed = self._ring.seal(made.file.content, _file_bound(run.id))
            row = {"run": run.id, "tenant": run.tenant, "name": made.file.name, "media": made.file.media}
            connection.execute(insert(files).values(row | {"sealed": sealed}))
        over = delete(crossings).where(crossings.c.schedule == run.schedule)
        connection.execute(over.where(crossings.c.key.in_(made.back)))
        own = {"schedule": run.schedule, "tenant": run.tenant, "period": run.period}
        if made.crossed:
            connection.execute(
                insert(crossings), [own | {"key": key, "said": said} for key, said in made.crossed.items()]
            )

    def failed(self, run: Run, error: str, channels: Iterable[str], now: datetime) -> None:
        """It could not be made: later again, until it is given up, which is told."""
        later = again(run.attempts, TRIES, now)
        with self._engine.begin() as connection:
            if later is not None:
                mine = update(runs).where(runs.c.id == run.id, runs.c.attempts == run.attempts)
                connection.execute(mine.values(next=later, error=error[:ERROR]))
            elif _end(connection, run, State.FAILED, now, error=error[:ERROR]):
                _write(connection, run, channels, now)

    def retry(self, number: str, now: datetime) -> Run:
        """A run that failed is tried anew. Raises ``MissingError``."""
        values = {"state": State.WAITING.value, "next": now, "attempts": 0, "ended": None}
        mine = update(runs).where(runs.c.id == number, runs.c.state == State.FAILED.value)
        with self._engine.begin() as connection:
            if connection.execute(mine.values(values)).rowcount == 0:
                raise MissingError("没有该次生成，或它没有失败")
        return self.run(number)

    def prune(self, now: datetime, days: int) -> list[Pruned]:
        """Remove files that were kept as long as their plan says; ``days`` where there is none or it says nothing (0:
        for ever). What was told stays. Gives what was removed."""
        kept = {one.id: one.plan.keep_days for one in self.listed()}
        query = select(runs.c.id, runs.c.tenant, runs.c.schedule, runs.c.ended)
        over: dict[tuple[str, str], list[str]] = defaultdict(list)
        with self._engine.begin() as connection:
            for row in connection.execute(query.join(files, files.c.run == runs.c.id)):
                own = kept.get(row.schedule)
                most = days if own is None else own
                if most and row.ended < now - timedelta(days=most):
                    over[row.tenant, row.schedule].append(row.id)
            gone = {of: connection.execute(delete(files).where(files.c.run.in_(ids))) for of, ids in over.items()}
        return [Pruned(*of, removed.rowcount) for of, removed in gone.items() if removed.rowcount]

    # -- reading -----------------------------------------------------------------------------

    def history(self, schedule: str = "", before: datetime | None = None, limit: int = 100) -> list[Run]:
        """Runs, the newest first."""
        wanted = [runs.c.schedule == schedule] if schedule else []
        return self._runs(*wanted, *([runs.c.due < before] if before else []), limit=limit)

    def run(self, number: str) -> Run:
        """Raises ``MissingError``."""
        found = self._runs(runs.c.id == number)
        if not found:
            raise MissingError("没有该次报表")
        return found[0]

    def file(self, number: str) -> Enclosed | None:
        """The file that a run made."""
        with self._engine.connect() as connection:
            row = connection.execute(select(files).where(files.c.run == number)).first()
        return None if row is None else Enclosed(row.name, row.media, self._unsealed(row))

    def _unsealed(self, row: Any) -> bytes:
        return self._ring.unseal(row.sealed, _file_bound(row.run))

    def _runs(self, *wanted: Any, limit: int = 100) -> list[Run]:
        file = select(files.c.name).where(files.c.run == runs.c.id).scalar_subquery()
        query = select(runs, file.label("file")).where(*wanted)
        query = query.order_by(runs.c.due.desc(), runs.c.id).limit(limit)
        with self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query)]


def _begin(connection: Connection, schedule: Schedule, due: datetime, period: str, now: datetime) -> str:
    number = str(uuid4())
    row: dict[str, Any] = {"id": number, "tenant": schedule.tenant, "schedule": schedule.id, "due": due}
    row |= {"title": schedule.plan.title, "period": period, "state": State.WAITING.value, "next": now}
    connection.execute(insert(runs).values(row | {"attempts": 0, "text": "", "error": ""}))
    return number


def _end(connection: Connection, run: Run, state: State, now: datetime, **values: str) -> bool:
    mine = update(runs).where(runs.c.id == run.id, runs.c.attempts == run.attempts, runs.c.next.is_not(None))
    return connection.execute(mine.values(state=state.value, next=None, ended=now, **values)).rowcount == 1


def _write(connection: Connection, run: Run, channels: Iterable[str], now: datetime) -> None:
    row = {"run": run.id, "tenant": run.tenant, "due": now, "attempts": 0, "error": ""}
    made = [row | {"channel": channel} for channel in channels]
    if made:
        connection.execute(insert(letters), made)


def _run(row: Any) -> Run:
    return Run(**{**row._mapping, "state": State(row.state)})


def _schedule_bound(number: str) -> bytes:
    return f"report_schedule/{number}".encode()


def _file_bound(run: str) -> bytes:
    return f"report_file/{run}".encode()
