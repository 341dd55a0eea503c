"""Limits of a test's results, as the release states them for an age and a sex.

Rows that are for the same patient complete each other: one may state the reference range, another only what is
critical. A limit that no row states is unknown, not infinite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clinical.logic import Known, Unknown
from clinical.patient import Sex
from knowledge.model import Predicate
from knowledge.ranges import Range, ranges
from knowledge.snapshot import Snapshot


class Limits(NamedTuple):
    """Reference limits, and critical ones, in a unit; None where nobody states one. ``basis`` says whose."""

    low: float | None = None
    high: float | None = None
    critical_low: float | None = None
    critical_high: float | None = None
    basis: str = ""

    def flag(self, value: float) -> str:
        """What a value is by these limits."""
        if _below(value, self.critical_low) or _above(value, self.critical_high):
            return "critical"
        return "high" if _above(value, self.high) else "low" if _below(value, self.low) else ""

    def is_high(self, value: float) -> bool | None:
        """Whether a value is raised; None where that cannot be said: no reference limit, and it is not critical."""
        return _beyond(_above(value, self.high), _above(value, self.critical_high))

    def is_low(self, value: float) -> bool | None:
        """Whether a value is lowered; None where that cannot be said."""
        return _beyond(_below(value, self.low), _below(value, self.critical_low))


def _below(value: float, limit: float | None) -> bool | None:
    return None if limit is None else value < limit


def _above(value: float, limit: float | None) -> bool | None:
    return None if limit is None else value > limit


def _beyond(reference: bool | None, critical: bool | None) -> bool | None:
    return reference if reference is not None else critical or None


def limits_of(test: str, unit: str, age: Known[float], sex: Known[Sex], snapshot: Snapshot) -> Limits:
    """Limits of a test for an age and a sex, in a unit (none: that of the rows). Of what is unknown only rows count
    that are for everybody."""
    return _merged(r for r in _ranges(test, unit, snapshot) if r.is_of(age, sex))


def possible_limits(test: str, unit: str, age: Known[float], sex: Known[Sex], snapshot: Snapshot) -> Iterator[Limits]:
    """Limits of a test for everybody whom the patient may be: one, or one for each age and sex that is told apart."""
    stated = _ranges(test, unit, snapshot)
    ages = sorted({r.youngest for r in stated}) if isinstance(age, Unknown) else [age]
    sexes = (Sex.MALE, Sex.FEMALE) if isinstance(sex, Unknown) else (sex,)
    for one_age in ages:
        for one_sex in sexes:
            yield _merged(r for r in stated if r.may_be_of(one_age, one_sex))


def _ranges(test: str, unit: str, snapshot: Snapshot) -> tuple[Range, ...]:
    return snapshot.remember(
        ("reference-ranges", test, unit),
        lambda: ranges(snapshot.statements(Predicate.REFERENCE_RANGE, test), unit, snapshot.substance(test)),
    )


def _merged(rows: Iterable[Range]) -> Limits:
    """What rows say together, the most special having the last word."""
    told = [r.limits for r in rows]
    merged = {name: limit for limits in reversed(told) for name, limit in limits.items()}
    return Limits(**merged, basis="知识库参考区间") if told else Limits()
