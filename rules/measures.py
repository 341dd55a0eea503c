"""What rules ask of a patient's measurements: the latest usable value, and what follows from it.

Every answer is a value with the datum it rests on, or ``UNKNOWN``. A value older than it may
be counts as unknown: an old creatinine says little about today's kidneys.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from clinical.coded import china_day, zoned
from clinical.finding import Datum
from clinical.formulas import Ascites, cockcroft_gault, egfr_ckd_epi_2021, egfr_schwartz
from clinical.formulas import child_pugh as score
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Condition, Observation, Pregnancy, Sex, pregnancy_in
from clinical.quantity import Quantity, UnitMismatch
from clinical.value import Value, replace
from knowledge.model import Predicate
from knowledge.ranges import Range, ranges
from rules.model import Case

WEIGHT: Final = "lab:body-weight"
HEIGHT: Final = "lab:body-height"
CREATININE: Final = "lab:creatinine"
EGFR: Final = "lab:egfr"
CRCL: Final = "lab:creatinine-clearance"
ALT: Final = "lab:alt"
AST: Final = "lab:ast"
PREGNANCY: Final = "disease:pregnancy"
LACTATION: Final = "disease:lactation"
DIALYSIS: Final = "disease:dialysis"
CHILD_PUGH: Final = "lab:child-pugh"
CIRRHOSIS: Final = "disease:cirrhosis"
_ASCITES: Final = "disease:ascites"
_ENCEPHALOPATHY: Final = "disease:hepatic-encephalopathy"
_LIVER_LABS: Final = (("lab:total-bilirubin", "umol/L"), ("lab:albumin", "g/L"), ("lab:inr", "1"))
_LIVER_DAYS: Final = 30
_CHILD_PUGH_TEXT: Final = re.compile(r"child(?:[-\s]?pugh)?\s*(?:分级|评分)?[:：]?\s*([abc])(?![a-z])", re.IGNORECASE)
_LONGEST_PREGNANCY: Final = 315

_FILTRATION: Final = frozenset({"mL/min", "mL/min/1.73m2"})
"""Units in which an eGFR is written: either way it is that of a body surface of 1.73 m²."""

MAX_AGE_DAYS: Final = {WEIGHT: 365, HEIGHT: 3650, CREATININE: 180, EGFR: 180, CRCL: 180}
"""How old a value may be. Children's weights: 90 days (see ``weight``)."""
DEFAULT_MAX_AGE: Final = 90
_ZONE_DAYS: Final = 3
"""Less than a day between each of two clocks and UTC, and the rest of the day of the review."""
_FEMALE: Final = Sex.FEMALE
_MALE: Final = Sex.MALE

Ground = Datum | tuple[str, Observation] | tuple[str, float]
"""What a value rests on: a datum, or a result or a rate in ml/min with what it is called, to make one of."""


class Measured(Value, frozen=True):
    """A value in the asked unit and what it rests on; put into words (``data``) for findings only, since most values
    lead to none."""

    value: float
    unit: str
    grounds: tuple[Ground, ...]

    @property
    def data(self) -> tuple[Datum, ...]:
        """The evidence, the value itself first."""
        return tuple([_in_words(ground) for ground in self.grounds])


def _in_words(ground: Ground) -> Datum:
    if isinstance(ground, Datum):
        return ground
    what, told = ground
    if not isinstance(told, Observation):
        return Datum(what, f"{told:.0f} ml/min")
    value, at = told.value, told.origin
    said = f"{value.value:g} {value.unit}" if isinstance(value, Quantity) else ""
    return Datum(what, said, at.time, at.institution, at.reference)


def latest(case: Case, concept: str, max_age_days: int = 0) -> Known[Observation]:
    """The newest observation of a concept that is not too old; UNKNOWN when there is none."""
    observed = case.observed.get(concept)
    if not observed:
        return UNKNOWN
    days = max_age_days or MAX_AGE_DAYS.get(concept, DEFAULT_MAX_AGE)
    if len(observed) == 1:
        return observed[0] if _is_recent(case, observed[0], days) else UNKNOWN
    usable = [o for o in observed if _is_recent(case, o, days)]
    if len(usable) < 2:
        return usable[0] if usable else UNKNOWN
    return max(usable, key=_when)


def measured(case: Case, concept: str, unit: str, max_age_days: int = 0) -> Known[Measured]:
    """Latest value of a concept in a unit; UNKNOWN when absent, old, wordy or not convertible."""
    if concept not in case.observed:
        return UNKNOWN
    return case.once(("measured", concept, unit, max_age_days), lambda: _measured(case, concept, unit, max_age_days))


def _measured(case: Case, concept: str, unit: str, max_age_days: int) -> Known[Measured]:
    found = latest(case, concept, max_age_days)
    if isinstance(found, Unknown) or not isinstance(found.value, Quantity):
        return UNKNOWN
    told = found.value
    same = unit == told.unit or (concept == EGFR and {unit, told.unit} == _FILTRATION)
    try:
        value = told.value if same else told.to(unit, case.snapshot.substance(concept)).value
    except UnitMismatch:
        return UNKNOWN
    return Measured(value, unit, ((case.snapshot.name(concept), found),))


