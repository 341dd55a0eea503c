"""What may be wrong with a connected system. Each condition is judged in three ways: it holds, it does not, or
nothing is known of it; what is not known neither raises an alarm nor ends one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from clinical.coded import CHINA
from records.traffic import Kind, System
from records.traffic_figures import Health
from supervision.operations.policy import Limits, Severity


class Verdict(NamedTuple):
    """Whether a condition holds (None: not known), and what was measured, in Chinese."""

    holds: bool | None
    measured: str = ""


Judge = Callable[[Health, Limits, datetime], Verdict]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that may be wrong. ``limit`` is the field of ``Limits`` that decides; at 0 nobody looks."""

    name: str
    title: str
    severity: Severity
    limit: str
    judge: Judge


class Judged(NamedTuple):
    """A condition judged of a system."""

    system: System
    title: str
    condition: Condition
    verdict: Verdict


_SOUND: Final = Verdict(False)
_UNKNOWN: Final = Verdict(None)


def judged(health: Health, limits: Limits, now: datetime) -> Iterator[Judged]:
    """Every condition of a system. One taken out of service, or that nobody looks at, has nothing wrong with it."""
    for condition in CONDITIONS.values():
        looked_at = not health.retired and getattr(limits, condition.limit) > 0
        verdict = condition.judge(health, limits, now) if looked_at else _SOUND
        yield Judged(health.system, health.title, condition, verdict)


def _offline(health: Health, limits: Limits, now: datetime) -> Verdict:
    if not health.expected:
        return _SOUND
    if health.seen is None:
        return _UNKNOWN
    why = f"，最近一次连接失败: {health.trouble}" if health.trouble else ""
    return _since("最近一次通信", health.seen, limits.offline_minutes, now, why)


def _stuck(health: Health, limits: Limits, now: datetime) -> Verdict:
    """A subscriber to whom something is to be told, but who does not take it."""
    if health.system.kind is not Kind.SUBSCRIPTION or not health.trouble or health.oldest is None:
        return _SOUND
    return _since("最早一条待推送", health.oldest, limits.offline_minutes, now, f"，原因: {health.trouble}")


def _since(what: str, at: datetime, minutes: float, now: datetime, why: str) -> Verdict:
    gone = (now - at) / timedelta(minutes=1)
    local = at.astimezone(CHINA)
    told = f"{what}于 {local:%Y-%m-%d %H:%M}，已 {gone:.0f} 分钟（上限 {minutes:g} 分钟）{why}"
    return Verdict(gone > minutes, told)


def _failing(health: Health, limits: Limits, now: datetime) -> Verdict:
    recent = health.recent(limits.least_messages)
    if recent.success is None or recent.ended < limits.least_messages:
        return _UNKNOWN
    percent = 100 * recent.success
    told = (
        f"最近 {recent.ended} 条中 {recent.failed} 条失败，成功率 {percent:.1f}%（下限 {limits.success_percent:g}%）"
    )
    return Verdict(percent < limits.success_percent, told)


def _backlog(health: Health, limits: Limits, now: datetime) -> Verdict:
    since = f"，最早一条到达于 {health.oldest.astimezone(CHINA):%Y-%m-%d %H:%M}" if health.oldest else ""
    return Verdict(health.backlog > limits.backlog, f"积压 {health.backlog} 条（上限 {limits.backlog} 条）{since}")


def _slow(health: Health, limits: Limits, now: datetime) -> Verdict:
    recent = health.recent(limits.least_messages)
    if recent.p95 is None or recent.ended < limits.least_messages:
        return _UNKNOWN
    told = f"最近 {recent.done} 条的处理时延 95 分位 {recent.p95:.1f} 秒（上限 {limits.latency_seconds:g} 秒）"
    return Verdict(recent.p95 > limits.latency_seconds, told)


def _dead(health: Health, limits: Limits, now: datetime) -> Verdict:
    told = f"未处理死信 {health.dead} 条（上限 {limits.dead_letters} 条）"
    return Verdict(health.dead > limits.dead_letters, told)


CONDITIONS: Final = {
    condition.name: condition
    for condition in (
        Condition("offline", "节点离线", Severity.CRITICAL, "offline_minutes", _offline),
        Condition("success", "采集成功率低", Severity.CRITICAL, "success_percent", _failing),
        Condition("undelivered", "推送受阻", Severity.WARNING, "offline_minutes", _stuck),
        Condition("backlog", "消息积压", Severity.WARNING, "backlog", _backlog),
        Condition("latency", "处理时延高", Severity.WARNING, "latency_seconds", _slow),
        Condition("dead-letters", "死信过多", Severity.WARNING, "dead_letters", _dead),
    )
}
"""By name, as alarms and documents have it."""
