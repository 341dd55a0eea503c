"""Runs of an appraisal: a scheme reckoned for a period, reviewed by somebody else, published, appealed, closed.

A run keeps all that its results depend on, sealed, under a digest: reckoned again they come out the same, and whoever
doubts a score can have it done (``verified``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.db import alone
from base.keyring import KeyRing
from base.refusal import MissingError, TakenError
from base.tenancy import system
from clinical.value import replace
from supervision.appraisal.library import AppraisalError
from supervision.appraisal.reckoning import Adjustment, Inputs, Outcome, reckon
from supervision.appraisal.tables import appeals, results, runs
from supervision.appraisal.views import Point

_MOST: Final = 500


class State(StrEnum):
    """How far a run is."""

    COMPUTED = "computed"
    REVIEWED = "reviewed"
    PUBLISHED = "published"
    FINAL = "final"


STATES: Final = {
    State.COMPUTED: "已计算",
    State.REVIEWED: "已审核",
    State.PUBLISHED: "已公示",
    State.FINAL: "已定稿",
}


class Run(NamedTuple):
    """A run as it stands, without its results."""

    id: str
    tenant: str
    scheme: str
    version: int
    period: str
    state: State
    revision: int
    digest: str
    author: str
    at: datetime
    reviewed_by: str
    reviewed: datetime | None
    published_by: str
    published: datetime | None
    closed: datetime | None


_read_inputs: Final = msgspec.json.Decoder(Inputs).decode
_read_outcome: Final = msgspec.json.Decoder(Outcome).decode


class Runs:
    """Runs of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    # -- reckoning -----------------------------------------------------------------------------

    def compute(self, tenant: str, version: int, inputs: Inputs, author: str, now: datetime) -> Run:
        """Reckon a run, anew while nobody reviewed it. Raises ``AppraisalError``."""
        inputs = _read_inputs(msgspec.json.encode(inputs))  # as it will be read again: 2 and 2.0 are told apart
        code, found, c = inputs.scheme.code, reckon(inputs), runs.c
        try:
            with self._engine.begin() as connection:
                alone(connection)
                here = (c.tenant == tenant, c.scheme == code, c.period == inputs.period)
                row = connection.execute(select(runs).where(*here).with_for_update()).first()
                if row is not None and row.state != State.COMPUTED:
                    raise AppraisalError("period", f"该期考核{STATES[State(row.state)]}，不能重新计算")
                number = row.id if row else str(uuid4())
                values = {"version": version, "author": author[:80], "at": now}
                if row is None:
                    head = {"id": number, "tenant": tenant, "scheme": code, "period": inputs.period}
                    none = {"reviewed_by": "", "published_by": "", "state": State.COMPUTED.value}
                    kept = self._kept(number, inputs, 1)
                    connection.execute(insert(runs).values(head | none | values | kept))
                else:
                    kept = self._kept(number, inputs, row.revision + 1)
                    connection.execute(update(runs).where(c.id == number).values(values | kept))
                self._write(connection, number, found, shown=False)
        except IntegrityError:
            raise TakenError("该期考核正由他人计算，请稍后重试") from None
        return self.run(number)

    def _kept(self, number: str, inputs: Inputs, revision: int) -> dict[str, Any]:
        sealed = self._ring.seal(msgspec.json.encode(inputs), _bound(number))
        return {"inputs": sealed, "digest": inputs.digest, "revision": revision}

    def _write(self, connection: Connection, run: str, found: Sequence[Outcome], *, shown: bool) -> None:
        connection.execute(delete(results).where(results.c.run == run))
        rows = [self._result(run, outcome, shown) for outcome in found]
        if rows:
            connection.execute(insert(results), rows)

    def _result(self, run: str, outcome: Outcome, shown: bool) -> dict[str, Any]:
        key = outcome.subject.key
        body = self._ring.seal(msgspec.json.encode(outcome), _result_bound(run, key))
        row = {"run": run, "subject": key, "tenant": outcome.subject.tenant, "shown": int(shown), "body": body}
        return row | {"score": outcome.score, "rank": outcome.rank, "group_rank": outcome.group_rank}

    def verified(self, number: str) -> bool:
        """Whether the results that stand are what the inputs come to. Raises ``MissingError``."""
        row = self._row(number)
        inputs = self._inputs(row)
        standing = {o.subject.key: o for o in self.results(number)}
        return inputs.digest == row.digest and {o.subject.key: o for o in reckon(inputs)} == standing

    # -- steps -------------------------------------------------------------------------------

    def review(self, number: str, by: str, now: datetime) -> Run:
        """Somebody else than who reckoned it finds it right. Raises ``AppraisalError`` while something is open."""
        run = self.run(number)
        if run.author == by:
            raise AppraisalError("by", "考核结果须由计算人以外的人审核")
        open_ = [outcome.subject.key for outcome in self.results(number) if outcome.score is None]
        if open_:
            raise AppraisalError("results", f"尚有 {len(open_)} 个对象的指标没有数值或评议，如 {open_[0]}")
        return self._move(number, State.COMPUTED, State.REVIEWED, reviewed_by=by[:80], reviewed=now)

    def send_back(self, number: str) -> Run:
        """It is not right: to be reckoned anew."""
        return self._move(number, State.REVIEWED, State.COMPUTED, reviewed_by="", reviewed=None)

    def publish(self, number: str, by: str, now: datetime) -> Run:
        """Let those who were appraised see their results and appeal."""
        with self._engine.begin() as connection:
            self._step(connection, number, State.REVIEWED, State.PUBLISHED, published_by=by[:80], published=now)
            connection.execute(update(results).where(results.c.run == number).values(shown=1))
        return self.run(number)

    def close(self, number: str, now: datetime) -> Run:
        """Make it final, once every appeal is decided. Raises ``AppraisalError``."""
        with self._engine.begin() as connection:
            alone(connection)
            waiting = select(appeals.c.id).where(appeals.c.run == number, appeals.c.state == "open").limit(1)
            if connection.execute(waiting).first() is not None:
                raise AppraisalError("appeals", "尚有申诉没有答复")
            self._step(connection, number, State.PUBLISHED, State.FINAL, closed=now)
        return self.run(number)

    def adjust(self, connection: Connection, number: str, subject: str, item: str, made: Adjustment) -> None:
        """Reckon a published run anew with a value corrected, in the caller's transaction. Raises
        ``AppraisalError``."""
        row = connection.execute(select(runs).where(runs.c.id == number).with_for_update()).one()
        if row.state != State.PUBLISHED:
            raise AppraisalError("run", "只有公示中的考核可以更正")
        before = self._inputs(row)
        of_subject = {**before.adjustments.get(subject, {}), item: made}
        inputs = replace(before, adjustments={**before.adjustments, subject: of_subject})
        kept = self._kept(number, inputs, row.revision + 1)
        connection.execute(update(runs).where(runs.c.id == number).values(kept))
        self._write(connection, number, reckon(inputs), shown=True)

    def _move(self, number: str, before: State, after: State, **values: Any) -> Run:
        with self._engine.begin() as connection:
            self._step(connection, number, before, after, **values)
        return self.run(number)

    def _step(self, connection: Connection, number: str, before: State, after: State, **values: Any) -> None:
        here = (runs.c.id == number, runs.c.state == before.value)
        if connection.execute(update(runs).where(*here).values(state=after.value, **values)).rowcount != 1:
            if connection.execute(select(runs.c.id).where(runs.c.id == number)).first() is None:
                raise MissingError("没有该期考核")
            raise TakenError(f"该期考核不是“{STATES[before]}”状态，请重新读取")

    # -- reading -----------------------------------------------------------------------------

    def run(self, number: str) -> Run:
        """Raises ``MissingError``."""
        return _run(self._row(number))

    def state(self, number: str) -> State:
        """How far a run is, also for those it appraises. Raises ``MissingError``."""
        with system("how far an appraisal is"):
            return self.run(number).state

    def listed(self, tenant: str = "", scheme: str = "", limit: int = 100) -> list[Run]:
        """Runs within reach, the newest period first."""
        c = runs.c
        query = select(runs).order_by(c.period.desc(), c.scheme, c.tenant).limit(min(limit, _MOST))
        given = ((c.tenant, tenant), (c.scheme, scheme))
        query = query.where(*(column == value for column, value in given if value))
        with self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query)]

    def results(self, number: str, subject: str = "") -> list[Outcome]:
        """Results of a run, the best first: all for whoever runs it, else one's own once published. Raises
        ``MissingError`` when there is none within reach."""
        c = results.c
        query = select(results).where(c.run == number)
        query = query.where(c.subject == subject) if subject else query
        with self._engine.connect() as connection:
            mine = connection.execute(select(runs.c.id).where(runs.c.id == number)).first() is not None
            rows = connection.execute(query if mine else query.where(c.shown == 1)).all()
        if not rows and not (mine and not subject):
            raise MissingError("没有可查看的考核结果")
        found = [self._opened(row) for row in rows]
        return sorted(found, key=lambda o: (o.rank is None, o.rank, o.subject.key))

    def history(self, subject: str, scheme: str, tenant: str) -> dict[str, Point]:
        """A subject's published results by period, of a scheme of a tenant."""
        c = results.c
        query = select(results).where(c.subject == subject, c.shown == 1)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        made = {row.run: row for row in found}
        periods = self.periods(list(made), scheme, tenant)
        return {
            period: Point(run, period, made[run].score, made[run].rank, made[run].group_rank)
            for run, period in sorted(periods.items(), key=lambda pair: pair[1])
        }

    def periods(self, numbers: Sequence[str], scheme: str, tenant: str) -> dict[str, str]:
        """Periods of runs of a scheme, by run. That there was a run is no secret to whom it appraised."""
        c = runs.c
        query = select(c.id, c.period).where(c.id.in_(numbers), c.scheme == scheme, c.tenant == tenant)
        with system("periods of published runs"), self._engine.connect() as connection:
            return {row.id: row.period for row in connection.execute(query)}

    def _row(self, number: str) -> Row[Any]:
        with self._engine.connect() as connection:
            row = connection.execute(select(runs).where(runs.c.id == number)).first()
        if row is None:
            raise MissingError("没有该期考核")
        return row

    def _inputs(self, row: Row[Any]) -> Inputs:
        return _read_inputs(self._ring.unseal(row.inputs, _bound(row.id)))

    def _opened(self, row: Row[Any]) -> Outcome:
        return _read_outcome(self._ring.unseal(row.body, _result_bound(row.run, row.subject)))


def _bound(run: str) -> bytes:
    return f"appraisal_run/{run}".encode()


def _result_bound(run: str, subject: str) -> bytes:
    return f"appraisal_result/{run}/{subject}".encode()


def _run(row: Row[Any]) -> Run:
    named = {name: getattr(row, name) for name in Run._fields}
    return Run(**named | {"state": State(row.state)})
