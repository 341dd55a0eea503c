"""The pharmacist's queue (前置审方): what state a prescription is in, who may move it, and how it got there.

Every move is one transaction that appends an event and compares the version it was based on, so that
two people can never both decide and a process killed at any point leaves either the old state or the
new one. Prescriptions and reasons may name a patient: they are sealed with SM4 and bound to their id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    case,
    func,
    insert,
    select,
    update,
)

from base.db import METADATA, OWN
from base.keyring import KeyRing
from records.review_moves import (
    DISPENSABLE,
    Action,
    Case,
    Event,
    MissingCaseError,
    Move,
    MovedError,
    QueueError,
    Role,
    State,
    allowed,
    changed,
)

cases = Table(
    "review_case",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("institution", String(120), nullable=False, default=""),
    Column("department", String(120), nullable=False, default=""),
    Column("prescriber", String(80), nullable=False, default=""),
    Column("tenant", String(200), nullable=False, default=""),
    Column("release", String(64), nullable=False),
    Column("severity", String(20), nullable=False, default=""),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("never", Boolean, nullable=False, default=False),
    Column("signed_twice", Boolean, nullable=False, default=False),
    Column("assignee", String(80), nullable=False, default=""),
    Column("not_by", String(80), nullable=False, default=""),
    Column("submitted", DateTime(timezone=True), nullable=False),
    Column("due", DateTime(timezone=True)),
    Column("decided", DateTime(timezone=True)),
    Column("replaces", String(36), nullable=False, default=""),
    Column("callback", String(400), nullable=False, default=""),
    Column("payload", LargeBinary, nullable=False, info={"bound": lambda row: row.id.encode()}),
    Index("review_case_queue", "state", "institution", "submitted"),
    Index("review_case_due", "state", "due"),
    Index("review_case_submitted", "submitted"),
    info=OWN,
)
events = Table(
    "review_event",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("review", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(12), nullable=False),
    Column("action", String(12), nullable=False),
    Column("before", String(20), nullable=False),
    Column("after", String(20), nullable=False),
    Column("code", String(80), nullable=False, default=""),
    Column("reason", LargeBinary, nullable=False, default=b"", info={"bound": lambda row: row.review.encode()}),
    Index("review_event_move", "review", "version", unique=True),
)
flags = Table(
    "review_flag",
    METADATA,
    Column("review", String(36), primary_key=True),
    Column("finding", String(36), primary_key=True),
    Column("rule", String(160), nullable=False, index=True),
    Column("family", String(40), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("verdict", String(8), nullable=False, default=""),
)
outbox = Table(
    "review_outbox",
    METADATA,
    Column("event", Integer, primary_key=True, autoincrement=False),
    Column("url", String(400), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next", DateTime(timezone=True), nullable=False),
    Column("done", Boolean, nullable=False, default=False),
    Index("review_outbox_due", "done", "next"),
)


@dataclass(frozen=True, slots=True)
class Flag:
    """One finding of a submitted prescription; ``stopped`` when it sent it to the queue."""

    finding: str
    rule: str
    family: str
    severity: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class Submission:
    """A reviewed prescription as it enters: where it goes, until when, and what it says (sealed)."""

    id: str
    state: State
    at: datetime
    release: str
    payload: Any
    flags: tuple[Flag, ...] = ()
    institution: str = ""
    department: str = ""
    prescriber: str = ""
    tenant: str = ""
    severity: str = ""
    urgent: bool = False
    never: bool = False
    due: datetime | None = None
    replaces: str = ""
    callback: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What of the queue somebody wants to see. Empty fields do not narrow."""

    states: tuple[State, ...] = ()
    institutions: tuple[str, ...] = ()
    assignee: str = ""
    severity: str = ""
    since: datetime | None = None
    limit: int = 50


_CASE_FIELDS: Final = tuple(Case.__dataclass_fields__)
_RANK: Final = {"contraindicated": 0, "major": 1, "moderate": 2, "minor": 3, "info": 4}


def _narrowed(query: Query) -> list[ColumnElement[bool]]:
    among = ((cases.c.state, query.states), (cases.c.institution, query.institutions))
    exact = ((cases.c.assignee, query.assignee), (cases.c.severity, query.severity))
    since = [] if query.since is None else [cases.c.submitted >= query.since]
    return [column.in_(some) for column, some in among if some] + [c == one for c, one in exact if one] + since


