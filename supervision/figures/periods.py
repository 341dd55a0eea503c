"""Periods that figures are reckoned for, and those they are compared with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from base.refusal import RefusedError

_YEAR: Final = re.compile(r"(\d{4})")
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_QUARTER: Final = re.compile(r"(\d{4})-?Q([1-4])", re.IGNORECASE)
_WEEK: Final = re.compile(r"(\d{4})-?W(\d{2})", re.IGNORECASE)
_YEARS: Final = range(1950, 2200)
_LONGEST: Final = timedelta(days=366 * 30)


class PeriodError(RefusedError):
    """A text that is no period; the message says what is."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from ``since`` up to but without ``until``."""

    since: date
    until: date

    @property
    def last(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def is_whole(self) -> bool:
        """Whether it consists of whole months."""
        return self.since.day == self.until.day == 1

    @property
    def is_sound(self) -> bool:
        """Whether it has days, at most thirty years of them, in years that people live in."""
        return self.since.year in _YEARS and timedelta(0) < self.until - self.since <= _LONGEST

    def same(self) -> Period:
        """The same days of the year before."""
        return Period(_shifted(self.since, -12), _shifted(self.until, -12))

    def previous(self) -> Period:
        """What went before, as long: months before months, days before days."""
        if self.is_whole:
            return Period(_shifted(self.since, -self._length()), self.since)
        return Period(self.since - (self.until - self.since), self.since)

    def months(self) -> Iterator[Period]:
        """Whole months that lie within or touch it."""
        begin = self.since.replace(day=1)
        while begin < self.until:
            following = _shifted(begin, 1)
            yield Period(begin, following)
            begin = following

    def pieces(self) -> Iterator[Period]:
        """The parts of it in each month."""
        for month in self.months():
            yield Period(max(month.since, self.since), min(month.until, self.until))

    def back(self, count: int) -> list[Period]:
        """It and what went before, so many in all, the oldest first."""
        found = [self]
        while len(found) < count:
            found.append(found[-1].previous())
        return found[::-1]

    def _length(self) -> int:
        return (self.until.year - self.since.year) * 12 + self.until.month - self.since.month

    def __str__(self) -> str:
        if self.is_whole and self._length() == 12 and self.since.month == 1:
            return f"{self.since.year}"
        if self.is_whole and self._length() == 3 and self.since.month % 3 == 1:
            return f"{self.since.year}-Q{self.since.month // 3 + 1}"
        if self.is_whole and self._length() == 1:
            return f"{self.since:%Y-%m}"
        return str(self.since) if self.last == self.since else f"{self.since}..{self.last}"


def period_of(text: str) -> Period:
    """The period of a text: ``2026``, ``2026-Q3``, ``2026-11``, ``2026-W48``, ``2026-11-05``, or two days with ``..``
    between them, the last included. Raises ``PeriodError``."""
    try:
        found = _read(text.strip())
    except ValueError:
        found = None
    if found is None or not found.is_sound:
        raise PeriodError(
            "period",
            f"{text[:40]!r} 不是期间: 写作 2026、2026-Q3、2026-11、2026-W48、2026-11-05 或 2026-11-01..2026-11-15",
        )
    return found


def month_of(day: date) -> Period:
    """The month that a day lies in."""
    begin = day.replace(day=1)
    return Period(begin, _shifted(begin, 1))


def _read(text: str) -> Period | None:
    """Raises ``ValueError``."""
    if found := _YEAR.fullmatch(text):
        return Period(date(int(found[1]), 1, 1), date(int(found[1]) + 1, 1, 1))
    if found := _MONTH.fullmatch(text):
        return month_of(date(int(found[1]), int(found[2]), 1))
    if found := _QUARTER.fullmatch(text):
        begin = date(int(found[1]), 3 * int(found[2]) - 2, 1)
        return Period(begin, _shifted(begin, 3))
    if found := _WEEK.fullmatch(text):
        begin = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return Period(begin, begin + timedelta(days=7))
    first, dots, last = text.partition("..")
    begin = date.fromisoformat(first)
    return Period(begin, (date.fromisoformat(last) if dots else begin) + timedelta(days=1))


def _shifted(day: date, months: int) -> date:
    """So many months on, at most the last day of the month."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))


__all__ = ["Period", "PeriodError", "month_of", "period_of"]
