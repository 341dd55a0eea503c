"""Results in the course of time: one series for each test, in one unit, with limits and flags.

The limits that a laboratory sent with a value count for that value; without them those of the release for the sex and
age of the patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from clinical.coded import zoned
from clinical.logic import Unknown
from clinical.patient import Observation, PatientContext
from clinical.quantity import Quantity, QuantityError, UnitMismatch
from inference.limits import Limits, limits_of
from inference.picture_parts import Point, Series, moment
from inference.picture_timeline import flag_of
from knowledge.snapshot import Snapshot
from records.kinds import Json

_MOST_SERIES: Final = 30
_MOST_POINTS: Final = 40
_STEADY: Final = 0.1
"""A change of less than this share is none."""


def trends(patient: PatientContext, snapshot: Snapshot, sent: Mapping[str, Json]) -> tuple[Series, ...]:
    """Series of the patient's numeric results, those whose last value is abnormal first, then those with most values.
    ``sent`` holds observations as they were sent, by reference."""
    known = patient.observations
    by_test: dict[str, list[Observation]] = {}
    for one in () if isinstance(known, Unknown) else known:
        if isinstance(one.value, Quantity) and one.what.concepts and one.origin.time is not None:
            by_test.setdefault(one.what.concepts[0], []).append(one)
    made = [_series(test, found, patient, snapshot, sent) for test, found in by_test.items()]
    ranked = sorted(filter(None, made), key=lambda s: (not s.abnormal, -len(s.points), s.concept))
    return tuple(ranked[:_MOST_SERIES])


def _series(
    test: str, found: list[Observation], patient: PatientContext, snapshot: Snapshot, sent: Mapping[str, Json]
) -> Series | None:
    found.sort(key=lambda one: zoned(one.origin.time).timestamp() if one.origin.time else 0.0)
    newest = found[-1].value
    if not isinstance(newest, Quantity):
        return None
    told = sent.get(found[-1].origin.reference, {})
    shipped = limits_of(test, newest.unit, patient.age(), patient.sex, snapshot)
    shown = _own(told, newest.unit, test, snapshot) or shipped
    points = tuple(_points(test, found[-_MOST_POINTS:], newest.unit, shipped, snapshot, sent))
    return Series(
        snapshot.name(test),
        test,
        newest.unit,
        points,
        shown.low,
        shown.high,
        shown.basis,
        _direction(points),
        bool(points and points[-1].flag),
    )


def _points(
    test: str,
    found: Sequence[Observation],
    unit: str,
    shipped: Limits,
    snapshot: Snapshot,
    sent: Mapping[str, Json],
) -> Iterator[Point]:
    """Values in one unit; what cannot be converted is left out."""
    for one in found:
        value = one.value
        assert isinstance(value, Quantity)
        told = sent.get(one.origin.reference, {})
        try:
            same = value.to(unit, snapshot.substance(test))
        except UnitMismatch:
            continue
        flag = flag_of(told) or (_own(told, unit, test, snapshot) or shipped).flag(same.value)
        as_sent = "" if value.unit == unit else str(value)
        rounded = float(f"{same.value:.6g}")
        yield Point(moment(one.origin.time), rounded, one.origin.institution, flag, as_sent, one.origin.reference)


def _own(told: Json, unit: str, test: str, snapshot: Snapshot) -> Limits | None:
    """Limits that came with a value."""
    ranges = told.get("referenceRange")
    first: Any = ranges[0] if isinstance(ranges, list) and ranges else None
    if not isinstance(first, Mapping):
        return None
    low, high = (_limit(first.get(name), unit, test, snapshot) for name in ("low", "high"))
    if low is None and high is None:
        return None
    return Limits(low, high, basis="报告单参考区间")


def _limit(told: Any, unit: str, test: str, snapshot: Snapshot) -> float | None:
    if not isinstance(told, Mapping) or not isinstance(told.get("value"), int | float):
        return None
    try:
        sent = Quantity(float(told["value"]), str(told.get("unit") or told.get("code") or unit))
        return sent.to(unit, snapshot.substance(test)).value
    except QuantityError:
        return None


def _direction(points: Sequence[Point]) -> str:
    if len(points) < 2:
        return ""
    before, last = points[-2].value, points[-1].value
    if abs(last - before) <= _STEADY * abs(before):
        return "steady"
    return "rising" if last > before else "falling"


__all__ = ["trends"]
