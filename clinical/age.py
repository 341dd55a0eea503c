"""How old somebody is, on the scale by which the tables state ages.

Tables count in days: a month has 30.4375 of them, a year 365.25. An age on that scale reaches the mark of a month or
a year on the very day on which the calendar does, not when so many days of mean length are over; between two marks it
is the days lived, kept between them. A day that a month lacks (29 February) is its next first. So that a limit stated
in days counts days all the same (30 of them are not over when a February is), an age under two years at which both do
not go together knows both.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

MONTH: Final = 30.4375
YEAR: Final = 12 * MONTH
_SHORT: Final = 1 / 16
"""So far short of the next month's mark an age stays at most until that month is completed."""
_SURELY: Final = 27
"""Days that are less than any month."""


_BY_DAYS: Final = 2 * YEAR
"""From this age on nobody states a limit in days."""


class _Young(float):
    """An age at which more or fewer days were lived than its place on the scale says: compared with a limit of whole
    months by the calendar, with any other by the days."""

    __slots__ = ("lived",)
    lived: int

    def _as(self, limit: float) -> float:
        return float(self) if limit % MONTH == 0 else self.lived

    def __lt__(self, limit: float, /) -> bool:
        return self._as(limit) < limit

    def __le__(self, limit: float, /) -> bool:
        return self._as(limit) <= limit

    def __gt__(self, limit: float, /) -> bool:
        return self._as(limit) > limit

    def __ge__(self, limit: float, /) -> bool:
        return self._as(limit) >= limit


def age_at(born: date, day: date) -> float:
    """The age on a day, to be compared with limits; negative before birth."""
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    reached, lived = months * MONTH, (day - born).days
    age = max(reached, min(float(lived), reached + MONTH - _SHORT))
    if age >= _BY_DAYS or age == lived:
        return age
    young = _Young(age)
    young.lived = lived
    return young


def birth_of(age: float, day: date) -> date:
    """A day of birth of somebody who is of an age on a day: their months are completed to the day.

    Raises ``ValueError`` when it would lie before our calendar."""
    months, days = divmod(age, MONTH)
    year, month = divmod(day.year * 12 + day.month - 1 - int(months), 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) - timedelta(min(int(days), _SURELY))