class Reviews:
    """The queue in the database. ``key`` (16 bytes) seals what may name a patient."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    # -- moving --------------------------------------------------------------------------

    def submit(self, given: Submission) -> Case:
        """Store a reviewed prescription with its first event; what it replaces is superseded in the same
        transaction. Raises ``QueueError`` when that cannot be replaced any more."""
        with self._engine.begin() as connection:
            if given.replaces:
                move = Move(Action.SUPERSEDE, given.prescriber or "system", Role.SYSTEM, given.at)
                self._apply(connection, self._case(connection, given.replaces), move)
            connection.execute(insert(cases).values(self._row(given)))
            if given.flags:
                rows = [_flag_row(given.id, flag) for flag in given.flags]
                connection.execute(insert(flags), rows)
            opening = Move(Action.CLAIM, given.prescriber or "system", Role.SYSTEM, given.at)
            self._tell(connection, self._case(connection, given.id), "submit", "", given.state, opening)
            return self._case(connection, given.id)

    def move(self, review: str, move: Move) -> Case:
        """Do one thing to a prescription. Raises ``MissingCaseError``, ``MovedError`` or ``QueueError``."""
        with self._engine.begin() as connection:
            found = self._case(connection, review)
            self._apply(connection, found, move)
            return self._case(connection, review)

    def _apply(self, connection: Connection, found: Case, move: Move) -> None:
        after = allowed(found, move)
        here = (cases.c.id == found.id, cases.c.version == found.version)
        moved = connection.execute(update(cases).where(*here).values(changed(found, move, after)))
        if moved.rowcount != 1:
            raise MovedError(f"该处方刚被他人处理，请刷新后再操作 (当前版本不是 {found.version})")
        self._judge(connection, found.id, move)
        self._tell(connection, found, move.action.value, found.state.value, after, move)

    def _judge(self, connection: Connection, review: str, move: Move) -> None:
        for finding, right in move.verdicts.items():
            known = connection.execute(
                update(flags)
                .where(flags.c.review == review, flags.c.finding == finding)
                .values(verdict="true" if right else "false")
            )
            if known.rowcount != 1:
                raise QueueError(f"该处方没有编号为 {finding} 的提示")

    def _tell(self, connection: Connection, found: Case, action: str, before: str, after: State, move: Move) -> None:
        """Append the event, and the message to the hospital that asked to be told."""
        version = found.version + 1 if before else found.version
        reason = self._ring.seal(move.reason.encode(), found.id.encode()) if move.reason else b""
        row = {
            "review": found.id,
            "version": version,
            "at": move.at,
            "actor": move.actor,
            "role": move.role.value,
            "action": action,
            "before": before,
            "after": after.value,
            "code": move.code[:80],
            "reason": reason,
        }
        number = connection.execute(insert(events).values(row)).inserted_primary_key
        if found.callback and number is not None:
            told = {
                "review": found.id,
                "version": version,
                "status": after.value,
                "action": action,
                "at": move.at.isoformat(),
                "dispensable": after in DISPENSABLE,
            }
            body = {"event": number[0], "url": found.callback, "body": orjson.dumps(told), "next": move.at}
            connection.execute(insert(outbox).values(body))

    # -- reading -------------------------------------------------------------------------

    def case(self, review: str) -> Case:
        """One prescription. Raises ``MissingCaseError``."""
        with self._engine.connect() as connection:
            return self._case(connection, review)

    def payload(self, review: str) -> Any:
        """What was submitted and found. Raises ``MissingCaseError``."""
        with self._engine.connect() as connection:
            sealed = connection.execute(select(cases.c.payload).where(cases.c.id == review)).scalar()
        if sealed is None:
            raise MissingCaseError(f"没有编号为 {review} 的处方")
        return orjson.loads(self._ring.unseal(sealed, review.encode()))

    def queue(self, query: Query) -> list[Case]:
        """Prescriptions, the most pressing first: urgent, then the worst, then the longest waiting."""
        rank = case(_RANK, value=cases.c.severity, else_=5)
        found = select(*_columns()).order_by(cases.c.urgent.desc(), rank, cases.c.submitted).limit(query.limit)
        with self._engine.connect() as connection:
            return [_case_of(row) for row in connection.execute(found.where(*_narrowed(query)))]

    def count(self, query: Query) -> int:
        """How many prescriptions there are to see, beyond the limit too."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(cases).where(*_narrowed(query))).scalar_one()

    def history(self, review: str) -> list[Event]:
        """Every move of a prescription, in order."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(events).where(events.c.review == review).order_by(events.c.version))
            return [self._event(row) for row in rows]

    def after(self, number: int, limit: int = 200) -> list[Event]:
        """Moves of prescriptions that the scope reaches after an event, without their reasons: for streams."""
        reached = select(events).select_from(events.join(cases, cases.c.id == events.c.review))
        query = reached.where(events.c.number > number).order_by(events.c.number).limit(limit)
        with self._engine.connect() as connection:
            return [self._event(row, told=False) for row in connection.execute(query)]

    def newest(self) -> int:
        """Number of the newest event; 0 when there is none."""
        query = select(events.c.number).order_by(events.c.number.desc()).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or 0

    def overdue(self, now: datetime, limit: int = 100) -> list[Case]:
        """Prescriptions that waited longer than allowed."""
        states = [s.value for s in (State.PENDING, State.CLAIMED, State.RETURNED)]
        query = select(*_columns()).where(cases.c.state.in_(states), cases.c.due <= now).limit(limit)
        with self._engine.connect() as connection:
            return [_case_of(row) for row in connection.execute(query)]

    def flagged(self, review: str) -> list[dict[str, Any]]:
        """Findings of a prescription with the pharmacist's verdict on each."""
        query = select(flags).where(flags.c.review == review)
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    # -- messages to hospitals -------------------------------------------------------------

    def messages(self, now: datetime, limit: int = 20) -> list[tuple[int, str, bytes, int]]:
        """(event, url, body, attempts) of messages that are due."""
        query = (
            select(outbox.c.event, outbox.c.url, outbox.c.body, outbox.c.attempts)
            .where(outbox.c.done.is_(False), outbox.c.next <= now)
            .order_by(outbox.c.event)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [(row.event, row.url, row.body, row.attempts) for row in connection.execute(query)]

    def take_message(self, event: int, attempts: int, again: datetime) -> bool:
        """Reserve a message for one attempt; False when another worker has it."""
        mine = (outbox.c.event == event, outbox.c.attempts == attempts, outbox.c.done.is_(False))
        with self._engine.begin() as connection:
            taken = connection.execute(update(outbox).where(*mine).values(attempts=attempts + 1, next=again))
            return taken.rowcount == 1

    def delivered(self, event: int) -> None:
        """The hospital took the message."""
        with self._engine.begin() as connection:
            connection.execute(update(outbox).where(outbox.c.event == event).values(done=True))

    # -- inside ----------------------------------------------------------------------------

    def _row(self, given: Submission) -> dict[str, Any]:
        plain = ("institution", "department", "prescriber", "tenant", "release", "severity", "urgent", "never")
        row = {name: getattr(given, name) for name in (*plain, "due", "replaces", "callback", "id")}
        decided = given.at if given.state in DISPENSABLE else None
        sealed = self._ring.seal(orjson.dumps(given.payload), given.id.encode())
        return row | {
            "state": given.state.value,
            "version": 1,
            "submitted": given.at,
            "decided": decided,
            "payload": sealed,
        }

    def _case(self, connection: Connection, review: str) -> Case:
        row = connection.execute(select(*_columns()).where(cases.c.id == review)).first()
        if row is None:
            raise MissingCaseError(f"没有编号为 {review} 的处方")
        return _case_of(row)

    def _event(self, row: Any, told: bool = True) -> Event:
        reason = self._ring.unseal(row.reason, row.review.encode()).decode() if told and row.reason else ""
        return Event(
            row.number,
            row.review,
            row.version,
            row.at,
            row.actor,
            Role(row.role),
            row.action,
            row.before,
            State(row.after),
            row.code,
            reason,
        )


def _columns() -> Iterator[Any]:
    return (cases.c[name] for name in _CASE_FIELDS)


def _case_of(row: Any) -> Case:
    return Case(**dict(row._mapping) | {"state": State(row.state)})


def _flag_row(review: str, flag: Flag) -> dict[str, Any]:
    return {
        "review": review,
        "finding": flag.finding,
        "rule": flag.rule,
        "family": flag.family,
        "severity": flag.severity,
        "stopped": flag.stopped,
        "verdict": "",
    }


def may_see(institutions: Sequence[str], covered: Iterable[str]) -> tuple[str, ...]:
    """Institutions somebody asked for among those they cover; ``*`` covers all."""
    covers = set(covered)
    return tuple(institutions) if "*" in covers else tuple(i for i in institutions if i in covers)
