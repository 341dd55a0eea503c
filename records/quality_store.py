"""Faults in the database, from found to put right: who was told, who explained, what was sent anew.

A fault is one rule broken by one resource of an institution. The same resource found at fault again is the same
fault; a newer version that passes closes it by itself. What institutions explain somebody else confirms or refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

import orjson
from sqlalchemy import Connection, Engine, Select, bindparam, func, insert, select, update

from base.db import inserting
from base.keyring import KeyRing
from records.quality import Checked, Context, Fault, RuleSet
from records.quality_rules import MESSAGE, Rule
from records.quality_tables import day_of, events, faults, tallies

_MANY: Final = 500


class State(StrEnum):
    """Where a fault stands."""

    OPEN = "open"
    NOTIFIED = "notified"
    EXPLAINED = "explained"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"


STATES: Final = {
    State.OPEN: "待通知",
    State.NOTIFIED: "待整改",
    State.EXPLAINED: "已说明",
    State.CONFIRMED: "说明已确认",
    State.CORRECTED: "已更正",
}


class Action(StrEnum):
    """What people do with a fault; ``CORRECT`` is done by a newer version of the resource, never by hand."""

    NOTIFY = "notify"
    EXPLAIN = "explain"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    CORRECT = "correct"


ACTIONS: Final = {
    Action.NOTIFY: "通知整改",
    Action.EXPLAIN: "说明原因",
    Action.CONFIRM: "确认说明",
    Action.REFUSE: "退回说明",
    Action.CORRECT: "更正",
}
_MOVES: Final = {
    Action.NOTIFY: ((State.OPEN, State.NOTIFIED), State.NOTIFIED),
    Action.EXPLAIN: ((State.OPEN, State.NOTIFIED), State.EXPLAINED),
    Action.CONFIRM: ((State.EXPLAINED,), State.CONFIRMED),
    Action.REFUSE: ((State.EXPLAINED,), State.NOTIFIED),
}
_NEEDS_REASON: Final = frozenset({Action.EXPLAIN, Action.REFUSE})


class FaultError(Exception):
    """A move that is not possible; the message says what is."""


class MissingFaultError(FaultError):
    """There is no such fault, or it is not for whoever asks."""


class Parsed(Protocol):
    """What of a message that was read is checked (``exchange.message.Parsed``)."""

    @property
    def resources(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def sent(self) -> datetime | None: ...


class Claimed(Protocol):
    """The message that is worked on (``exchange.ledger.Claimed``)."""

    @property
    def number(self) -> int: ...

    @property
    def tenant(self) -> str: ...

    @property
    def received(self) -> datetime: ...


class Rules(Protocol):
    """Which rules hold for a tenant now (``records.quality_standards.Standards``)."""

    def of(self, tenant: str) -> RuleSet: ...


class Inspector:
    """What the line of intake asks: ``check`` touches the database only when the rules may have changed."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def check(self, tenant: str, parsed: Parsed, received: datetime) -> Checked:
        """What of a message is at fault."""
        return self._rules.of(tenant).check(parsed.resources, Context(tenant, received, parsed.sent))

    def rejections(self, checked: Checked) -> list[dict[str, str]]:
        """Faults for which a message may not pass, as they are told to its sender."""
        return [_told(fault) for fault in checked.faults if fault.rejects]

    def keep(self, connection: Connection, claimed: Claimed, checked: Checked) -> None:
        """Write down what checking a message found, in the message's own transaction."""
        keep(connection, claimed.tenant, claimed.number, checked, claimed.received)


def _told(fault: Fault) -> dict[str, str]:
    named = "" if fault.resource == MESSAGE else fault.resource
    path = f"{named}.{fault.path}" if named and fault.path else named or fault.path
    return {"rule": fault.rule, "version": fault.version, "path": path, "message": fault.message, "resource": named}


def keep(connection: Connection, tenant: str, message: int, checked: Checked, at: datetime) -> None:
    """Store the faults of a message and what it adds to the counts; close what it puts right."""
    if checked.tally:
        row = {"tenant": tenant, "day": day_of(at), "counts": orjson.dumps(checked.tally)}
        connection.execute(insert(tallies).values(row))
    found = {(fault.rule, _named(fault.resource, message)): fault for fault in checked.faults}
    clear = {_named(name, message): frozenset(rules) for name, rules in checked.clear.items()}
    standing = _standing(connection, tenant, {*clear, *(name for _, name in found if name)})
    stored = not checked.rejected  # else the version that was at fault stands
    right = [row for row in standing if stored and row.rule in clear.get(row.reference, ())]
    again = [row for row in standing if (row.rule, row.reference) in found]
    known = {(row.rule, row.reference) for row in again}
    _close(connection, right, message, at)
    _see(connection, again, message, at)
    _open(
        connection, [_row(f, tenant, name, message, at) for (r, name), f in found.items() if (r, name) not in known]
    )


def _named(resource: str, message: int) -> str:
    """A fault of the message as a whole hangs on the message: sent again under its number it may be put right."""
    return f"{MESSAGE}/{message}" if resource == MESSAGE else resource


