"""Alarms about connected systems: raised once, told again while nobody acknowledges them, escalated, ended when what
was wrong is over. What is told to whom is put down in the same transaction.

As many processes as you like may judge: one of them raises an alarm, and one of them takes each further step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Engine, Row, delete, false, insert, select, update

from base.db import inserting
from base.refusal import MissingError
from records.traffic import Kind, System
from supervision.operations.conditions import Judged
from supervision.operations.policy import Policy, Severity
from supervision.operations.tables import NOTE, alarms, letters

PolicyOf = Callable[[str], Policy]
_GONE: Final = "系统已不再接入"


class Event(StrEnum):
    """What a letter tells of an alarm."""

    RAISED = "raised"
    RENEWED = "renewed"
    ESCALATED = "escalated"
    ENDED = "ended"


class Alarm(NamedTuple):
    """An alarm as it stands; ``measured`` says in Chinese what was seen last."""

    id: str
    system: System
    condition: str
    severity: Severity
    raised: datetime
    ended: datetime | None
    escalated: datetime | None
    acknowledged: datetime | None
    acknowledged_by: str
    note: str
    measured: str


class Step(NamedTuple):
    """What one round of judging did, by alarm."""

    event: Event
    alarm: str


class MissingAlarmError(MissingError):
    """There is no such alarm within reach."""


class Alarms:
    """Alarms of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- judging -----------------------------------------------------------------------------

    def settle(self, judged: Iterable[Judged], policy_of: PolicyOf, now: datetime) -> list[Step]:
        """Bring alarms up to what was judged of all systems. Gives what changed."""
        found = {(j.system.tenant, _key(j.system, j.condition.name)): j for j in judged}
        steps: list[Step] = []
        with self._engine.connect() as connection:
            standing = {(r.tenant, r.current): r for r in connection.execute(_STANDING)}
        for key, row in standing.items():
            one = found.get(key)
            with self._engine.begin() as connection:
                steps += self._stands(connection, row, one, policy_of(row.tenant), now)
        for key, one in found.items():
            if one.verdict.holds and key not in standing:
                with self._engine.begin() as connection:
                    steps += self._raise(connection, one, policy_of(one.system.tenant), now)
        return steps

    def _raise(self, connection: Connection, one: Judged, policy: Policy, now: datetime) -> list[Step]:
        number, system = str(uuid4()), one.system
        row: dict[str, Any] = {"id": number, "tenant": system.tenant, "kind": system.kind.value, "name": system.name}
        row |= {"condition": one.condition.name, "severity": one.condition.severity.value, "raised": now}
        row |= {"told": now, "acknowledged_by": "", "note": "", "measured": one.verdict.measured}
        row["current"] = _key(system, one.condition.name)
        new = inserting(connection, alarms).on_conflict_do_nothing().values(row).returning(alarms.c.id)
        if connection.execute(new).first() is None:
            return []  # another process raised it
        severity = one.condition.severity
        channels = [channel.label for channel in policy.told(severity, escalated=False)]
        _write(connection, number, system.tenant, Event.RAISED, channels, now, policy.due(severity, now))
        return [Step(Event.RAISED, number)]

    def _stands(
        self, connection: Connection, row: Row[Any], one: Judged | None, policy: Policy, now: datetime
    ) -> list[Step]:
        if one is None or one.verdict.holds is False:
            return self._end(connection, row, one.verdict.measured if one else _GONE, policy, now)
        if one.verdict.holds and one.verdict.measured != row.measured:
            connection.execute(update(alarms).where(alarms.c.id == row.id).values(measured=one.verdict.measured))
        if row.acknowledged is not None:
            return []
        severity = Severity(row.severity)
        event = _next_step(row, policy, severity, now)
        if event is None:
            return []
        values: dict[str, Any] = {"told": now} | ({"escalated": now} if event is Event.ESCALATED else {})
        mine = update(alarms).where(alarms.c.id == row.id, alarms.c.told == row.told, alarms.c.acknowledged.is_(None))
        if connection.execute(mine.values(values)).rowcount != 1:
            return []  # another process told it, or somebody acknowledged it meanwhile
        escalated = event is Event.ESCALATED or row.escalated is not None
        channels = [channel.label for channel in policy.told(severity, escalated=escalated)]
        _write(connection, row.id, row.tenant, event, channels, now, policy.due(severity, now))
        return [Step(event, row.id)]

    def _end(self, connection: Connection, row: Row[Any], measured: str, policy: Policy, now: datetime) -> list[Step]:
        """It is over. Whoever was told hears of it; what was not told yet is not told any more."""
        values = {"ended": now, "current": None, "measured": measured or row.measured}
        over = update(alarms).where(alarms.c.id == row.id, alarms.c.ended.is_(None)).values(values)
        if connection.execute(over).rowcount != 1:
            return []
        of = letters.c.alarm == row.id
        connection.execute(delete(letters).where(of, letters.c.sent.is_(None)))
        told = connection.execute(select(letters.c.channel).where(of).distinct().order_by(letters.c.channel))
        due = policy.due(Severity(row.severity), now)
        _write(connection, row.id, row.tenant, Event.ENDED, list(told.scalars()), now, due)
        return [Step(Event.ENDED, row.id)]

    # -- reading and answering ---------------------------------------------------------------

    def listed(
        self,
        *,
        standing: bool = True,
        tenant: str = "",
        before: datetime | None = None,
        last: str = "",
        limit: int = 100,
    ) -> list[Alarm]:
        """Alarms, the newest first: only those that stand, or all; those raised before a time, and at that very time
        those that come after ``last``, the last of the page before."""
        query = select(alarms).order_by(alarms.c.raised.desc(), alarms.c.id).limit(limit)
        if standing:
            query = query.where(alarms.c.ended.is_(None))
        if tenant:
            below = alarms.c.tenant.startswith(f"{tenant}/", autoescape=True)
            query = query.where((alarms.c.tenant == tenant) | below)
        if before is not None:
            others = (alarms.c.raised == before) & (alarms.c.id > last) if last else false()
            query = query.where((alarms.c.raised < before) | others)
        with self._engine.connect() as connection:
            return [alarm_of(row) for row in connection.execute(query)]

    def acknowledge(self, number: str, by: str, note: str, now: datetime) -> Alarm:
        """Somebody looks after it: it is told no more until it ends. The first who did stays. Raises
        ``MissingAlarmError``."""
        values = {"acknowledged": now, "acknowledged_by": by[:80], "note": note[:NOTE]}
        here = alarms.c.id == number
        with self._engine.begin() as connection:
            mine = update(alarms).where(here, alarms.c.acknowledged.is_(None)).values(values)
            if connection.execute(mine).rowcount:
                untold = (letters.c.alarm == number, letters.c.sent.is_(None), letters.c.event != Event.ENDED.value)
                connection.execute(delete(letters).where(*untold))
            row = connection.execute(select(alarms).where(here)).one_or_none()
        if row is None:
            raise MissingAlarmError("没有该告警")
        return alarm_of(row)


