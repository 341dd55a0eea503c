"""What counts as wrong with a connected system, who is told of it and when: one document of an institution, which
holds for all below it that have none of their own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import msgspec

from base.refusal import RefusedError
from clinical.coded import CHINA
from clinical.value import Value, replace

_NAME: Final = re.compile(r"[\w.-]{1,28}")
_PHONE: Final = re.compile(r"\+?\d{5,15}")
_MAIL: Final = re.compile(r"[^@\s,<>]{1,64}@[A-Za-z0-9.-]{1,255}")
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_MOST_RECEIVERS: Final = 50
_MOST: Final = 1_000_000_000


class Severity(StrEnum):
    """How grave an alarm is."""

    WARNING = "warning"
    CRITICAL = "critical"


SEVERITIES: Final = {Severity.WARNING: "一般", Severity.CRITICAL: "严重"}
RANKS: Final = {Severity.WARNING: 0, Severity.CRITICAL: 1}


class PolicyError(RefusedError):
    """A policy that cannot be."""


class _Part(Value, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Limits(_Part, frozen=True):
    """Beyond which a system is not well; 0 switches a check off. Success is judged by the newest hours in which at
    least ``least_messages`` ended."""

    offline_minutes: float = 30
    success_percent: float = 95
    least_messages: int = 20
    backlog: int = 10_000
    latency_seconds: float = 300
    dead_letters: int = 1_000


class Own(_Part, frozen=True):
    """Where the limits of one system differ."""

    offline_minutes: float | None = None
    success_percent: float | None = None
    least_messages: int | None = None
    backlog: int | None = None
    latency_seconds: float | None = None
    dead_letters: int | None = None


class Quiet(_Part, frozen=True):
    """Hours (Chinese time) in which only what is as grave as ``passes`` is told; the rest is told when they end."""

    since: str
    until: str
    passes: Severity = Severity.CRITICAL


class _Channel(_Part, frozen=True):
    """A way to tell somebody. ``least``: only what is as grave; ``escalation``: only what nobody acknowledged."""

    name: str
    least: Severity = Severity.WARNING
    escalation: bool = False

    @property
    def label(self) -> str:
        """The channel's kind and name, unique in its policy."""
        return f"{self.__struct_config__.tag}/{self.name}"


class Webhook(_Channel, frozen=True, tag="webhook", tag_field="kind", kw_only=True):
    """A call of a URL with the alarm as JSON, signed; ``robot``: as the text message that the robots of groups in
    DingTalk and WeCom take."""

    url: str
    robot: bool = False


class Mail(_Channel, frozen=True, tag="mail", tag_field="kind", kw_only=True):
    """An e-mail."""

    to: tuple[str, ...]


class Sms(_Channel, frozen=True, tag="sms", tag_field="kind", kw_only=True):
    """A short message through the gateway of the settings."""

    phones: tuple[str, ...]


class Message(_Channel, frozen=True, tag="message", tag_field="kind", kw_only=True):
    """A message in Yigong to all who may look at operations there."""


Channel: TypeAlias = Webhook | Mail | Sms | Message


class Policy(_Part, frozen=True):
    """The document. ``systems``: limits of single systems by ``client/his-a``. What nobody acknowledged is told again
    every ``renew_minutes``, and after ``escalate_minutes`` by the channels for escalation too (0: never)."""

    limits: Limits = Limits()
    systems: dict[str, Own] = {}
    channels: tuple[Channel, ...] = (Message(name="站内消息"),)
    quiet: Quiet | None = None
    renew_minutes: float = 240
    escalate_minutes: float = 60

    def limits_of(self, label: str) -> Limits:
        """The limits of a system."""
        own = self.systems.get(label)
        given = msgspec.structs.asdict(own) if own else {}
        return replace(self.limits, **{name: value for name, value in given.items() if value is not None})

    def told(self, severity: Severity, *, escalated: bool) -> Iterator[Channel]:
        """Channels by which an alarm is told."""
        for channel in self.channels:
            if RANKS[channel.least] <= RANKS[severity] and (escalated or not channel.escalation):
                yield channel

    def channel(self, label: str) -> Channel | None:
        return next((channel for channel in self.channels if channel.label == label), None)

    def due(self, severity: Severity, now: datetime) -> datetime:
        """When an alarm of now may be told."""
        if self.quiet is None or RANKS[self.quiet.passes] <= RANKS[severity]:
            return now
        return _after(self.quiet, now)


def _after(quiet: Quiet, now: datetime) -> datetime:
    """Now, or the end of the quiet hours that it lies in."""
    local = now.astimezone(CHINA)
    since, until = time.fromisoformat(quiet.since), time.fromisoformat(quiet.until)
    here = local.time()
    overnight = until <= since
    if not (here >= since or here < until if overnight else since <= here < until):
        return now
    end = local.replace(hour=until.hour, minute=until.minute, second=0, microsecond=0)
    return end + timedelta(days=1) if overnight and here >= since else end


def checked(policy: Policy, hosts: Collection[str]) -> Policy:
    """The policy when it can be. ``hosts``: whom we may call. Raises ``PolicyError``."""
    _numbers("", policy)
    _numbers("limits.", policy.limits)
    for label, own in policy.systems.items():
        _numbers(f"systems.{label}.", own)
    if policy.quiet is not None:
        for field, text in (("since", policy.quiet.since), ("until", policy.quiet.until)):
            if not _CLOCK.fullmatch(text):
                raise PolicyError(f"quiet.{field}", "须为 22:00 这样的时刻")
    check_channels(policy.channels, hosts)
    return policy


def check_channels(channels: Sequence[Channel], hosts: Collection[str]) -> None:
    """Whether channels can be, each with a name of its own. ``hosts``: whom we may call. Raises ``PolicyError``."""
    seen: set[str] = set()
    for place, channel in enumerate(channels):
        _channel(f"channels[{place}]", channel, hosts)
        if channel.label in seen:
            raise PolicyError(f"channels[{place}].name", "同类渠道的名称不能重复")
        seen.add(channel.label)


def _numbers(where: str, part: Limits | Own | Policy) -> None:
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        name = f"{where}{field.encode_name}"
        if not isinstance(value, int | float):
            continue
        if not 0 <= value <= _MOST:
            raise PolicyError(name, "须为不小于 0 的数 (0 表示不检查)")
        if field.name == "success_percent" and value > 100:
            raise PolicyError(name, "须为 0 到 100 的百分数")


def _channel(where: str, channel: Channel, hosts: Collection[str]) -> None:
    if not _NAME.fullmatch(channel.name):
        raise PolicyError(f"{where}.name", "须为 1 到 28 个文字、数字、连字符")
    if isinstance(channel, Webhook):
        parts = urlsplit(channel.url)
        if parts.scheme not in ("http", "https") or parts.hostname not in hosts:
            raise PolicyError(f"{where}.url", "主机须列入 YIGONG_WEBHOOK_HOSTS")
    elif isinstance(channel, Mail):
        _receivers(f"{where}.to", channel.to, _MAIL, "电子邮箱地址")
    elif isinstance(channel, Sms):
        _receivers(f"{where}.phones", channel.phones, _PHONE, "手机号码")


def _receivers(where: str, given: tuple[str, ...], form: re.Pattern[str], what: str) -> None:
    if not 0 < len(given) <= _MOST_RECEIVERS:
        raise PolicyError(where, f"须有 1 到 {_MOST_RECEIVERS} 个{what}")
    for place, one in enumerate(given):
        if not form.fullmatch(one):
            raise PolicyError(f"{where}[{place}]", f"须为{what}")


DEFAULT: Final = Policy()
