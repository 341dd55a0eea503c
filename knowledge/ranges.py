"""Reference ranges of a test as the rows of a release state them, for a patient of whom age or sex may be unknown.

What is unknown of a patient takes no row away: several may be the patient's then, and what they agree on is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from clinical.logic import Known, Unknown
from clinical.patient import Sex
from clinical.quantity import Quantity, Substance, UnitMismatch
from knowledge.model import Statement

_LIMITS: Final = ("low", "high", "critical_low", "critical_high")
_EVER: Final = float("inf")


class Range(NamedTuple):
    """The limits that a row states, in a unit, for a sex (empty: both) from an age on until below another."""

    sex: str
    youngest: float
    oldest: float
    limits: dict[str, float]

    def may_be_of(self, age: Known[float], sex: Known[Sex]) -> bool:
        """Whether a patient may be one of those whom the row is about."""
        if self.sex and not isinstance(sex, Unknown) and self.sex != sex:
            return False
        return isinstance(age, Unknown) or self.youngest <= age < self.oldest

    def is_of(self, age: Known[float], sex: Known[Sex]) -> bool:
        """Whether the row is about a patient, whatever is unknown of them."""
        if (self.sex and isinstance(sex, Unknown)) or not self.may_be_of(age, sex):
            return False
        return not isinstance(age, Unknown) or (self.youngest, self.oldest) == (0, _EVER)


def ranges(rows: Iterable[Statement], unit: str, substance: Substance | None) -> tuple[Range, ...]:
    """What rows state in a unit (none: in their own), the most special first; without limits that cannot be
    converted."""
    return tuple(
        Range(s.qualifiers.get("sex", ""), *_ages(s), _limits(s, unit, substance)) for s in sorted(rows, key=_special)
    )


def _special(statement: Statement) -> tuple[bool, float, str]:
    """What is said of one sex before what is said of both, what of a few years before what of many."""
    youngest, oldest = _ages(statement)
    return "sex" not in statement.qualifiers, oldest - youngest, statement.id


def _ages(statement: Statement) -> tuple[float, float]:
    return statement.qualifiers.get("age_min", 0), statement.qualifiers.get("age_max", _EVER)


def _limits(statement: Statement, unit: str, substance: Substance | None) -> dict[str, float]:
    q = statement.qualifiers
    told: dict[str, float] = {name: float(q[name]) for name in _LIMITS if name in q}
    if not unit or not q.get("unit"):
        return told
    try:
        return {name: Quantity(limit, q["unit"]).to(unit, substance).value for name, limit in told.items()}
    except UnitMismatch:
        return {}