_STANDING: Final = select(alarms).where(alarms.c.current.is_not(None))


def _key(system: System, condition: str) -> str:
    return f"{system.label} {condition}"


def _next_step(row: Row[Any], policy: Policy, severity: Severity, now: datetime) -> Event | None:
    """What is due of an alarm that nobody acknowledged."""
    grown = now - row.raised >= timedelta(minutes=policy.escalate_minutes)
    to_more = any(channel.escalation for channel in policy.told(severity, escalated=True))
    if policy.escalate_minutes and row.escalated is None and grown and to_more:
        return Event.ESCALATED
    again = now - row.told >= timedelta(minutes=policy.renew_minutes)
    return Event.RENEWED if policy.renew_minutes and again else None


def _write(
    connection: Connection,
    alarm: str,
    tenant: str,
    event: Event,
    channels: Sequence[str],
    now: datetime,
    due: datetime,
) -> None:
    row: dict[str, Any] = {
        "alarm": alarm,
        "tenant": tenant,
        "event": event.value,
        "at": now,
        "due": due.astimezone(UTC),
    }
    row |= {"attempts": 0, "error": ""}
    if channels:
        connection.execute(insert(letters), [row | {"channel": channel} for channel in channels])


def alarm_of(row: Row[Any]) -> Alarm:
    """A row of the table as an alarm."""
    system = System(row.tenant, Kind(row.kind), row.name)
    times = (row.raised, row.ended, row.escalated)
    seen = (row.acknowledged, row.acknowledged_by, row.note)
    return Alarm(row.id, system, row.condition, Severity(row.severity), *times, *seen, row.measured)
