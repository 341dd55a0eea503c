"""A thing as it was sent, what it was understood to be, and where it came from."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Final

from clinical.codes import Code
from clinical.value import Value

CHINA: Final = timezone(timedelta(hours=8))
"""Zone of times that are sent without one: China has one."""
_OF_CHINA: Final = (CHINA.utcoffset(None), None)


def zoned(time: datetime) -> datetime:
    """The time with a zone, so that any two can be compared; without one it is China's."""
    return time if time.tzinfo else time.replace(tzinfo=CHINA)


def china_day(time: datetime) -> date:
    """The calendar day on which it is that time in China."""
    in_china = time.tzinfo is CHINA or time.utcoffset() in _OF_CHINA
    return time.date() if in_china else time.astimezone(CHINA).date()


class Origin(Value, frozen=True):
    """Where a datum came from: FHIR reference, time it was true, institution that recorded it."""

    reference: str = ""
    time: datetime | None = None
    institution: str = ""


class Coded(Value, frozen=True):
    """A thing as it was sent and what it was understood to be.

    ``concepts`` are concept ids; empty means the thing stayed unmapped.
    """

    text: str = ""
    codes: tuple[Code, ...] = ()
    concepts: tuple[str, ...] = ()
