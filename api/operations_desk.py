"""Operations as a service: connected systems, their history, alarms, messages and policies, for routes, the command
line and ``doctor``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Engine

from api.institution_names import called
from base.keyring import KeyRing
from exchange.health import Observer
from records.traffic import KINDS, Kind, System, heard, retire, roll_up
from records.traffic_figures import Figures, Health, Hour, Traffic
from supervision.operations.alarms import Alarm, Alarms
from supervision.operations.channels import EVENTS, NameOf, alarm_json, text_of
from supervision.operations.conditions import CONDITIONS
from supervision.operations.letters import Letter, Letters, Sent
from supervision.operations.policy import SEVERITIES
from supervision.operations.policy_store import Held, Policies

STATES: Final = {"well": "正常", "ill": "异常", "offline": "离线", "never": "未接入", "retired": "已停用"}


class OperationsDesk:
    """Everything about operations of one installation, held to the scope of whoever acts."""

    def __init__(self, engine: Engine, ring: KeyRing, league: str) -> None:
        self.league, self._engine = league, engine
        self._observer, self.traffic = Observer(engine), Traffic(engine)
        self.alarms, self.letters, self.policies = Alarms(engine), Letters(engine), Policies(engine, ring)

    def called(self) -> NameOf:
        """What people call institutions."""
        return called(self._engine)

    def systems(self, tenant: str = "", state: str = "") -> list[dict[str, Any]]:
        """Every system of an institution and what is below it, as it is now."""
        now, called = datetime.now(UTC), self.called()
        standing: dict[System, list[Alarm]] = {}
        for alarm in self.alarms.listed(tenant=tenant, limit=10_000):
            standing.setdefault(alarm.system, []).append(alarm)
        told = [system_json(h, standing.get(h.system, ()), called) for h in self.health(now, tenant)]
        return [one for one in told if state in ("", one["state"])]

    def health(self, now: datetime, tenant: str = "") -> list[Health]:
        """The same as values, with what was counted up to now."""
        roll_up(self._engine)
        return self._observer.systems(now, tenant)

    def beat(self, tenant: str, name: str, at: datetime) -> None:
        """A system says that it lives."""
        with self._engine.begin() as connection:
            heard(connection, System(tenant, Kind.CLIENT, name), at)

    def retire(self, named: System) -> bool:
        """Take a system out of service until it is heard of again; False when it never was."""
        with self._engine.begin() as connection:
            return retire(connection, named)

    def listed(self, alarms: Iterable[Alarm]) -> list[dict[str, Any]]:
        """Alarms as people read them."""
        called = self.called()
        return [shown(alarm, called) for alarm in alarms]

    def messages(self, letters: Iterable[Letter]) -> list[dict[str, Any]]:
        """Messages in Yigong as people read them."""
        called = self.called()
        return [
            {"number": one.number, "event": one.event.value, "text": text_of(one.event, one.alarm, called)}
            | {"alarm": one.alarm.id}
            for one in letters
        ]


def system_json(health: Health, standing: Iterable[Alarm], called: NameOf) -> dict[str, Any]:
    """A system with its figures of the last day."""
    named, conditions = health.system, [alarm.condition for alarm in standing]
    state = state_of(health, conditions)
    told: dict[str, Any] = {"tenant": named.tenant, "institution": called(named.tenant), "system": named.label}
    told |= {"kind": named.kind.value, "kindTitle": KINDS[named.kind], "title": health.title}
    told |= {"state": state, "stateTitle": STATES[state], "watched": health.expected, "alarms": conditions}
    told |= {"lastSeen": health.seen and health.seen.isoformat(), "trouble": health.trouble}
    told |= {"backlog": health.backlog, "deadLetters": health.dead}
    told |= {"oldestWaiting": health.oldest and health.oldest.isoformat()}
    return told | {"lastDay": figures_json(health.day)}


def state_of(health: Health, conditions: Iterable[str]) -> str:
    """A system's state in a word."""
    wrong = set(conditions)
    if health.retired:
        return "retired"
    if "offline" in wrong:
        return "offline"
    if wrong:
        return "ill"
    return "never" if health.seen is None and not health.hours else "well"


def figures_json(figures: Figures) -> dict[str, Any]:
    """Counts; rates and times are null where nothing ended."""
    told = {"arrived": figures.arrived, "done": figures.done, "failed": figures.failed}
    times = {name: None if s is None else round(s, 3) for name, s in (("p50", figures.p50), ("p95", figures.p95))}
    success = None if figures.success is None else round(100 * figures.success, 2)
    return told | {"successPercent": success, "p50Seconds": times["p50"], "p95Seconds": times["p95"]}


def hour_json(hour: Hour) -> dict[str, Any]:
    """A system's figures of one hour."""
    named = {"tenant": hour.system.tenant, "system": hour.system.label, "hour": hour.hour.isoformat()}
    return named | figures_json(hour.figures)


def shown(alarm: Alarm, called: NameOf) -> dict[str, Any]:
    """An alarm with its titles."""
    condition = CONDITIONS.get(alarm.condition)
    titles = {"title": condition.title if condition else alarm.condition, "severityTitle": SEVERITIES[alarm.severity]}
    return alarm_json(alarm) | titles | {"institution": called(alarm.system.tenant)}


def sent_json(sent: Sent) -> dict[str, Any]:
    """What became of a letter."""
    state = "sent" if sent.sent else "waiting" if sent.waits else "failed"
    told: dict[str, Any] = {"event": sent.event.value, "eventTitle": EVENTS[sent.event], "channel": sent.channel}
    told |= {"state": state, "at": sent.at.isoformat(), "attempts": sent.attempts, "error": sent.error}
    return told | ({"sent": sent.sent.isoformat()} if sent.sent else {})


def held_json(held: Held) -> dict[str, Any]:
    """A policy with whose it is."""
    return {"tenant": held.tenant, "version": held.version, "policy": msgspec.to_builtins(held.policy)}


def window(since: datetime | None, until: datetime | None, hours: int, most: int) -> tuple[datetime, datetime]:
    """A span of time that is asked for: the last hours without a beginning, and no longer than ``most`` hours."""
    end = until or datetime.now(UTC)
    begin = since or end - timedelta(hours=hours)
    return max(begin, end - timedelta(hours=most)), end
