"""Clinical formulas, each with its source.

Every function takes values that may be unknown and then answers UNKNOWN; a value outside
what the formula was made for is a ``ValueError`` that names the field, never a number.
Creatinine is in µmol/L at this face (88.4 µmol/L are 1 mg/dL).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import sqrt
from types import MappingProxyType
from typing import Final

from clinical.logic import UNKNOWN, Known, Unknown

UMOL_PER_MG_DL: Final = 88.4
TERM_DAYS: Final = 280
PRETERM_BELOW_DAYS: Final = 259
TWENTY_FOUR_MONTHS_DAYS: Final = 730

# What a field may hold: Chinese label, lowest, highest, unit. Wide enough for every living patient.
_FIELDS: Final[Mapping[str, tuple[str, float, float, str]]] = MappingProxyType(
    {
        "creatinine_umol_l": ("血肌酐", 1, 5000, "μmol/L"),
        "adult_age_years": ("年龄", 18, 130, "years"),
        "height_cm": ("身高", 20, 260, "cm"),
        "adult_height_cm": ("身高", 152.4, 260, "cm"),
        "weight_kg": ("体重", 0.2, 500, "kg"),
        "lmp": ("末次月经", 0, 315, "days before as_of"),
        "edd": ("预产期", -35, 280, "days after as_of"),
        "gestational_days_at_birth": ("出生胎龄", 140, 315, "days"),
        "age_days": ("日龄", 0, 50_000, "days"),
        "bilirubin_umol_l": ("总胆红素", 0, 2000, "μmol/L"),
        "albumin_g_l": ("白蛋白", 1, 100, "g/L"),
        "inr": ("INR", 0.5, 30, ""),
        "pt_prolongation_s": ("凝血酶原时间延长", -20, 200, "s"),
        "encephalopathy_grade": ("肝性脑病分级", 0, 4, ""),
        "qt_ms": ("QT间期", 100, 1000, "ms"),
        "heart_rate": ("心率", 20, 300, "/min"),
        "calcium_mmol_l": ("总钙", 0.2, 10, "mmol/L"),
        "potassium_mmol_l": ("血钾", 0.5, 20, "mmol/L"),
        "sodium_mmol_l": ("血钠", 80, 220, "mmol/L"),
        "chloride_mmol_l": ("血氯", 40, 180, "mmol/L"),
        "bicarbonate_mmol_l": ("碳酸氢根", 0, 80, "mmol/L"),
    }
)


def is_possible(field: str, value: float) -> bool:
    """Whether a value lies in the range, wide enough for every living patient, of a field of this module."""
    _, low, high, _ = _FIELDS[field]
    return low <= value <= high


def _check(**values: float) -> None:
    """Raises ``ValueError`` naming the first field that is out of its range (NaN is)."""
    for name, value in values.items():
        if not is_possible(name, value):
            label, low, high, unit = _FIELDS[name]
            field = name.removeprefix("adult_")
            raise ValueError(
                f"{label}超出适用范围: {field} must be within {low:g}–{high:g} {unit}".rstrip() + f", got {value:g}"
            )


# Kidney


def egfr_ckd_epi_2021(creatinine_umol_l: Known[float], age_years: Known[float], female: Known[bool]) -> Known[float]:
    """Adults' eGFR in ml/min/1.73 m², CKD-EPI 2021 creatinine equation, without race.

    142 · min(Scr/κ, 1)^α · max(Scr/κ, 1)^-1.200 · 0.9938^age · 1.012 (women), Scr in mg/dL,
    κ 0.7 and α -0.241 for women, 0.9 and -0.302 for men. Age from 18 years.
    Source: Inker LA, Eneanya ND, Coresh J, et al. N Engl J Med 2021;385:1737-1749.
    """
    if isinstance(creatinine_umol_l, Unknown) or isinstance(age_years, Unknown) or isinstance(female, Unknown):
        return UNKNOWN
    _check(creatinine_umol_l=creatinine_umol_l, adult_age_years=age_years)
    kappa, alpha, factor = (0.7, -0.241, 1.012) if female else (0.9, -0.302, 1.0)
    ratio = creatinine_umol_l / UMOL_PER_MG_DL / kappa
    return float(142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age_years * factor)


def egfr_mdrd_china(creatinine_umol_l: Known[float], age_years: Known[float], female: Known[bool]) -> Known[float]:
    """Chinese adults' eGFR in ml/min/1.73 m², the abbreviated MDRD equation modified for China.

    175 · Scr^-1.234 · age^-0.179 · 0.79 (women), Scr in mg/dL. Age from 18 years.
    Source: Ma YC, Zuo L, Chen JH, et al. J Am Soc Nephrol 2006;17:2937-2944.
    """
    if isinstance(creatinine_umol_l, Unknown) or isinstance(age_years, Unknown) or isinstance(female, Unknown):
        return UNKNOWN
    _check(creatinine_umol_l=creatinine_umol_l, adult_age_years=age_years)
    creatinine = creatinine_umol_l / UMOL_PER_MG_DL
    return float(175 * creatinine**-1.234 * age_years**-0.179 * (0.79 if female else 1.0))


def egfr_schwartz(height_cm: Known[float], creatinine_umol_l: Known[float]) -> Known[float]:
    """Children's eGFR in ml/min/1.73 m², bedside Schwartz equation (enzymatic creatinine, 1 to 17 years).

    0.413 · height / Scr, height in cm, Scr in mg/dL. The caller sees to the age.
    Source: Schwartz GJ, Muñoz A, Schneider MF, et al. J Am Soc Nephrol 2009;20:629-637.
    """
    if isinstance(height_cm, Unknown) or isinstance(creatinine_umol_l, Unknown):
        return UNKNOWN
    _check(height_cm=height_cm, creatinine_umol_l=creatinine_umol_l)
    return 0.413 * height_cm / (creatinine_umol_l / UMOL_PER_MG_DL)


def cockcroft_gault(
    creatinine_umol_l: Known[float], age_years: Known[float], weight_kg: Known[float], female: Known[bool]
) -> Known[float]:
    """Adults' creatinine clearance in ml/min (not per 1.73 m²), with actual body weight.

    (140 - age) · weight / (72 · Scr) · 0.85 (women), weight in kg, Scr in mg/dL. From 140
    years of age the equation gives nothing; ages above 130 are refused.
    Source: Cockcroft DW, Gault MH. Nephron 1976;16:31-41.
    """
    if isinstance(creatinine_umol_l, Unknown) or isinstance(age_years, Unknown):
        return UNKNOWN
    if isinstance(weight_kg, Unknown) or isinstance(female, Unknown):
        return UNKNOWN
    _check(creatinine_umol_l=creatinine_umol_l, adult_age_years=age_years, weight_kg=weight_kg)
    creatinine = creatinine_umol_l / UMOL_PER_MG_DL
    return (140 - age_years) * weight_kg / (72 * creatinine) * (0.85 if female else 1.0)


# Body size


def bsa_mosteller(height_cm: Known[float], weight_kg: Known[float]) -> Known[float]:
    """Body surface area in m²: √(height · weight / 3600), cm and kg.

    Source: Mosteller RD. N Engl J Med 1987;317:1098.
    """
    if isinstance(height_cm, Unknown) or isinstance(weight_kg, Unknown):
        return UNKNOWN
    _check(height_cm=height_cm, weight_kg=weight_kg)
    return sqrt(height_cm * weight_kg / 3600)


def bsa_du_bois(height_cm: Known[float], weight_kg: Known[float]) -> Known[float]:
    """Body surface area in m²: 0.007184 · height^0.725 · weight^0.425, cm and kg.

    Source: Du Bois D, Du Bois EF. Arch Intern Med 1916;17:863-871.
    """
    if isinstance(height_cm, Unknown) or isinstance(weight_kg, Unknown):
        return UNKNOWN
    _check(height_cm=height_cm, weight_kg=weight_kg)
    return float(0.007184 * height_cm**0.725 * weight_kg**0.425)


def bsa_stevenson(height_cm: Known[float], weight_kg: Known[float]) -> Known[float]:
    """Body surface area of Chinese adults in m²: 0.0061 · height + 0.0128 · weight - 0.1529, cm and kg.

    Source: Stevenson PH. Chin J Physiol 1937;12:327-334.
    """
    if isinstance(height_cm, Unknown) or isinstance(weight_kg, Unknown):
        return UNKNOWN
    _check(height_cm=height_cm, weight_kg=weight_kg)
    return 0.0061 * height_cm + 0.0128 * weight_kg - 0.1529


def bmi(height_cm: Known[float], weight_kg: Known[float]) -> Known[float]:
    """Body mass index in kg/m²: weight / height², kg and m.

    Source: Keys A, Fidanza F, Karvonen MJ, et al. J Chronic Dis 1972;25:329-343.
    """
    if isinstance(height_cm, Unknown) or isinstance(weight_kg, Unknown):
        return UNKNOWN
    _check(height_cm=height_cm, weight_kg=weight_kg)
    return weight_kg / (height_cm / 100) ** 2


def ideal_body_weight(height_cm: Known[float], female: Known[bool]) -> Known[float]:
    """Adults' ideal body weight in kg: 50 (men) or 45.5 (women) + 2.3 for every inch above 5 feet.

    The rule says nothing below 5 feet (152.4 cm).
    Source: Devine BJ. Drug Intell Clin Pharm 1974;8:650-655.
    """
    if isinstance(height_cm, Unknown) or isinstance(female, Unknown):
        return UNKNOWN
    _check(adult_height_cm=height_cm)
    return (45.5 if female else 50.0) + 2.3 * (height_cm / 2.54 - 60)


# Pregnancy and the newborn


def gestational_days_from_lmp(lmp: Known[date], as_of: Known[date]) -> Known[int]:
    """Gestational age in completed days since the first day of the last menstrual period, 0 to 315.

    Source: American College of Obstetricians and Gynecologists, Committee Opinion 700,
    Methods for estimating the due date. Obstet Gynecol 2017;129:e150-e154.
    """
    if isinstance(lmp, Unknown) or isinstance(as_of, Unknown):
        return UNKNOWN
    days = (as_of - lmp).days
    _check(lmp=days)
    return days


def gestational_days_from_edd(edd: Known[date], as_of: Known[date]) -> Known[int]:
    """Gestational age in completed days from the estimated date of delivery, which is day 280.

    Source: as ``gestational_days_from_lmp``; the 280 days are Naegele's rule.
    """
    if isinstance(edd, Unknown) or isinstance(as_of, Unknown):
        return UNKNOWN
    days = (edd - as_of).days
    _check(edd=days)
    return TERM_DAYS - days


def corrected_age_days(age_days: Known[int], gestational_days_at_birth: Known[int]) -> Known[int]:
    """Age in days that counts for a preterm infant: from the due date, until 24 months of age.

    Age - (280 - gestational age at birth) for those born before 37 weeks (259 days) and
    younger than 730 days; negative before the due date. All others: the age itself.
    Source: Engle WA, American Academy of Pediatrics Committee on Fetus and Newborn.
    Pediatrics 2004;114:1362-1364.
    """
    if isinstance(age_days, Unknown) or isinstance(gestational_days_at_birth, Unknown):
        return UNKNOWN
    _check(age_days=age_days, gestational_days_at_birth=gestational_days_at_birth)
    if gestational_days_at_birth >= PRETERM_BELOW_DAYS or age_days >= TWENTY_FOUR_MONTHS_DAYS:
        return age_days
    return age_days - (TERM_DAYS - gestational_days_at_birth)


# Liver


class Ascites(StrEnum):
    """Ascites as the Child-Pugh score grades it."""

    NONE = "none"
    MILD = "mild"
    SEVERE = "severe"


@dataclass(frozen=True, slots=True)
class ChildPugh:
    """Score of 5 to 15 points."""

    points: int

    @property
    def grade(self) -> str:
        """A up to 6 points, B up to 9, C from 10."""
        return "A" if self.points <= 6 else "B" if self.points <= 9 else "C"


def child_pugh(
    bilirubin_umol_l: Known[float],
    albumin_g_l: Known[float],
    ascites: Known[Ascites],
    encephalopathy_grade: Known[int],
    inr: Known[float] = UNKNOWN,
    pt_prolongation_s: Known[float] = UNKNOWN,
) -> Known[ChildPugh]:
    """Child-Pugh score; clotting by INR, or by seconds above control when there is no INR.

    One, two or three points each: bilirubin < 34.2, to 51.3, above (µmol/L; 2 and 3 mg/dL);
    albumin > 35, from 28, below (g/L); INR < 1.7, to 2.3, above, or prothrombin time < 4,
    to 6, above (s); ascites; encephalopathy none, grade 1-2, grade 3-4.
    Source: Pugh RNH, Murray-Lyon IM, Dawson JL, et al. Br J Surg 1973;60:646-649.
    """
    clotting = _clotting_points(inr, pt_prolongation_s)
    if isinstance(bilirubin_umol_l, Unknown) or isinstance(albumin_g_l, Unknown):
        return UNKNOWN
    if isinstance(ascites, Unknown) or isinstance(encephalopathy_grade, Unknown) or isinstance(clotting, Unknown):
        return UNKNOWN
    _check(bilirubin_umol_l=bilirubin_umol_l, albumin_g_l=albumin_g_l, encephalopathy_grade=encephalopathy_grade)
    return ChildPugh(
        _points(bilirubin_umol_l, 34.2, 51.3)
        + (1 if albumin_g_l > 35 else 2 if albumin_g_l >= 28 else 3)
        + {Ascites.NONE: 1, Ascites.MILD: 2, Ascites.SEVERE: 3}[ascites]
        + (1 if encephalopathy_grade == 0 else 2 if encephalopathy_grade <= 2 else 3)
        + clotting
    )


def _clotting_points(inr: Known[float], pt_prolongation_s: Known[float]) -> Known[int]:
    if not isinstance(inr, Unknown):
        _check(inr=inr)
        return _points(inr, 1.7, 2.3)
    if isinstance(pt_prolongation_s, Unknown):
        return UNKNOWN
    _check(pt_prolongation_s=pt_prolongation_s)
    return _points(pt_prolongation_s, 4, 6)


def _points(value: float, two_from: float, two_to: float) -> int:
    return 1 if value < two_from else 2 if value <= two_to else 3


# Heart


def qtc_bazett(qt_ms: Known[float], heart_rate: Known[float]) -> Known[float]:
    """QT interval in ms corrected for the heart rate (per minute): QT / √RR, RR in seconds.

    Source: Bazett HC. Heart 1920;7:353-370.
    """
    return _qtc(qt_ms, heart_rate, 1 / 2)


def qtc_fridericia(qt_ms: Known[float], heart_rate: Known[float]) -> Known[float]:
    """QT interval in ms corrected for the heart rate (per minute): QT / ∛RR, RR in seconds.

    Source: Fridericia LS. Acta Med Scand 1920;53:469-486.
    """
    return _qtc(qt_ms, heart_rate, 1 / 3)


def _qtc(qt_ms: Known[float], heart_rate: Known[float], power: float) -> Known[float]:
    if isinstance(qt_ms, Unknown) or isinstance(heart_rate, Unknown):
        return UNKNOWN
    _check(qt_ms=qt_ms, heart_rate=heart_rate)
    return float(qt_ms / (60 / heart_rate) ** power)


# Electrolytes


def corrected_calcium(calcium_mmol_l: Known[float], albumin_g_l: Known[float]) -> Known[float]:
    """Total calcium in mmol/L corrected for albumin (g/L): calcium + 0.02 · (40 - albumin).

    Source: Payne RB, Little AJ, Williams RB, Milner JR. Br Med J 1973;4:643-646, in the
    form of the editorial Correcting the calcium. Br Med J 1977;1:598.
    """
    if isinstance(calcium_mmol_l, Unknown) or isinstance(albumin_g_l, Unknown):
        return UNKNOWN
    _check(calcium_mmol_l=calcium_mmol_l, albumin_g_l=albumin_g_l)
    return calcium_mmol_l + 0.02 * (40 - albumin_g_l)


def anion_gap(
    sodium_mmol_l: Known[float], chloride_mmol_l: Known[float], bicarbonate_mmol_l: Known[float]
) -> Known[float]:
    """Anion gap in mmol/L, without potassium: sodium - chloride - bicarbonate.

    Source: Emmett M, Narins RG. Medicine (Baltimore) 1977;56:38-54.
    """
    if isinstance(sodium_mmol_l, Unknown) or isinstance(chloride_mmol_l, Unknown):
        return UNKNOWN
    if isinstance(bicarbonate_mmol_l, Unknown):
        return UNKNOWN
    _check(sodium_mmol_l=sodium_mmol_l, chloride_mmol_l=chloride_mmol_l, bicarbonate_mmol_l=bicarbonate_mmol_l)
    return sodium_mmol_l - chloride_mmol_l - bicarbonate_mmol_l
