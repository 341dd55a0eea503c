"""One patient as a review sees them: what is known, since when, and from whom.

A list that nobody asked for is ``UNKNOWN``; a list that was asked for and came back
empty is ``()``. The difference decides between a gap and a clean pass.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from clinical.age import YEAR, age_at
from clinical.coded import Coded, Origin, china_day, zoned
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.quantity import Quantity
from clinical.value import Value

_OLDEST: Final = 122
"""Completed years of the longest human life on record."""


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
    """An operation of the record: done, or (its time lies ahead, its name says 拟行) planned."""

    what: Coded
    origin: Origin = Origin()

    def lies_ahead(self, as_of: datetime) -> bool:
        """Whether it is yet to be done at that time; one called planned counts up to the end of its day."""
        time = self.origin.time
        if time is not None and zoned(time) > zoned(as_of):
            return True
        same_day = time is None or china_day(time) == china_day(as_of)
        return same_day and _PLANNED.match(self.what.text) is not None


_PLANNED: Final = re.compile(r"[\s(（\[【]*(?:拟|择期|待行|预约|计划)")
"""How a record begins the name of an operation that is yet to come."""


class Pregnancy(Value, frozen=True):
    """``gestational_days`` counts from the last menstrual period; ``stated_trimester`` is what a record
    says where it counts no weeks (晚期妊娠)."""

    gestational_days: Known[int] = UNKNOWN
    origin: Origin = Origin()
    stated_trimester: Known[int] = UNKNOWN

    def trimester(self) -> Known[int]:
        """1 up to 13+6 weeks, 2 up to 27+6, 3 from 28+0."""
        if isinstance(self.gestational_days, Unknown):
            return self.stated_trimester
        return 1 if self.gestational_days < 98 else 2 if self.gestational_days < 196 else 3


_WEEKS = re.compile(r"(?:孕|妊娠|停经)[^\d,，;；。]{0,8}(\d{1,2})(?:\+([0-6]))?周(?:\+?([0-6])天?)?")
_DAYS_LATE = re.compile(r"停经(\d{2,3})天")
_TRIMESTER_WORDS = {
    1: ("早期妊娠", "妊娠早期", "孕早期", "早孕"),
    2: ("中期妊娠", "妊娠中期", "孕中期", "中孕"),
    3: ("晚期妊娠", "妊娠晚期", "孕晚期", "晚孕"),
}
_OVER = re.compile(r"产后|流产后|术后|引产后|史|否认|排除|除外|\?|？")


def pregnancy_in(text: str) -> Pregnancy | None:
    """What a diagnosis says of a pregnancy by weeks or trimester (孕32+5周, 停经49天, 晚期妊娠); None when
    it says neither, or speaks of one that is over or in doubt."""
    if _OVER.search(text):
        return None
    weeks, late = _WEEKS.search(text), _DAYS_LATE.search(text)
    if weeks or late:
        days = int(weeks[1]) * 7 + int(weeks[2] or weeks[3] or 0) if weeks else int(late[1]) if late else 0
        return Pregnancy(days) if 21 <= days <= 315 else None
    stated = [trimester for trimester, words in _TRIMESTER_WORDS.items() if any(w in text for w in words)]
    return Pregnancy(UNKNOWN, stated_trimester=stated[0]) if len(stated) == 1 else None


class Visit(StrEnum):
    """Where the patient is seen."""

    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"
    INPATIENT = "inpatient"
    HOME = "home"


class Authority(StrEnum):
    """How far a prescriber may go with antimicrobials, by the grades of 抗菌药物临床应用管理办法."""

    NONE = "none"
    UNRESTRICTED = "unrestricted"
    RESTRICTED = "restricted"
    SPECIAL = "special"


class Prescriber(Value, frozen=True):
    """Who signs: ``title`` in Chinese (主治医师), what they are authorised to prescribe, whether they have signed."""

    name: str = ""
    title: str = ""
    antimicrobial: Known[Authority] = UNKNOWN
    controlled: Known[bool] = UNKNOWN
    signed: Known[bool] = UNKNOWN


class PatientContext(Value, frozen=True):
    """Everything a review may read about a patient, as of ``as_of``.

    ``pregnancy`` is None when the patient is known not to be pregnant, UNKNOWN when
    nobody said. ``medications`` are active orders other than those under review. ``institution_level``
    is 1 to 3 (一级 to 三级); ``insurance`` the type of cover in Chinese (职工医保).
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
    visit: Known[Visit] = UNKNOWN
    admitted: Known[date] = UNKNOWN
    prescriber: Known[Prescriber] = UNKNOWN
    institution_level: Known[int] = UNKNOWN
    insurance: str = ""

    def age(self) -> Known[float]:
        """On the scale of the tables (``clinical.age``): what is compared with their limits of age.
        UNKNOWN without a birth date or with one that cannot be right: in the future, or longer ago than anybody lived
        (1900-01-01 is what some systems write for none)."""
        if isinstance(self.birth_date, Unknown):
            return UNKNOWN
        age = age_at(self.birth_date, china_day(self.as_of))
        return age if 0 <= age < (_OLDEST + 1) * YEAR else UNKNOWN

    def age_days(self) -> Known[int]:
        """Completed days since birth; UNKNOWN where ``age`` is."""
        if isinstance(self.birth_date, Unknown) or isinstance(self.age(), Unknown):
            return UNKNOWN
        return (china_day(self.as_of) - self.birth_date).days

    def age_years(self) -> Known[int]:
        """Completed years, the way a birthday counts them; UNKNOWN where ``age`` is."""
        age = self.age()
        return age if isinstance(age, Unknown) else int(age / YEAR)