def weight(case: Case) -> Known[Measured]:
    """Body weight in kg; for children under 12 no older than 90 days."""
    years = case.age_years
    young = not isinstance(years, Unknown) and years < 12
    return measured(case, WEIGHT, "kg", 90 if young else 0)


def height(case: Case) -> Known[Measured]:
    """Body height in cm."""
    return measured(case, HEIGHT, "cm")


def egfr(case: Case) -> Known[Measured]:
    """eGFR in ml/min/1.73m²: as reported, else from creatinine (CKD-EPI 2021 for adults,
    bedside Schwartz under 18 when the height is known)."""
    return case.once("egfr", lambda: _egfr(case))


def _egfr(case: Case) -> Known[Measured]:
    reported = measured(case, EGFR, "mL/min")
    if not isinstance(reported, Unknown):
        return reported
    creatinine, years = measured(case, CREATININE, "umol/L"), case.age_years
    if isinstance(creatinine, Unknown) or isinstance(years, Unknown):
        return UNKNOWN
    if years < 18:
        tall = height(case)
        if isinstance(tall, Unknown):
            return UNKNOWN
        return _derived("eGFR (Schwartz)", egfr_schwartz(tall.value, creatinine.value), creatinine, tall)
    sex = case.patient.sex
    if isinstance(sex, Unknown):
        return UNKNOWN
    return _derived("eGFR (CKD-EPI 2021)", egfr_ckd_epi_2021(creatinine.value, years, sex is _FEMALE), creatinine)


def crcl(case: Case) -> Known[Measured]:
    """Creatinine clearance in ml/min: as reported, else Cockcroft–Gault with actual weight (adults)."""
    return case.once("crcl", lambda: _crcl(case))


def _crcl(case: Case) -> Known[Measured]:
    reported = measured(case, CRCL, "mL/min")
    if not isinstance(reported, Unknown):
        return reported
    creatinine, kg, years = measured(case, CREATININE, "umol/L"), weight(case), case.age_years
    sex = case.patient.sex
    if isinstance(creatinine, Unknown) or isinstance(kg, Unknown) or isinstance(years, Unknown):
        return UNKNOWN
    if isinstance(sex, Unknown) or years < 18:
        return UNKNOWN
    value = cockcroft_gault(creatinine.value, years, kg.value, sex is _FEMALE)
    return _derived("CrCl (Cockcroft-Gault)", value, creatinine, kg)


def pregnancy(case: Case) -> Known[Pregnancy | None]:
    """As stated, else from a diagnosis of pregnancy; men and girls under 10 or women over 55 are not."""
    return case.once("pregnancy", lambda: _pregnancy(case))


def _pregnancy(case: Case) -> Known[Pregnancy | None]:
    stated = case.patient.pregnancy
    if not isinstance(stated, Unknown):
        return stated
    diagnosed = case.conditions.get(PREGNANCY)
    if diagnosed is not None:
        return _as_of_today(case, diagnosed)
    return None if _cannot_bear(case) else UNKNOWN


def _as_of_today(case: Case, diagnosed: Condition) -> Known[Pregnancy | None]:
    """A diagnosed pregnancy, its weeks counted on since they were written down; UNKNOWN once it must be over."""
    said = pregnancy_in(diagnosed.what.text) or Pregnancy()
    written, days = diagnosed.origin.time, said.gestational_days
    if isinstance(days, Unknown):
        return replace(said, origin=diagnosed.origin)
    if written is not None:
        days += max((case.today - _comparable(written)).days, 0)
    return Pregnancy(days, diagnosed.origin) if days <= _LONGEST_PREGNANCY else UNKNOWN


def child_pugh(case: Case) -> Known[tuple[str, tuple[Datum, ...]]]:
    """Child-Pugh class (A, B or C) and what it rests on, the class first: as measured within a year, else as written
    in a diagnosis, else what results and diagnoses come to at least."""
    return case.once("child-pugh", lambda: _child_pugh(case))


def _child_pugh(case: Case) -> Known[tuple[str, tuple[Datum, ...]]]:
    found = latest(case, CHILD_PUGH, 365)
    if not isinstance(found, Unknown) and isinstance(found.value, str):
        grade = found.value.strip().upper()[:1]
        if grade and grade in "ABC":
            return grade, (Datum.at("Child-Pugh", f"{grade} 级", found.origin),)
    conditions = case.patient.conditions
    for condition in () if isinstance(conditions, Unknown) else conditions:
        grade = _grade_in(condition.what.text)
        if grade:
            return grade, (Datum.at("诊断", condition.what.text, condition.origin),)
    return _reckoned_child_pugh(case) if CIRRHOSIS in case.conditions else UNKNOWN


