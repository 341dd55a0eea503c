"""Limits of a test's results, as the release states them for an age and a sex.

Rows that are for the same patient complete each other: one may state the reference range, another only what is
critical. A limit that no row states is unknown, not infinite.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from clinical.logic import Known, Unknown
from clinical.patient import Sex
from clinical.quantity import Quantity, UnitMismatch
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot

_EVER: Final = float("inf")
_NAMES: Final = ("low", "high", "critical_low", "critical_high")


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
    rows = [s for s in snapshot.statements(Predicate.REFERENCE_RANGE, test) if _is_for(s, age, sex)]
    rows.sort(key=_special)
    stated = (_limits(s, unit, snapshot) for s in reversed(rows))
    merged: dict[str, float] = {name: limit for limits in stated for name, limit in limits.items()}
    return Limits(**merged, basis="知识库参考区间") if rows else Limits()


def _is_for(statement: Statement, age: Known[float], sex: Known[Sex]) -> bool:
    q = statement.qualifiers
    if q.get("sex") and (isinstance(sex, Unknown) or q["sex"] != sex):
        return False
    if isinstance(age, Unknown):
        return "age_min" not in q and "age_max" not in q
    return bool(q.get("age_min", 0) <= age < q.get("age_max", _EVER))


def _special(statement: Statement) -> tuple[bool, float, str]:
    """What is said of one sex before what is said of both, what of a few years before what of many."""
    q = statement.qualifiers
    return "sex" not in q, q.get("age_max", _EVER) - q.get("age_min", 0), statement.id


def _limits(statement: Statement, unit: str, snapshot: Snapshot) -> dict[str, float]:
    """What a row states, in a unit; nothing where it cannot be converted."""
    q = statement.qualifiers
    told: dict[str, float] = {name: float(q[name]) for name in _NAMES if name in q}
    if not unit or not q.get("unit"):
        return told
    substance = snapshot.substance(statement.subject)
    try:
        return {name: Quantity(limit, q["unit"]).to(unit, substance).value for name, limit in told.items()}
    except UnitMismatch:
        return {}