def _standing(connection: Connection, tenant: str, references: Iterable[str]) -> list[Any]:
    """Faults of these resources that were not put right."""
    listed = sorted(references)
    rows: list[Any] = []
    for start in range(0, len(listed), _MANY):
        here = faults.c.reference.in_(listed[start : start + _MANY])
        query = select(faults).where(faults.c.tenant == tenant, here, faults.c.current.is_not(None))
        rows += connection.execute(query.order_by(faults.c.id))
    return rows


def _close(connection: Connection, rows: Sequence[Any], message: int | None, at: datetime) -> None:
    if not rows:
        return
    ids = [row.id for row in rows]
    for start in range(0, len(ids), _MANY):
        change = update(faults).where(faults.c.id.in_(ids[start : start + _MANY]))
        connection.execute(change.values(state=State.CORRECTED.value, current=None, seen=at, due=None))
    made = [_event(row, at, "system", Action.CORRECT, State.CORRECTED, message=message) for row in rows]
    connection.execute(insert(events), made)


def _see(connection: Connection, rows: Sequence[Any], message: int | None, at: datetime) -> None:
    if rows:
        change = update(faults).where(faults.c.id == bindparam("_id"))
        values = change.values(message=message, seen=at, times=faults.c.times + 1)
        connection.execute(values, [{"_id": row.id} for row in rows])


def _open(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """New faults, in one order always: two messages about one doctor must not wait for each other in turn."""
    if rows:
        made = inserting(connection, faults)
        connection.execute(made.on_conflict_do_nothing(), sorted(rows, key=lambda row: row["current"] or ""))


def _row(fault: Fault, tenant: str, name: str, message: int | None, at: datetime) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "rule": fault.rule,
        "version": fault.version,
        "dimension": fault.dimension.value,
        "severity": fault.severity.value,
        "kind": fault.kind[:40],
        "reference": name[:180],
        "path": fault.path[:200],
        "message": message,
        "times": 1,
        "found": at,
        "seen": at,
        "state": State.OPEN.value,
        "due": None,
        "handler": "",
        "current": f"{fault.rule} {name[:180]}" if name else None,
    }


def _event(
    row: Any,
    at: datetime,
    actor: str,
    action: Action,
    after: State,
    reason: bytes = b"",
    message: int | None = None,
) -> dict[str, Any]:
    return {
        "fault": row.id,
        "tenant": row.tenant,
        "at": at,
        "actor": actor[:80],
        "action": action.value,
        "before": row.state,
        "after": after.value,
        "message": message,
        "reason": reason,
    }


def settle(connection: Connection, tenant: str, rule: Rule, failing: Iterable[tuple[str, str]], at: datetime) -> None:
    """Faults of a survey: those (type, reference) that fail now stand, those that no longer fail are put right."""
    mine = select(faults).where(faults.c.tenant == tenant, faults.c.rule == rule.id, faults.c.current.is_not(None))
    standing = {row.reference: row for row in connection.execute(mine)}
    found = {reference: kind for kind, reference in failing}
    _close(connection, [row for name, row in standing.items() if name not in found], None, at)
    _see(connection, [row for name, row in standing.items() if name in found], None, at)
    new = [
        Fault(rule.id, rule.version, rule.severity, rule.path, rule.message, name, rule.dimension, kind)
        for name, kind in found.items()
        if name not in standing
    ]
    _open(connection, [_row(fault, tenant, fault.resource, None, at) for fault in new])


# -- reading and moving ------------------------------------------------------------------------


class Held(NamedTuple):
    """A fault as it stands; ``reference`` names the resource, ``message`` the number of the message."""

    id: int
    tenant: str
    rule: str
    version: str
    dimension: str
    severity: str
    kind: str
    reference: str
    path: str
    message: int | None
    times: int
    found: datetime
    seen: datetime
    state: State
    due: datetime | None
    handler: str


class Event(NamedTuple):
    """What happened to a fault."""

    at: datetime
    actor: str
    action: str
    before: str
    after: str
    message: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Query:
    """Which faults are asked for; empty fields ask for all. ``tenant`` includes all below it, ``overdue`` is the
    moment by which what is due should have been put right."""

    tenant: str = ""
    states: tuple[State, ...] = ()
    rule: str = ""
    dimension: str = ""
    severity: str = ""
    kind: str = ""
    reference: str = ""
    message: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    overdue: datetime | None = None
    before: int | None = None
    limit: int = 100


