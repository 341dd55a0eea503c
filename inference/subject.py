"""What a plan asks of a patient: age, sex, pregnancy, what is on record, how heavy and how large.

Unknown stays unknown. A list that nobody sent is told from one that came back empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from clinical.coded import zoned
from clinical.finding import Datum
from clinical.formulas import bsa_mosteller, is_possible
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import ClinicalStatus, Observation, PatientContext, Sex
from clinical.quantity import Quantity, UnitMismatch
from clinical.value import Value
from inference.score_form import CONDITION_KINDS, concepts_named
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot

_LAB_KINDS: Final = (ConceptKind.LAB,)
_WEIGHT_DAYS: Final = 365
_CHILD_WEIGHT_DAYS: Final = 90
"""Children grow: an older weight says nothing of today's dose."""
_HEIGHT_DAYS: Final = 3650
_CHILD_YEARS: Final = 12
_FERTILE: Final = (10, 55)
"""Completed years between which a woman may be pregnant without anybody having said so."""


class Measure(Value, frozen=True):
    """A value in the asked unit and the data it rests on."""

    value: float
    data: tuple[Datum, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A resolved patient as plans see them. ``present`` holds every concept on record and what it is a kind of, each
    with the words of the record; ``listed`` says whether the list of diagnoses is known at all."""

    patient: PatientContext
    present: dict[str, str]
    listed: bool
    weight: Known[Measure]
    surface: Known[Measure]
    pregnant: Known[bool]

    @classmethod
    def of(cls, patient: PatientContext, snapshot: Snapshot, diagnoses: Iterable[str] = ()) -> Subject:
        """A patient resolved against the snapshot, with diagnoses (concept ids) that are to be treated beside what is
        on record."""
        present = dict(_present(patient, snapshot))
        for diagnosis in diagnoses:
            own = {concept: snapshot.name(diagnosis) for concept in snapshot.ancestors(diagnosis)}
            present = own | present
        weight = _weight(patient, snapshot)
        listed = not isinstance(patient.conditions, Unknown)
        surface = _surface(patient, snapshot, weight)
        return cls(patient, present, listed, weight, surface, _pregnant(patient, present, snapshot))

    def found(self, names: Iterable[str], snapshot: Snapshot) -> str:
        """The words of the record for the first of these diseases (or a kind of it) that is present; empty for
        none."""
        wanted = concepts_named(snapshot, tuple(names), CONDITION_KINDS)
        return next((words for concept, words in self.present.items() if concept in wanted), "")


def _present(patient: PatientContext, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    conditions = patient.conditions
    for condition in () if isinstance(conditions, Unknown) else conditions:
        if condition.status is ClinicalStatus.ACTIVE:
            for concept in condition.what.concepts:
                words = condition.what.text or snapshot.name(concept)
                yield from ((ancestor, words) for ancestor in snapshot.ancestors(concept))


def _pregnant(patient: PatientContext, present: dict[str, str], snapshot: Snapshot) -> Known[bool]:
    """As stated, else by a diagnosis of pregnancy; men, girls under 10 and women over 55 are not."""
    stated = patient.pregnancy
    if not isinstance(stated, Unknown):
        return stated is not None
    if not concepts_named(snapshot, ("妊娠",), CONDITION_KINDS).isdisjoint(present):
        return True
    years = patient.age_years()
    out_of_age = not isinstance(years, Unknown) and not _FERTILE[0] <= years <= _FERTILE[1]
    return False if patient.sex is Sex.MALE or out_of_age else UNKNOWN


def _weight(patient: PatientContext, snapshot: Snapshot) -> Known[Measure]:
    """Body weight in kg, of a child under 12 no older than 90 days."""
    years = patient.age_years()
    grown = not isinstance(years, Unknown) and years >= _CHILD_YEARS
    days = _WEIGHT_DAYS if grown else _CHILD_WEIGHT_DAYS
    found = measure(patient, snapshot, "体重", "kg", days)
    return found if isinstance(found, Measure) and is_possible("weight_kg", found.value) else UNKNOWN


def _surface(patient: PatientContext, snapshot: Snapshot, weight: Known[Measure]) -> Known[Measure]:
    """Body surface in m² (Mosteller 1987)."""
    height = measure(patient, snapshot, "身高", "cm", _HEIGHT_DAYS)
    if isinstance(weight, Unknown) or isinstance(height, Unknown) or not is_possible("height_cm", height.value):
        return UNKNOWN
    area = bsa_mosteller(height.value, weight.value)
    return UNKNOWN if isinstance(area, Unknown) else Measure(area, (*weight.data, *height.data))


def measure(patient: PatientContext, snapshot: Snapshot, name: str, unit: str, days: int) -> Known[Measure]:
    """The newest result of a test or sign in a unit, not older than so many days; one without a time counts, after
    those that have one. UNKNOWN when there is none, or none that converts."""
    wanted = concepts_named(snapshot, (name,), _LAB_KINDS)
    seen = () if isinstance(patient.observations, Unknown) else patient.observations
    usable = [o for o in seen if not wanted.isdisjoint(o.what.concepts) and _recent(o, patient, days)]
    for observation in sorted(usable, key=_when, reverse=True):
        if isinstance(observation.value, Quantity):
            substance = next(iter(observation.what.concepts))
            try:
                value = observation.value.to(unit, snapshot.substance(substance)).value
            except UnitMismatch:
                continue
            return Measure(value, (Datum.at(name, str(observation.value), observation.origin),))
    return UNKNOWN


def _recent(observation: Observation, patient: PatientContext, days: int) -> bool:
    time = observation.origin.time
    return time is None or zoned(patient.as_of) - zoned(time) <= timedelta(days)


def _when(observation: Observation) -> float:
    time = observation.origin.time
    return float("-inf") if time is None else zoned(time).timestamp()
