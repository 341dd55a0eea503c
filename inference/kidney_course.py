"""The course of creatinine: what is the baseline, and did it rise as acute kidney injury is defined.

Definition: KDIGO Clinical Practice Guideline for Acute Kidney Injury. Kidney Int Suppl 2012;2:1-138 (rise of 26.5
µmol/L within 48 hours, or to 1.5 times the baseline within 7 days). Baseline where nobody states one: the lowest
value of the last 7 days, else the median of the last year (NHS England, Algorithm for detecting acute kidney injury
based on serum creatinine changes with time, 2014).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import Final

from clinical.coded import zoned
from clinical.finding import Datum
from clinical.logic import Unknown
from clinical.patient import Observation, PatientContext
from clinical.quantity import Quantity, UnitMismatch
from clinical.value import Value
from inference.score_form import concepts_named
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot

RISE: Final = 26.5
"""µmol/L within two days."""
_TWO_DAYS: Final = timedelta(hours=48)
_WEEK: Final = timedelta(days=7)
_YEAR: Final = timedelta(days=365)
_KINDS: Final = (ConceptKind.LAB,)
_TINY: Final = 1e-6


class Course(Value, frozen=True):
    """Creatinine in µmol/L: the newest value, the baseline to compare with, and whether it rose by 26.5 within 48
    hours (None: there was nothing to compare with in that time)."""

    newest: float
    baseline: float
    risen: bool | None
    data: tuple[Datum, ...]


class _Point(Value, frozen=True):
    time: datetime
    value: float
    observation: Observation


def creatinine_course(patient: PatientContext, snapshot: Snapshot) -> Course | None:
    """The course up to the newest value of the last two days; None without one, or without any earlier value."""
    points = _points(patient, snapshot)
    if not points or points[-1].time < zoned(patient.as_of) - _TWO_DAYS:
        return None
    newest, earlier = points[-1], points[:-1]
    week = [p for p in earlier if p.time >= newest.time - _WEEK]
    year = [p for p in earlier if p.time >= newest.time - _YEAR]
    if not year:
        return None
    baseline = min(p.value for p in week) if week else median(p.value for p in year)
    recent = [p for p in week if p.time >= newest.time - _TWO_DAYS]
    risen = newest.value - min(p.value for p in recent) >= RISE - _TINY if recent else None
    shown = [*sorted(week or year, key=lambda p: p.value)[:1], newest]
    return Course(newest.value, baseline, risen, tuple(_datum(p) for p in shown))


def _points(patient: PatientContext, snapshot: Snapshot) -> list[_Point]:
    """Values with a time, up to now, the oldest first."""
    wanted = concepts_named(snapshot, ("血肌酐",), _KINDS)
    observations = () if isinstance(patient.observations, Unknown) else patient.observations
    found = []
    for one in observations:
        time = one.origin.time
        if time is not None and zoned(time) <= zoned(patient.as_of) and not wanted.isdisjoint(one.what.concepts):
            value = _umol(one, snapshot)
            found += [] if value is None else [_Point(zoned(time), value, one)]
    return sorted(found, key=lambda point: point.time)


def _umol(observation: Observation, snapshot: Snapshot) -> float | None:
    told = observation.value
    if not isinstance(told, Quantity):
        return None
    try:
        return told.to("umol/L", snapshot.substance(observation.what.concepts[0])).value
    except UnitMismatch:
        return None


def _datum(point: _Point) -> Datum:
    return Datum.at("血肌酐", str(point.observation.value), point.observation.origin)
