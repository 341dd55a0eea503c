"""Where values of items come from: indicators by a function that is handed in, what somebody entered, and what is
derived from these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from supervision.appraisal.library import Counted, Derived, Entered, Item
from supervision.appraisal.reckoning import Known, Subject
from supervision.figures.periods import Period

ValueOf = Callable[[str, Period, Subject], float | None]
"""The value of an indicator in a period for a subject; None where it is not known."""
Entries = Mapping[tuple[str, str, str], tuple[float, str]]
"""Values that were entered, with their evidence, by period, subject and item."""


class Values:
    """Values of items of one run."""

    def __init__(self, items: Mapping[str, Item], value_of: ValueOf, entries: Entries) -> None:
        self._items, self._value_of, self._entries = items, value_of, entries
        self._drawn: dict[tuple[str, Period, str], float | None] = {}

    def known(self, codes: Iterable[str], period: Period, subject: Subject) -> dict[str, Known]:
        """What is known of items, with the periods that these are compared with."""
        return {code: self._known(code, period, subject) for code in codes}

    def _known(self, code: str, period: Period, subject: Subject) -> Known:
        now, before, then = (self._value(code, p, subject) for p in (period, period.previous(), period.same()))
        entered = self._entries.get((str(period), subject.key, code))
        return Known(now, before, then, entered[1] if entered else "")

    def _value(self, code: str, period: Period, subject: Subject) -> float | None:
        origin = self._items[code].origin
        if isinstance(origin, Counted):
            return self._counted(origin.indicator, period, subject)
        if isinstance(origin, Entered):
            found = self._entries.get((str(period), subject.key, code))
            return found[0] if found else None
        return self._derived(origin, period, subject)

    def _counted(self, name: str, period: Period, subject: Subject) -> float | None:
        key = (name, period, subject.key)
        if key not in self._drawn:
            self._drawn[key] = self._value_of(name, period, subject)
        return self._drawn[key]

    def _derived(self, origin: Derived, period: Period, subject: Subject) -> float | None:
        above = self._sum(origin.numerator, period, subject)
        below = self._sum(origin.denominator, period, subject) if origin.denominator else 1.0
        return None if above is None or not below else origin.scale * above / below

    def _sum(self, part: Mapping[str, float], period: Period, subject: Subject) -> float | None:
        """A sum of which a part is not known is not known."""
        total = 0.0
        for code, times in part.items():
            value = self._value(code, period, subject)
            if value is None:
                return None
            total += times * value
        return total
