"""One patient as a review sees them: what is known, since when, and from whom.

A list that nobody asked for is ``UNKNOWN``; a list that was asked for and came back
empty is ``()``. The difference decides between a gap and a clean pass.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum

from clinical.coded import Coded, Origin
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.quantity import Quantity
from clinical.value import Value


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


class ClinicalStatus(StrEnum):
    """Status of a condition, folded from FHIR's condition-clinical codes."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Condition(Value, frozen=True):
    what: Coded
    status: ClinicalStatus = ClinicalStatus.ACTIVE
    onset: date | None = None
    origin: Origin = Origin()


class Allergy(Value, frozen=True):
    """An allergy or intolerance; refuted and entered-in-error ones never get this far."""

    what: Coded
    reactions: tuple[str, ...] = ()
    severe: Known[bool] = UNKNOWN
    origin: Origin = Origin()


_NO_ALLERGY = re.compile(
    r"(?:患者|自述|既往)*(?:无|否认|暂无|未发现|未见|没有)(?:已知|明确|任何|特殊|明显|有)*"
    r"(?:药物|药品|食物|接触物|其他|及|和|与|、|,|，)*(?:过敏)?(?:史|反应|源|原)?[。.]?"
    r"|nkd?a|no known (?:drug |medication )?allerg(?:y|ies)",
    re.IGNORECASE,
)


def says_no_allergy(text: str) -> bool:
    """Whether an entry of an allergy list says that there is none (无, 否认药物过敏史, NKDA), and nothing else."""
    return _NO_ALLERGY.fullmatch(text.strip()) is not None


class Observation(Value, frozen=True):
    """A measured value: a quantity, a word (阳性), or unknown when the result carries neither."""

    what: Coded
    value: Known[Quantity | str] = UNKNOWN
    origin: Origin = Origin()


class Report(Value, frozen=True):
    """A finished examination or laboratory report (FHIR DiagnosticReport)."""

    what: Coded
    conclusion: str = ""
    recognised: Known[bool] = UNKNOWN
    origin: Origin = Origin()


class Procedure(Value, frozen=True):
    what: Coded
    origin: Origin = Origin()


class Pregnancy(Value, frozen=True):
    """``gestational_days`` counts from the last menstrual period."""

    gestational_days: Known[int] = UNKNOWN
    origin: Origin = Origin()

    def trimester(self) -> Known[int]:
        """1 up to 13+6 weeks, 2 up to 27+6, 3 from 28+0."""
        if isinstance(self.gestational_days, Unknown):
            return UNKNOWN
        return 1 if self.gestational_days < 98 else 2 if self.gestational_days < 196 else 3


class PatientContext(Value, frozen=True):
    """Everything a review may read about a patient, as of ``as_of``.

    ``pregnancy`` is None when the patient is known not to be pregnant, UNKNOWN when
    nobody said. ``medications`` are active orders other than those under review.
    """

    id: str
    as_of: datetime
    sex: Known[Sex] = UNKNOWN
    birth_date: Known[date] = UNKNOWN
    pregnancy: Known[Pregnancy | None] = UNKNOWN
    lactating: Known[bool] = UNKNOWN
    conditions: Known[tuple[Condition, ...]] = UNKNOWN
    allergies: Known[tuple[Allergy, ...]] = UNKNOWN
    observations: Known[tuple[Observation, ...]] = UNKNOWN
    medications: Known[tuple[Order, ...]] = UNKNOWN
    reports: Known[tuple[Report, ...]] = UNKNOWN
    procedures: Known[tuple[Procedure, ...]] = UNKNOWN
    department: str = ""
    institution: str = ""
    stage: str = ""
    origin: Origin = Origin()

    def age_days(self) -> Known[int]:
        """Completed days since birth; UNKNOWN without a birth date or when it lies in the future."""
        if isinstance(self.birth_date, Unknown):
            return UNKNOWN
        days = (self.as_of.date() - self.birth_date).days
        return days if days >= 0 else UNKNOWN

    def age_years(self) -> Known[int]:
        """Completed years, the way a birthday counts them."""
        if isinstance(self.birth_date, Unknown):
            return UNKNOWN
        today, born = self.as_of.date(), self.birth_date
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return years if years >= 0 else UNKNOWN
