"""Dates and days that texts state: 2026年11月4日 09:30, 2026-11-04, 术后第3天."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, NamedTuple

from clinical.coded import CHINA
from nlp.durations import number_of

DATE: Final = re.compile(
    r"(?<![\d.])(?P<year>(?:19|20)\d\d)\s*[-年/.]\s*(?P<month>\d{1,2})\s*[-月/.]\s*(?P<day>\d{1,2})(?!\d)\s*日?"
    r"(?:[ T，,]*(?P<hour>\d{1,2})\s*[:：时点]\s*(?P<minute>\d{1,2})?)?"
)
_COUNT: Final = r"(?P<count>\d{1,3}|[一二两三四五六七八九十]{1,3})"

_LEAD: Final = r"(?:^|患者|今|今日|今天|现|目前|[为系是，,])\s*"


class Stated(NamedTuple):
    """A date that a text states, with the time of day where it does (else None)."""

    day: date
    time: datetime | None
    start: int
    end: int


def stated(text: str) -> Iterator[Stated]:
    """The full dates of a text; what is no day of the calendar is passed over."""
    for match in DATE.finditer(text):
        try:
            day = date(int(match["year"]), int(match["month"]), int(match["day"]))
            time = None
            if match["hour"] and match["minute"]:
                time = datetime(day.year, day.month, day.day, int(match["hour"]), int(match["minute"]), tzinfo=CHINA)
        except ValueError:
            continue
        yield Stated(day, time, match.start(), match.end())


def nth_day(after: str) -> re.Pattern[str]:
    """Finds the how manieth day after something a note is written on: 术后第3天."""
    return re.compile(rf"{_LEAD}(?:{after})第?\s*{_COUNT}\s*[天日](?![内后前龄])")


def count(match: re.Match[str]) -> int:
    """The number of days that ``nth_day`` found; 0 for none."""
    return int(number_of(match["count"]) or 0)
