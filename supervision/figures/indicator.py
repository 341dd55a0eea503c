"""What an indicator is: declared once, and everything that is shown of it follows from the declaration.

A measure adds up rows of one fact: a ``value`` over the rows where a condition holds, both written in SQL over the
columns of the fact, in a small closed part of it that is checked when the catalogue is read. A row for which the
condition or the value is unknown is not counted and not taken for zero: it is told beside the figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from base.security import sm3


class Theme(StrEnum):
    """Where managers look for an indicator."""

    OVERVIEW = "overview"
    POLICY = "policy"
    CLINICIANS = "clinicians"
    PEOPLE = "people"
    RESOURCES = "resources"
    DRUGS = "drugs"
    SERVICES = "services"
    PUBLIC_HEALTH = "public-health"
    INSURANCE = "insurance"
    REFERRAL = "referral"
    EVALUATION = "evaluation"
    BEHAVIOUR = "behaviour"
    DECISION_SUPPORT = "decision-support"


THEMES: Final = {
    Theme.OVERVIEW: "全景",
    Theme.POLICY: "惠政",
    Theme.CLINICIANS: "惠医",
    Theme.PEOPLE: "惠民",
    Theme.RESOURCES: "资源",
    Theme.DRUGS: "药品",
    Theme.SERVICES: "服务",
    Theme.PUBLIC_HEALTH: "公卫",
    Theme.INSURANCE: "医保",
    Theme.REFERRAL: "分级诊疗",
    Theme.EVALUATION: "运行评价",
    Theme.BEHAVIOUR: "行为监管",
    Theme.DECISION_SUPPORT: "辅助决策",
}


class Direction(StrEnum):
    """Which way is better. ``WATCH``: neither, it is watched."""

    HIGHER = "higher"
    LOWER = "lower"
    WATCH = "watch"


DIRECTIONS: Final = {Direction.HIGHER: "越高越好", Direction.LOWER: "越低越好", Direction.WATCH: "监测"}


class Sum(StrEnum):
    """``TOTAL`` adds up; ``DISTINCT`` counts different values, which months do not add up to; ``MEAN`` is, of a
    stock, the mean of the months rather than the last."""

    TOTAL = "total"
    DISTINCT = "distinct"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something of a fact that is added up, by its Chinese title."""

    fact: str
    title: str
    value: str = "1"
    where: str = ""
    sum: Sum = Sum.TOTAL

    @property
    def key(self) -> str:
        """Names it among the sums that are kept: the same for the same rows and values, whatever the title."""
        return "m" + sm3(f"{self.fact}\n{self.value}\n{self.where}".encode())[:12]

    @property
    def adds_up(self) -> bool:
        return self.sum is not Sum.DISTINCT


def counted(fact: str, title: str, where: str = "") -> Measure:
    """How many rows."""
    return Measure(fact, title, where=where)


def total(fact: str, title: str, value: str, where: str = "") -> Measure:
    """The sum of a value."""
    return Measure(fact, title, value, where)


def mean(fact: str, title: str, value: str = "1", where: str = "") -> Measure:
    """Of a stock, the mean of the months' sums."""
    return Measure(fact, title, value, where, Sum.MEAN)


def different(fact: str, title: str, value: str, where: str = "") -> Measure:
    """How many different values: persons rather than visits."""
    return Measure(fact, title, value, where, Sum.DISTINCT)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an indicator is laid down: document, year of its issue where it bears one, number or section."""

    document: str
    year: int | None
    place: str

    def __str__(self) -> str:
        return f"《{self.document}》{f'（{self.year}）' if self.year else ''}{self.place}"


class Limits(NamedTuple):
    """Lines that a value should lie between: it warns below ``low`` and above ``high``."""

    low: float | None = None
    high: float | None = None

    def warns(self, value: float | None) -> bool:
        """Whether a value lies beyond a line."""
        if value is None:
            return False
        return (self.low is not None and value < self.low) or (self.high is not None and value > self.high)


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator: ``numerator``, over ``denominator`` where there is one, times ``scale``. ``growth``: by how many
    per cent that grew over the same period of the year before. ``warn`` is the line beyond which it warns, on the bad
    side of its ``direction``, ``usual`` the range outside of which one warns that is only watched, where nobody drew
    others. ``by``: columns it is usually broken down by, beside
    institution and time; ``rows``: columns shown of the rows behind it; ``unknown``: what missing entries mean."""

    name: str
    title: str
    themes: tuple[Theme, ...]
    unit: str
    source: Source
    numerator: Measure
    denominator: Measure | None = None
    scale: float = 1.0
    growth: bool = False
    direction: Direction = Direction.WATCH
    warn: float | None = None
    usual: Limits = NO_LIMITS
    by: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    unknown: str = "未填报的记录不计入，另列条数"
    decimals: int = 2

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)

    @property
    def formula(self) -> str:
        """The formula in words."""
        said = self.numerator.title
        if self.denominator is not None:
            said = f"{said} ÷ {self.denominator.title}"
            if self.scale != 1:
                said = f"{said} × {self.scale:g}{self.unit if self.unit in _SHARES else ''}"
        return f"（本期 − 上年同期）÷ 上年同期 × 100%，按 {said}" if self.growth else said

    def exact(self, numerator: float | None, denominator: float | None) -> float | None:
        """Reckoned from sums; None when one is unknown or there is nothing to divide by."""
        if numerator is None:
            return None
        if self.denominator is None:
            return numerator * self.scale
        return numerator / denominator * self.scale if denominator else None

    def rounded(self, value: float | None) -> float | None:
        """As it is shown."""
        return None if value is None else round(value, self.decimals)

    @property
    def limits(self) -> Limits:
        """Lines as they are declared."""
        return self.limited(self.usual.low, self.warn if self.usual.high is None else self.usual.high)

    def limited(self, low: float | None, line: float | None) -> Limits:
        """A line on the bad side; of one that is watched ``low`` and ``line`` are the range."""
        if self.direction is Direction.WATCH:
            return Limits(low, line)
        return Limits(low=line) if self.direction is Direction.HIGHER else Limits(high=line)


def percent(
    name: str,
    title: str,
    themes: tuple[Theme, ...],
    source: Source,
    numerator: Measure,
    denominator: Measure,
    **more: Any,
) -> Indicator:
    """A share in per cent; ``more`` as of ``Indicator``."""
    return Indicator(name, title, themes, "%", source, numerator, denominator, 100.0, **more)


def number(
    name: str, title: str, themes: tuple[Theme, ...], unit: str, source: Source, counts: Measure, **more: Any
) -> Indicator:
    """A number of things; ``more`` as of ``Indicator``."""
    return Indicator(name, title, themes, unit, source, counts, decimals=0, **more)


_SHARES: Final = ("%", "‰")


__all__ = [
    "DIRECTIONS",
    "NO_LIMITS",
    "THEMES",
    "Direction",
    "Indicator",
    "Limits",
    "Measure",
    "Source",
    "Sum",
    "Theme",
    "counted",
    "different",
    "mean",
    "number",
    "percent",
    "total",
]