class Faults:
    """Faults and their handling, within the scope of whoever acts."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    def search(self, asked: Query) -> list[Held]:
        """Faults, the newest first; ``before`` is the id of the last of the page before."""
        query = _asked(select(faults), asked).order_by(faults.c.id.desc()).limit(asked.limit)
        with self._engine.connect() as connection:
            return [_held(row) for row in connection.execute(query)]

    def count(self, asked: Query) -> int:
        """How many faults there are of a kind."""
        with self._engine.connect() as connection:
            return int(connection.execute(_asked(select(func.count()).select_from(faults), asked)).scalar_one())

    def one(self, fault: int) -> tuple[Held, list[Event]]:
        """A fault and all that happened to it. Raises ``MissingFaultError``."""
        with self._engine.connect() as connection:
            row = _found(connection, fault)
            query = select(events).where(events.c.fault == fault).order_by(events.c.number)
            return _held(row), [self._happened(event) for event in connection.execute(query)]

    def move(self, fault: int, action: Action, actor: str, at: datetime, reason: str = "") -> Held:
        """Explain, confirm or refuse a fault. Raises ``FaultError`` that says what is possible."""
        with self._engine.begin() as connection:
            row = _found(connection, fault)
            after = _after(row, action, actor, reason)
            sealed = self._ring.seal(reason.encode(), f"quality_event/{fault}".encode()) if reason else b""
            changed = {"state": after.value, "handler": actor[:80]}
            here = (faults.c.id == fault, faults.c.state == row.state)
            if connection.execute(update(faults).where(*here).values(changed)).rowcount != 1:
                raise FaultError("该问题刚被他人处理，请刷新后再操作")
            connection.execute(insert(events).values(_event(row, at, actor, action, after, sealed)))
            return _held(_found(connection, fault))

    def notify(self, asked: Query, actor: str, at: datetime, due: datetime) -> int:
        """Tell institutions of the open faults that are asked for, to be put right until ``due``. Gives how many."""
        wanted = Query(**{name: getattr(asked, name) for name in _FILTERS} | {"states": (State.OPEN,)})
        with self._engine.begin() as connection:
            query = _asked(select(faults), wanted).order_by(faults.c.id).limit(asked.limit)
            locked = query.with_for_update() if connection.dialect.name == "postgresql" else query
            rows = connection.execute(locked).all()
            if rows:
                change = update(faults).where(faults.c.id == bindparam("_id"), faults.c.state == State.OPEN.value)
                values = change.values(state=State.NOTIFIED.value, due=due, handler=actor[:80])
                connection.execute(values, [{"_id": row.id} for row in rows])
                made = [_event(row, at, actor, Action.NOTIFY, State.NOTIFIED) for row in rows]
                connection.execute(insert(events), made)
            return len(rows)

    def _happened(self, row: Any) -> Event:
        bound = f"quality_event/{row.fault}".encode()
        reason = self._ring.unseal(row.reason, bound).decode() if row.reason else ""
        return Event(row.at, row.actor, row.action, row.before, row.after, row.message, reason)


_FILTERS: Final = ("tenant", "rule", "dimension", "severity", "kind", "reference", "message", "since", "until")


def _after(row: Any, action: Action, actor: str, reason: str) -> State:
    """The state that a move leads to. Raises ``FaultError``."""
    if action not in _MOVES or action is Action.NOTIFY:
        raise FaultError(f"不能对单个问题进行 {action.value}")
    starts, after = _MOVES[action]
    if State(row.state) not in starts:
        possible = "、".join(STATES[state] for state in starts)
        raise FaultError(f"问题当前为“{STATES[State(row.state)]}”，{action.value} 只能用于：{possible}")
    if action in _NEEDS_REASON and not reason.strip():
        raise FaultError(f"{action.value} 须填写理由 (reason)")
    if action in (Action.CONFIRM, Action.REFUSE) and actor == row.handler:
        raise FaultError("说明须由另一人确认或退回")
    return after


def _found(connection: Connection, fault: int) -> Any:
    row = connection.execute(select(faults).where(faults.c.id == fault)).first()
    if row is None:
        raise MissingFaultError(f"没有编号为 {fault} 的质量问题")
    return row


def _asked(query: Select[Any], asked: Query) -> Select[Any]:
    if asked.tenant:
        below = faults.c.tenant.startswith(f"{asked.tenant}/", autoescape=True)
        query = query.where((faults.c.tenant == asked.tenant) | below)
    for name in ("rule", "dimension", "severity", "kind", "reference", "message"):
        value = getattr(asked, name)
        if value not in ("", None):
            query = query.where(faults.c[name] == value)
    if asked.states:
        query = query.where(faults.c.state.in_([state.value for state in asked.states]))
    if asked.since is not None:
        query = query.where(faults.c.found >= asked.since)
    if asked.until is not None:
        query = query.where(faults.c.found < asked.until)
    if asked.overdue is not None:
        query = query.where(faults.c.state == State.NOTIFIED.value, faults.c.due < asked.overdue)
    return query if asked.before is None else query.where(faults.c.id < asked.before)


def _held(row: Any) -> Held:
    given = {name: getattr(row, name) for name in Held._fields}
    return Held(**given | {"state": State(row.state)})


__all__ = [
    "Action",
    "Event",
    "FaultError",
    "Faults",
    "Held",
    "Inspector",
    "MissingFaultError",
    "Query",
    "STATES",
    "State",
    "keep",
    "settle",
]
