"""What the service would have suggested for a visit that is over, held against what the doctor decided.

The suggestion rests on what was written and found when the patient came; diseases that the text names are left out,
so that a diagnosis already written down is not suggested back. A visit is compared when its main diagnosis is a
disease of the release and something of the text was understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from base.plugins import discover
from clinical.age import YEAR
from clinical.coded import Coded, china_day
from clinical.codes import Icd10
from clinical.finding import Review
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.medical_record import Diagnosis, DocumentKind, MedicalRecord
from clinical.medical_record import OrderKind as Written
from clinical.order import Order, OrderKind
from clinical.patient import PatientContext, Sex
from inference.diagnosis import Diagnoser, NoProfilesError
from inference.evidence import Evidence, of_text
from inference.treatment import State, treatments
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.engine import review
from rules.model import Case, Family
from supervision.figures.visit_rows import main_first

SUGGESTED: Final = 10
"""So many suggestions are shown to a doctor."""
_OFFERED: Final = ("emergency", "first-line")
_INDICATION: Final = "indication"
_SEXES: Final = {"男": Sex.MALE, "女": Sex.FEMALE}
_COMING: Final = (
    *(DocumentKind.OUTPATIENT_FIRST, DocumentKind.OUTPATIENT_RETURN, DocumentKind.EMERGENCY),
    *(DocumentKind.ADMISSION, DocumentKind.READMISSION, DocumentKind.DAY_STAY),
)
"""Documents that say how the patient came."""
_DECIDED: Final = ("诊断", "处理", "诊疗", "治疗", "处置", "医嘱")
"""Headings under which stands what the doctor decided."""


@dataclass(frozen=True, slots=True)
class Concordance:
    """The day a visit was over; whether the doctor's main diagnosis was the first suggestion or among them, whether a
    plan was offered for it, and whether a drug of the plan was given; None where nobody told what was ordered."""

    day: date
    first: bool
    among: bool
    offered: bool
    followed: bool | None


class Concordances:
    """Holds visits against a release; plans are tried on the patient by its rules."""

    def __init__(self, snapshot: Snapshot, terminology: Terminology) -> None:
        self._snapshot, self._terminology = snapshot, terminology
        known = discover("rules.families", "FAMILY", Family)
        self._families = tuple(family for name, family in known.items() if name != _INDICATION)

    def of(self, record: MedicalRecord) -> Concordance | None:
        """None for a visit that cannot be compared."""
        at, diseases = _came(record), self._diagnosed(record)
        if at is None or not diseases:
            return None
        sex = _SEXES.get(record.visit.sex, UNKNOWN)
        age: Known[float] = UNKNOWN if record.visit.age is None else record.visit.age * YEAR
        evidence = self._evidence(record, age, sex)
        if not evidence:
            return None
        day = _day(at)
        try:
            found = Diagnoser.of(self._snapshot).rank(evidence, age, sex, day, limit=SUGGESTED)
        except NoProfilesError:
            return None
        right = [one.id in diseases for one in found]
        born: Known[date] = UNKNOWN if isinstance(age, Unknown) else day - timedelta(age)
        plan = self._planned(PatientContext(record.patient, at, sex=sex, birth_date=born), diseases[:1], day)
        followed = self._follows(record, plan, at) if plan else None
        return Concordance(_day(record.ended or at), any(right[:1]), any(right), bool(plan), followed)

    def _evidence(self, record: MedicalRecord, age: Known[float], sex: Known[Sex]) -> list[Evidence]:
        told = "\n".join(_told(record))
        read = of_text(told, self._snapshot, age, sex) if told else []
        return [one for one in read if not one.is_disease]

    def _diagnosed(self, record: MedicalRecord) -> list[str]:
        """Diseases that the main diagnosis stands for, without the groups that a code puts them in."""
        known = [d for one in main_first(record)[:1] for d in self._terminology.disease(_coded(one))]
        return [one for one in known if not any(d != one and self._snapshot.is_a(d, one) for d in known)]

    def _planned(self, patient: PatientContext, diseases: Sequence[str], day: date) -> set[str]:
        """Drugs that are offered first for the diagnosis and may be given to this patient."""

        def judge(whom: PatientContext, order: Order) -> Review:
            _, orders, _ = self._terminology.resolve(PatientContext(whom.id, whom.as_of), (order,))
            return review(Case(whom, orders, self._snapshot, day), self._families)

        made = treatments(patient, diseases, self._snapshot, judge, day=day)
        groups = (group for treatment in made for group in treatment.groups if group.name in _OFFERED)
        options = (one for group in groups for one in group.options if one.state is State.PROPOSED)
        return {o.plan.item for o in options if o.order is not None and o.order.kind is OrderKind.DRUG}

    def _follows(self, record: MedicalRecord, plan: set[str], at: datetime) -> bool | None:
        """Whether a drug of the plan was ordered."""
        if record.orders is None:
            return None
        given = [one for one in record.orders if one.kind is Written.DRUG]
        orders = tuple(Order(one.id, OrderKind.DRUG, Coded(one.text)) for one in given)
        _, resolved, _ = self._terminology.resolve(PatientContext("", at), orders)
        drugs = {i.concept for order in resolved for i in order.ingredients}
        return any(not plan.isdisjoint(self._snapshot.lineage[drug]) for drug in drugs)


def _came(record: MedicalRecord) -> datetime | None:
    """When the patient came, of a visit that is over; None of one that is not."""
    if record.visit.admitted is not None:
        return record.visit.admitted if record.ended is not None else None
    return record.visit.arrived


def _day(at: datetime) -> date:
    return china_day(at)


def _told(record: MedicalRecord) -> Iterator[str]:
    """What was written of how the patient came."""
    for document in record.documents:
        if document.kind in _COMING:
            yield from (s.text for s in document.sections if not any(word in s.title for word in _DECIDED))


def _coded(one: Diagnosis) -> Coded:
    try:
        return Coded(one.name, (Icd10(one.code),) if one.code else ())
    except ValueError:  # of a code that is none the name remains
        return Coded(one.name)


__all__ = ["SUGGESTED", "Concordance", "Concordances"]
