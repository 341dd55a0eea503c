"""What a scheduled report is: a closed document. When it is due (Chinese time) and of which period follow from it."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from base.refusal import RefusedError
from clinical.coded import CHINA, china_day
from clinical.value import Value
from supervision.figures.indicator import Theme
from supervision.figures.periods import Period, month_of, period_of
from supervision.operations.policy import Channel, check_channels

_LONGEST_TITLE: Final = 80
_MOST_CHANNELS: Final = 10
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_HOURS: Final = 24
_DAYS: Final = 28
_LONGEST_KEPT: Final = 3650


class Every(StrEnum):
    """How often; a report tells of the whole day, week, month, quarter or year before."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


EVERY: Final = {
    Every.DAY: "每日",
    Every.WEEK: "每周",
    Every.MONTH: "每月",
    Every.QUARTER: "每季度",
    Every.YEAR: "每年",
}


class Format(StrEnum):
    """As what it is told: a file, or the text of a message alone."""

    XLSX = "xlsx"
    PDF = "pdf"
    MESSAGE = "message"


FORMATS: Final = {Format.XLSX: "电子表格", Format.PDF: "PDF 文件", Format.MESSAGE: "文字消息"}


class Content(StrEnum):
    """What it tells of."""

    THEME = "theme"
    DATASET = "dataset"
    WARNINGS = "warnings"


CONTENTS: Final = {
    Content.THEME: "主题报表",
    Content.DATASET: "自助数据集",
    Content.WARNINGS: "指标预警变化",
}


class PlanError(RefusedError):
    """A scheduled report that cannot be."""


class Plan(Value, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The document. ``of`` is the theme or the id of the data set; warnings are of all indicators, or of a theme.
    ``day``: so many days after the period ended; ``by`` and ``only`` as of indicators, a data set has its own.
    ``keep_days``: how long files are kept; None: as the installation says, 0: for ever."""

    title: str
    every: Every
    content: Content
    of: str = ""
    by: tuple[str, ...] = ()
    only: dict[str, tuple[str, ...]] = {}
    compare: bool = True
    day: int = 1
    hour: int = 8
    format: Format = Format.XLSX
    channels: tuple[Channel, ...] = ()
    keep_days: int | None = None

    def channel(self, label: str) -> Channel | None:
        return next((channel for channel in self.channels if channel.label == label), None)

    @property
    def told(self) -> tuple[object, ...]:
        """Which figures it tells of."""
        return self.content, self.of, self.by, self.only


def checked(plan: Plan, hosts: Collection[str]) -> Plan:
    """The plan when it can be. ``hosts``: whom we may call. Raises ``PlanError``, ``PolicyError``."""
    if not 1 <= len(plan.title.strip()) <= _LONGEST_TITLE or _CONTROL.search(plan.title):
        raise PlanError("title", f"须为 1 至 {_LONGEST_TITLE} 个字符，不含换行")
    if not 0 <= plan.hour < _HOURS:
        raise PlanError("hour", "须为 0 至 23 时（北京时间）")
    most = {Every.DAY: 1, Every.WEEK: 7}.get(plan.every, _DAYS)
    if not 1 <= plan.day <= most:
        raise PlanError("day", f"须为 1 至 {most}: 期间结束后第几天生成")
    if len(plan.channels) > _MOST_CHANNELS:
        raise PlanError("channels", f"最多 {_MOST_CHANNELS} 个渠道")
    if plan.keep_days is not None and not 0 <= plan.keep_days <= _LONGEST_KEPT:
        raise PlanError("keepDays", f"须为 0 至 {_LONGEST_KEPT} 天 (0 表示一直保留)")
    _check_content(plan)
    check_channels(plan.channels, hosts)
    return plan


def _check_content(plan: Plan) -> None:
    themed = plan.content is Content.THEME or (plan.content is Content.WARNINGS and plan.of)
    if themed and plan.of not in set(Theme):
        raise PlanError("of", f"须为主题: {', '.join(Theme)}")
    if plan.content is Content.DATASET and (not plan.of or plan.by or plan.only):
        raise PlanError("of", "须为数据集编号；数据集自带维度和筛选，不再另给 by 与 only")


def period_before(every: Every, day: date) -> Period:
    """The last whole period that ended before or on a day (which is not of it)."""
    if every is Every.DAY:
        return Period(day - timedelta(days=1), day)
    if every is Every.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Period(monday - timedelta(days=7), monday)
    if every is Every.MONTH:
        return month_of(day).previous()
    if every is Every.QUARTER:
        return period_of(f"{day.year}-Q{(day.month + 2) // 3}").previous()
    return period_of(str(day.year - 1))


def last_due(plan: Plan, now: datetime) -> tuple[datetime, Period]:
    """The newest time at or before now at which it was due, and of which period it tells then."""
    local = now.astimezone(CHINA)
    period = period_before(plan.every, local.date())
    due = _due(plan, period)
    if due > now:
        period = period_before(plan.every, period.since)
        due = _due(plan, period)
    return due, period


def next_due(plan: Plan, now: datetime) -> datetime:
    """When it is due the next time after now."""
    running = period_before(plan.every, china_day(now))
    due = _due(plan, running)
    if due > now:
        return due
    return _due(plan, period_before(plan.every, _beyond(plan.every, running)))


def _beyond(every: Every, period: Period) -> date:
    """A day just after the period that follows a period."""
    lengths = {Every.DAY: 1, Every.WEEK: 7, Every.MONTH: 31, Every.QUARTER: 92, Every.YEAR: 366}
    return period.until + timedelta(days=lengths[every])


def _due(plan: Plan, period: Period) -> datetime:
    day = period.until + timedelta(days=plan.day - 1)
    return datetime(day.year, day.month, day.day, plan.hour, tzinfo=CHINA).astimezone(UTC)


read: Final = msgspec.json.Decoder(Plan).decode
