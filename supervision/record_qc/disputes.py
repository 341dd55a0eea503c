"""What people do with defects: appeal, correct, and the decision of a second person; each move is journalled.

A move is based on the revision that was seen, inside one transaction, so that two reviewers can never both decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, insert, or_, select, update

from base.keyring import KeyRing
from records.qc_faults import MissingQcError, QcError, TakenQcError
from supervision.record_qc.asides import Aside, asides_of, set_aside
from supervision.record_qc.model import Check
from supervision.record_qc.reports import Reports, Standing, report_row, rescore
from supervision.record_qc.schemes import Schemes
from supervision.record_qc.states import (
    ACTIONS,
    MOVES,
    NEEDS_REASON,
    REVIEWING,
    STANDING,
    STATES,
    Action,
    State,
    event_row,
)
from supervision.record_qc.tables import defects, events, reason_bound


class Happened(NamedTuple):
    """What happened to a defect."""

    at: datetime
    actor: str
    action: Action
    before: str
    after: str
    report: int | None
    reason: str


class Before(NamedTuple):
    """What is known of the defects of a record, by key: how those of its reports stand, and what was said of others
    while they were written."""

    states: Mapping[str, State]
    asides: Mapping[str, Aside]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which defects are asked for; empty fields ask for all. ``tenant`` includes all below it."""

    tenant: str = ""
    record: str = ""
    check: str = ""
    state: str = ""
    department: str = ""
    doctor: str = ""
    before: int | None = None
    limit: int = 100


class Disputes:
    """Defects and their handling, within the scope of whoever acts."""

    def __init__(
        self, engine: Engine, ring: KeyRing, reports: Reports, schemes: Schemes, checks: Mapping[str, Check]
    ) -> None:
        self._engine, self._ring, self._reports = engine, ring, reports
        self._schemes, self._checks = schemes, checks

    def search(self, wanted: Wanted) -> list[Standing]:
        """Defects, the newest first; ``before`` is the id of the last of the page before."""
        query = _narrowed(select(defects), wanted).order_by(defects.c.id.desc()).limit(wanted.limit)
        with self._engine.connect() as connection:
            return [self._reports.opened(row) for row in connection.execute(query)]

    def one(self, defect: int) -> tuple[Standing, list[Happened]]:
        """A defect and all that happened to it. Raises ``MissingQcError``."""
        with self._engine.connect() as connection:
            row = _row(connection, defect)
            query = select(events).where(events.c.defect == defect).order_by(events.c.number)
            return self._reports.opened(row), [self._happened(one) for one in connection.execute(query)]

    def move(
        self, defect: int, action: Action, actor: str, at: datetime, reason: str = "", revision: int | None = None
    ) -> Standing:
        """Do something with a defect; what it cost is counted anew. Raises ``QcError`` that says what is possible,
        ``TakenQcError`` when it was changed since it was seen."""
        with self._engine.begin() as connection:
            row = _row(connection, defect)
            if revision is not None and revision != row.revision:
                raise TakenQcError(f"该缺陷已被更新 (版本 {row.revision}，你看到的是 {revision})，请刷新后再操作")
            after = _after(row, action, actor, reason)
            changed = {"state": after.value, "handler": actor[:80], "revision": row.revision + 1}
            here = (defects.c.id == defect, defects.c.revision == row.revision)
            if connection.execute(update(defects).where(*here).values(changed)).rowcount != 1:
                raise TakenQcError("该缺陷刚被他人处理，请刷新后再操作")
            sealed = self._ring.seal(reason.encode(), reason_bound(defect)) if reason else b""
            connection.execute(insert(events).values(event_row(row, at, actor, action, after, sealed, row.report)))
            edition = self._schemes.one(report_row(connection, row.report).scheme)
            rescore(connection, row.report, edition, self._checks)
            return self._reports.opened(_row(connection, defect))

    def before(self, tenant: str, record: str) -> Before:
        """What is known of the defects of a record."""
        query = select(defects.c.key, defects.c.state).where(defects.c.tenant == tenant, defects.c.record == record)
        with self._engine.connect() as connection:
            states = {row.key: State(row.state) for row in connection.execute(query)}
            return Before(states, asides_of(connection, self._ring, tenant, record))

    def set_aside(self, tenant: str, record: str, key: str, said: Aside) -> int | None:
        """Say that a defect does not apply: an appeal where it stands in a report (gives its number), else kept until
        one finds it. Raises ``QcError``, ``TakenQcError``."""
        if not said.reason.strip():
            raise QcError("须说明不适用的理由 (reason)")
        here = (defects.c.tenant == tenant, defects.c.record == record, defects.c.key == key)
        standing = [state.value for state in STANDING]
        with self._engine.begin() as connection:
            query = select(defects.c.id).where(*here, defects.c.state.in_(standing))
            defect = connection.execute(query).scalar_one_or_none()
            if defect is None:
                set_aside(connection, self._ring, tenant, record, key, said)
                return None
        self.move(int(defect), Action.APPEAL, said.by, said.at, said.reason)
        return int(defect)

    def _happened(self, row: Any) -> Happened:
        reason = self._ring.unseal(row.reason, reason_bound(row.defect)).decode() if row.reason else ""
        return Happened(row.at, row.actor, Action(row.action), row.before, row.after, row.report, reason)


def _after(row: Any, action: Action, actor: str, reason: str) -> State:
    """The state that a move leads to. Raises ``QcError``."""
    if action not in MOVES:
        raise QcError(f"“{ACTIONS[action]}”由复检自动完成，不能手工操作")
    starts, after = MOVES[action]
    if State(row.state) not in starts:
        possible = "、".join(STATES[state] for state in State if state in starts)
        raise QcError(f"缺陷当前为“{STATES[State(row.state)]}”，“{ACTIONS[action]}”只能用于：{possible}")
    if action in NEEDS_REASON and not reason.strip():
        raise QcError(f"“{ACTIONS[action]}”须填写理由 (reason)")
    if action in REVIEWING and actor[:80] == row.handler:
        raise QcError("须由申诉或整改者以外的人复核")
    return after


def _row(connection: Connection, defect: int) -> Any:
    row = connection.execute(select(defects).where(defects.c.id == defect)).first()
    if row is None:
        raise MissingQcError(f"没有编号为 {defect} 的缺陷")
    return row


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    for name in ("record", "check", "state", "department", "doctor"):
        value = getattr(wanted, name)
        query = query.where(defects.c[name] == value) if value else query
    if wanted.tenant:
        below = defects.c.tenant.startswith(f"{wanted.tenant}/", autoescape=True)
        query = query.where(or_(defects.c.tenant == wanted.tenant, below))
    return query if wanted.before is None else query.where(defects.c.id < wanted.before)