@lru_cache(maxsize=4096)
def _grade_in(diagnosis: str) -> str:
    """The Child-Pugh class that a diagnosis states, or empty."""
    written = _CHILD_PUGH_TEXT.search(diagnosis) if "ch" in diagnosis.lower() else None
    return written[1].upper() if written else ""


def _reckoned_child_pugh(case: Case) -> Known[tuple[str, tuple[Datum, ...]]]:
    """B or C from recent results and the diagnoses of a patient with cirrhosis. Ascites and encephalopathy
    count as the mildest that was diagnosed, so the class is no worse than the patient's; A is never inferred."""
    bilirubin, albumin, inr = (measured(case, lab, unit, _LIVER_DAYS) for lab, unit in _LIVER_LABS)
    points = score(
        UNKNOWN if isinstance(bilirubin, Unknown) else bilirubin.value,
        UNKNOWN if isinstance(albumin, Unknown) else albumin.value,
        Ascites.MILD if _ASCITES in case.conditions else Ascites.NONE,
        1 if _ENCEPHALOPATHY in case.conditions else 0,
        UNKNOWN if isinstance(inr, Unknown) else inr.value,
    )
    if isinstance(points, Unknown) or points.points < 7:
        return UNKNOWN
    grade = "C" if points.points >= 10 else "B"
    rests_on = [d for m in (bilirubin, albumin, inr) if not isinstance(m, Unknown) for d in m.data]
    held = (case.conditions.get(disease) for disease in (CIRRHOSIS, _ASCITES, _ENCEPHALOPATHY))
    rests_on += [Datum.at("诊断", c.what.text, c.origin) for c in held if c is not None]
    reckoned = Datum("Child-Pugh", f"{grade} 级(据检验与诊断推算至少 {points.points} 分)")
    return grade, (reckoned, *dict.fromkeys(rests_on))


def lactating(case: Case) -> Known[bool]:
    """As stated, else from a diagnosis; False where it cannot be."""
    stated = case.patient.lactating
    if not isinstance(stated, Unknown):
        return stated
    if LACTATION in case.conditions:
        return True
    return False if _cannot_bear(case) else UNKNOWN


def on_dialysis(case: Case) -> Known[bool]:
    """From the diagnoses; UNKNOWN when these are unknown."""
    if isinstance(case.patient.conditions, Unknown):
        return UNKNOWN
    return DIALYSIS in case.conditions


def upper_limit(case: Case, lab: str, unit: str) -> Known[tuple[float, float]]:
    """Upper reference limit of a test for this patient's sex and age, in a unit: the least and the greatest that it
    may be. Of an unknown age or sex these are those of all; what lies between them is not judged."""
    return case.once(("upper-limit", lab, unit), lambda: _upper_limit(case, lab, unit))


def _upper_limit(case: Case, lab: str, unit: str) -> Known[tuple[float, float]]:
    age, sex = case.age, case.patient.sex
    stated = case.snapshot.remember(("reference-highs", lab, unit, case.iso_day), lambda: _highs(case, lab, unit))
    may_be = [r.limits["high"] for r in stated if r.may_be_of(age, sex)]
    if not may_be:
        return UNKNOWN
    if isinstance(age, Unknown) or isinstance(sex, Unknown):
        return min(may_be), max(may_be)
    return may_be[0], may_be[0]


def _highs(case: Case, lab: str, unit: str) -> tuple[Range, ...]:
    """The reference ranges of a test that state an upper limit, the most special first."""
    stated = ranges(case.statements(Predicate.REFERENCE_RANGE, lab), unit, case.snapshot.substance(lab))
    return tuple(r for r in stated if "high" in r.limits)


def _cannot_bear(case: Case) -> bool:
    years, sex = case.age_years, case.patient.sex
    if sex is _MALE:
        return True
    return not isinstance(years, Unknown) and not 10 <= years <= 55


def _derived(what: str, value: Known[float], *inputs: Measured) -> Known[Measured]:
    if isinstance(value, Unknown):
        return UNKNOWN
    grounds: list[Ground] = [(what, value)]
    for measure in inputs:
        grounds += measure.grounds
    return Measured(value, "mL/min", tuple(grounds))


def surely_within(case: Case, time: datetime, days: float) -> bool:
    """Whether a time is within so many days of the review wherever its clock stood: comparing calendar days costs a
    fraction of comparing times of two zones, which False leaves to be done."""
    return time.toordinal() - case.patient.as_of.toordinal() + days >= _ZONE_DAYS


def _is_recent(case: Case, observation: Observation, days: float) -> bool:
    """Whether the value was made so many days in China ago or later; one without a time is not known to be old and
    counts."""
    time = observation.origin.time
    if time is None or surely_within(case, time, days):
        return True
    return zoned(time) >= case.china_midnight - timedelta(days)


def _when(observation: Observation) -> date:
    time = observation.origin.time
    return date.min if time is None else _comparable(time)


def _comparable(time: datetime) -> date:
    """The calendar day in China: ages of values are counted in days."""
    return china_day(time)
