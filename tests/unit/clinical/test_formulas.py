"""Formulas give the figures of their papers, UNKNOWN for what is missing, an error for what cannot be."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical import formulas
from clinical.formulas import (
    Ascites,
    ChildPugh,
    anion_gap,
    bmi,
    bsa_du_bois,
    bsa_mosteller,
    bsa_stevenson,
    child_pugh,
    cockcroft_gault,
    corrected_age_days,
    corrected_calcium,
    egfr_ckd_epi_2021,
    egfr_mdrd_china,
    egfr_schwartz,
    gestational_days_from_edd,
    gestational_days_from_lmp,
    ideal_body_weight,
    qtc_bazett,
    qtc_fridericia,
)
from clinical.logic import UNKNOWN

MAN, WOMAN = False, True


def mg_dl(creatinine: float) -> float:
    """µmol/L of a creatinine given in mg/dL."""
    return creatinine * 88.4


def as_published(value: Any, published: str) -> bool:
    """Whether a value is the published one to the digits that were printed."""
    digits = len(published.partition(".")[2])
    return bool(value == pytest.approx(float(published), abs=0.5 * 10**-digits))


@pytest.mark.parametrize(
    ("creatinine", "age", "female", "expected"),
    [
        # At κ both powers are of 1: 142 · 0.9938^age (· 1.012); 0.9938^50 = e^-0.310965 = 0.73274
        (0.9, 50, MAN, 142 * 0.73274),
        (0.7, 50, WOMAN, 142 * 0.73274 * 1.012),
        # Twice κ: 2^-1.2 = 0.435275
        (1.8, 50, MAN, 142 * 0.435275 * 0.73274),
        (1.4, 50, WOMAN, 142 * 0.435275 * 0.73274 * 1.012),
        # Half κ: 0.5^-0.302 = 1.232853, 0.5^-0.241 = 1.181812
        (0.45, 50, MAN, 142 * 1.232853 * 0.73274),
        (0.35, 50, WOMAN, 142 * 1.181812 * 0.73274 * 1.012),
    ],
)
def test_egfr_ckd_epi_2021(creatinine: float, age: float, female: bool, expected: float) -> None:
    assert egfr_ckd_epi_2021(mg_dl(creatinine), age, female) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("creatinine", "age", "female", "expected"),
    [
        # Scr 1 mg/dL leaves 175 · age^-0.179; 60^-0.179 = e^(-0.179·4.09434) = e^-0.732888 = 0.480519
        (1.0, 60, MAN, 175 * 0.480519),
        (1.0, 60, WOMAN, 175 * 0.480519 * 0.79),
        # 2^-1.234 = 0.425137
        (2.0, 60, MAN, 175 * 0.425137 * 0.480519),
    ],
)
def test_egfr_mdrd_china(creatinine: float, age: float, female: bool, expected: float) -> None:
    assert egfr_mdrd_china(mg_dl(creatinine), age, female) == pytest.approx(expected, rel=1e-4)


def test_egfr_schwartz() -> None:
    assert egfr_schwartz(100, mg_dl(0.413)) == pytest.approx(100)  # 0.413 · 100 / 0.413
    assert egfr_schwartz(120, mg_dl(0.5)) == pytest.approx(99.12)  # 49.56 / 0.5


def test_cockcroft_gault() -> None:
    assert cockcroft_gault(mg_dl(1), 40, 72, MAN) == pytest.approx(100)  # 100 · 72 / 72
    assert cockcroft_gault(mg_dl(1), 40, 72, WOMAN) == pytest.approx(85)
    assert cockcroft_gault(mg_dl(2), 80, 60, MAN) == pytest.approx(25)  # 60 · 60 / 144


def test_body_surface() -> None:
    assert bsa_mosteller(180, 80) == pytest.approx(2)  # √(14400 / 3600)
    assert bsa_mosteller(100, 16) == pytest.approx(2 / 3)  # √(1600 / 3600)
    # 170^0.725 = e^(0.725·5.135798) = 41.4072, 70^0.425 = e^(0.425·4.248495) = 6.08368
    assert bsa_du_bois(170, 70) == pytest.approx(0.007184 * 41.4072 * 6.08368, rel=1e-4)
    assert bsa_du_bois(170, 70) == pytest.approx(1.81, abs=0.005)
    assert bsa_stevenson(170, 60) == pytest.approx(1.6521)  # 1.037 + 0.768 - 0.1529


def test_body_mass_and_ideal_weight() -> None:
    assert bmi(175, 70) == pytest.approx(22.857, abs=0.001)  # 70 / 3.0625
    assert bmi(200, 100) == pytest.approx(25)
    assert ideal_body_weight(182.88, MAN) == pytest.approx(77.6)  # 6 feet: 50 + 12 · 2.3
    assert ideal_body_weight(182.88, WOMAN) == pytest.approx(73.1)
    assert ideal_body_weight(152.4, WOMAN) == pytest.approx(45.5)


def test_gestational_age_by_period_and_by_due_date_agree() -> None:
    lmp = date(2024, 1, 1)
    edd = lmp + timedelta(days=280)
    assert edd == date(2024, 10, 7)  # Naegele: a year and a week less three months, over a leap day
    for day in (lmp, date(2024, 3, 11), edd, edd + timedelta(days=14)):
        assert gestational_days_from_lmp(lmp, day) == gestational_days_from_edd(edd, day) == (day - lmp).days
    assert gestational_days_from_lmp(lmp, date(2024, 3, 11)) == 70  # 10+0 weeks


@pytest.mark.parametrize(
    ("age", "at_birth", "expected"),
    [
        (90, 32 * 7, 34),  # born 8 weeks early
        (10, 28 * 7, -74),  # 74 days before the due date
        (90, 36 * 7 + 6, 68),  # born 22 days early
        (90, 37 * 7, 90),  # term
        (90, 40 * 7, 90),
        (729, 32 * 7, 673),
        (730, 32 * 7, 730),  # 24 months
    ],
)
def test_corrected_age_of_preterm_infants(age: int, at_birth: int, expected: int) -> None:
    assert corrected_age_days(age, at_birth) == expected


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "ascites", "encephalopathy", "inr", "points", "grade"),
    [
        (17, 42, Ascites.NONE, 0, 1.0, 5, "A"),
        (34.1, 35.1, Ascites.NONE, 0, 1.69, 5, "A"),
        (34.2, 42, Ascites.NONE, 0, 1.0, 6, "A"),
        (34.2, 35, Ascites.NONE, 0, 1.0, 7, "B"),
        (51.3, 28, Ascites.MILD, 0, 1.0, 8, "B"),
        (51.3, 28, Ascites.MILD, 1, 1.0, 9, "B"),
        (51.3, 28, Ascites.MILD, 2, 1.7, 10, "C"),
        (51.4, 27.9, Ascites.SEVERE, 3, 2.31, 15, "C"),
    ],
)
def test_child_pugh(
    bilirubin: float,
    albumin: float,
    ascites: Ascites,
    encephalopathy: int,
    inr: float,
    points: int,
    grade: str,
) -> None:
    score = child_pugh(bilirubin, albumin, ascites, encephalopathy, inr)
    assert score == ChildPugh(points)
    assert isinstance(score, ChildPugh)
    assert score.grade == grade


@pytest.mark.parametrize(("seconds", "points"), [(3.9, 5), (4, 6), (6, 6), (6.1, 7)])
def test_child_pugh_takes_seconds_of_prothrombin_time_when_there_is_no_inr(seconds: float, points: int) -> None:
    assert child_pugh(17, 42, Ascites.NONE, 0, pt_prolongation_s=seconds) == ChildPugh(points)
    assert child_pugh(17, 42, Ascites.NONE, 0, inr=1.0, pt_prolongation_s=seconds) == ChildPugh(5)


def test_child_pugh_without_any_clotting_is_unknown() -> None:
    assert child_pugh(17, 42, Ascites.NONE, 0) is UNKNOWN


def test_corrected_qt() -> None:
    assert qtc_bazett(400, 60) == qtc_fridericia(400, 60) == 400  # RR 1 s
    assert qtc_bazett(400, 100) == pytest.approx(516.4, abs=0.05)  # 400 / √0.6 = 400 / 0.774597
    assert qtc_fridericia(400, 100) == pytest.approx(474.3, abs=0.05)  # 400 / 0.843433
    assert qtc_bazett(300, 240) == pytest.approx(600)  # √0.25


@pytest.mark.parametrize(
    ("creatinine", "age", "female", "published"),
    [
        # Calculator of the National Kidney Foundation, as tests 01.01 and 01.02 of the R package admiral took it down
        # (github.com/pharmaverse/admiral, tests/testthat/test-compute_kidney.R)
        (mg_dl(1.09), 55, MAN, "80"),
        (85, 65, WOMAN, "66"),
        # Documentation of calculate_egfr_ckdepi, R package tabletools (rdrr.io/github/JMLuther/tabletools)
        (mg_dl(0.8), 70, MAN, "95.2"),
        (mg_dl(0.8), 70, WOMAN, "79.2"),
    ],
)
def test_published_cases_of_egfr_ckd_epi_2021(creatinine: float, age: float, female: bool, published: str) -> None:
    assert as_published(egfr_ckd_epi_2021(creatinine, age, female), published)


@pytest.mark.parametrize(
    ("creatinine", "age", "weight", "female", "published"),
    [
        # Calculator of the National Kidney Foundation, as tests 01.03 and 01.04 of admiral took it down (as above)
        (mg_dl(1.09), 55, 90, MAN, "97"),
        (85, 65, 60, WOMAN, "55"),
        # Examples 1 and 2 of superglobalcalculator.com/formulas/pharmacology/creatinine-clearance
        (mg_dl(1.4), 65, 70, MAN, "52.1"),
        (mg_dl(0.9), 45, 60, WOMAN, "74.8"),
    ],
)
def test_published_cases_of_cockcroft_gault(
    creatinine: float, age: float, weight: float, female: bool, published: str
) -> None:
    assert as_published(cockcroft_gault(creatinine, age, weight, female), published)


def test_published_cases_of_body_size() -> None:
    # Worked example of omnicalc-8ti.pages.dev/health/body-surface-area-calculator
    assert as_published(bsa_mosteller(175, 70), "1.845")
    # The example of the Centers for Disease Control and Prevention, 68 kg and 165 cm, as given at
    # structurehouse.com/pillars-to-success/fitness-exercise/bmi
    assert as_published(bmi(165, 68), "24.98")


@pytest.mark.parametrize(
    ("lmp", "edd"),
    [
        # Healthwise, Due Date: 40 weeks counted from March 20 are December 25
        (date(2017, 3, 20), date(2017, 12, 25)),
        # Example of calculationtime.com/calculators/pregnancy-due-date-calculator
        (date(2026, 6, 1), date(2027, 3, 8)),
        # The Ohio State University Medical Center, Determining Your Due Date: June 10, due on March 17
        (date(2009, 6, 10), date(2010, 3, 17)),
    ],
)
def test_published_due_dates(lmp: date, edd: date) -> None:
    assert gestational_days_from_lmp(lmp, edd) == gestational_days_from_edd(edd, edd) == 40 * 7


@pytest.mark.parametrize(
    ("weeks_of_age", "weeks_at_birth", "corrected_weeks"),
    [
        (20, 30, 10),  # Lancaster University, glossary of psychology: corrected age
        (16, 34, 10),  # visualveggies.com/calculating-corrected-age-of-premature-babies: sample calculation
    ],
)
def test_published_cases_of_corrected_age(weeks_of_age: int, weeks_at_birth: int, corrected_weeks: int) -> None:
    assert corrected_age_days(weeks_of_age * 7, weeks_at_birth * 7) == corrected_weeks * 7


def test_electrolytes() -> None:
    assert corrected_calcium(2.0, 20) == pytest.approx(2.4)  # 2.0 + 0.02 · 20
    assert corrected_calcium(2.4, 40) == pytest.approx(2.4)
    assert anion_gap(140, 100, 24) == 16


LMP, TODAY = date(2024, 1, 1), date(2024, 5, 1)
CALLS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (egfr_ckd_epi_2021, {"creatinine_umol_l": 80, "age_years": 50, "female": True}),
    (egfr_mdrd_china, {"creatinine_umol_l": 80, "age_years": 50, "female": True}),
    (egfr_schwartz, {"height_cm": 100, "creatinine_umol_l": 40}),
    (cockcroft_gault, {"creatinine_umol_l": 80, "age_years": 50, "weight_kg": 60, "female": True}),
    (bsa_mosteller, {"height_cm": 170, "weight_kg": 60}),
    (bsa_du_bois, {"height_cm": 170, "weight_kg": 60}),
    (bsa_stevenson, {"height_cm": 170, "weight_kg": 60}),
    (bmi, {"height_cm": 170, "weight_kg": 60}),
    (ideal_body_weight, {"height_cm": 170, "female": False}),
    (gestational_days_from_lmp, {"lmp": LMP, "as_of": TODAY}),
    (gestational_days_from_edd, {"edd": LMP + timedelta(280), "as_of": TODAY}),
    (corrected_age_days, {"age_days": 90, "gestational_days_at_birth": 210}),
    (
        child_pugh,
        {
            "bilirubin_umol_l": 17,
            "albumin_g_l": 42,
            "ascites": Ascites.NONE,
            "encephalopathy_grade": 0,
            "inr": 1.0,
        },
    ),
    (qtc_bazett, {"qt_ms": 400, "heart_rate": 70}),
    (qtc_fridericia, {"qt_ms": 400, "heart_rate": 70}),
    (corrected_calcium, {"calcium_mmol_l": 2.2, "albumin_g_l": 30}),
    (anion_gap, {"sodium_mmol_l": 140, "chloride_mmol_l": 100, "bicarbonate_mmol_l": 24}),
]
NAMED = [(call, inputs, field) for call, inputs in CALLS for field in inputs]


def test_every_formula_is_tried_and_names_its_source() -> None:
    public = {
        name: function
        for name, function in vars(formulas).items()
        if inspect.isfunction(function) and function.__module__ == formulas.__name__ and name[0] != "_"
    }
    del public["is_possible"]  # tells ranges, works nothing out
    assert {call.__name__ for call, _ in CALLS} == set(public)
    assert all("Source:" in (function.__doc__ or "") for function in public.values())


@pytest.mark.parametrize(("call", "inputs", "field"), NAMED)
def test_a_missing_input_gives_unknown(call: Callable[..., Any], inputs: dict[str, Any], field: str) -> None:
    assert call(**inputs) is not UNKNOWN
    assert call(**{**inputs, field: UNKNOWN}) is UNKNOWN


NUMERIC = [case for case in NAMED if case[2] not in ("female", "ascites", "lmp", "edd", "as_of")]


@pytest.mark.parametrize(("call", "inputs", "field"), NUMERIC)
@pytest.mark.parametrize("value", [-1000, 1e6, math.nan])
def test_an_impossible_input_is_refused_by_name(
    call: Callable[..., Any], inputs: dict[str, Any], field: str, value: float
) -> None:
    with pytest.raises(ValueError, match=rf"超出适用范围: {field} must be within"):
        call(**{**inputs, field: value})


def test_formulas_for_adults_refuse_children_and_short_adults_have_no_ideal_weight() -> None:
    for call in (egfr_ckd_epi_2021, egfr_mdrd_china):
        with pytest.raises(ValueError, match="年龄.*age_years must be within 18"):
            call(80, 17, MAN)
    with pytest.raises(ValueError, match="age_years"):
        cockcroft_gault(80, 17, 60, MAN)
    with pytest.raises(ValueError, match="height_cm must be within 152.4"):
        ideal_body_weight(150, WOMAN)


@pytest.mark.parametrize("days", [-1, 316])
def test_a_pregnancy_before_it_began_or_of_a_year_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="末次月经.*lmp"):
        gestational_days_from_lmp(LMP, LMP + timedelta(days))
    with pytest.raises(ValueError, match="预产期.*edd"):
        gestational_days_from_edd(LMP + timedelta(280), LMP + timedelta(days))


adults = st.floats(18, 100)
creatinines = st.floats(20, 1500)


@given(creatinines, creatinines, adults, st.booleans())
def test_more_creatinine_is_never_a_better_kidney(one: float, other: float, age: float, female: bool) -> None:
    low, high = sorted([one, other])
    for formula in (egfr_ckd_epi_2021, egfr_mdrd_china):
        assert formula(low, age, female) >= formula(high, age, female)  # type: ignore[operator]


@given(st.floats(140, 200), st.floats(40, 120))
def test_three_surface_formulas_agree_for_ordinary_adults(height: float, weight: float) -> None:
    areas = [f(height, weight) for f in (bsa_mosteller, bsa_du_bois, bsa_stevenson)]
    assert max(areas) / min(areas) < 1.25  # type: ignore[type-var, operator]
