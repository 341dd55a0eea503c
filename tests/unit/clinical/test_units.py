"""However a hospital writes a unit, it means one thing; what could mean two is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.units import (
    Substance,
    UnitMismatch,
    UnknownUnit,
    canonical_unit,
    conversion,
    is_amount,
    is_counted,
    plain_unit,
    shown,
)

SPELLINGS = [
    ("mg", ["mg", "MG", "Mg", "毫克", "ｍｇ", "㎎"]),
    ("g", ["g", "G", "克", "gm"]),
    ("kg", ["kg", "KG", "千克", "公斤", "㎏"]),
    ("ug", ["ug", "μg", "µg", "mcg", "微克", "UG", "㎍"]),
    ("ng", ["ng", "纳克"]),
    ("IU", ["IU", "iu", "U", "u", "单位", "国际单位", "[IU]", "[iU]"]),
    ("万IU", ["万单位", "万IU", "万U", "万u", "万iu"]),
    ("MIU", ["MIU", "MU", "百万单位"]),
    ("mmol", ["mmol", "毫摩尔", "MMOL"]),
    ("umol", ["umol", "μmol", "微摩尔"]),
    ("mEq", ["mEq", "meq", "毫当量"]),
    ("mL", ["ml", "mL", "ML", "毫升", "cc", "㎖"]),
    ("L", ["L", "l", "升"]),
    ("mg/kg", ["mg/kg", "mg/公斤", "毫克/千克", "mg/kg体重", "mg·kg-1", "mg·kg⁻¹", "mg/kg/次", "ｍｇ／ｋｇ"]),
    ("mg/m2", ["mg/m2", "mg/m²", "mg/m^2", "mg·m-2", "mg/㎡", "mg/平方米"]),
    (
        "mg/kg/d",
        ["mg/kg/d", "mg/(kg·d)", "mg/kg·d", "mg/kg/日", "mg/kg/天", "mg/d/kg", "mg·kg⁻¹·d⁻¹", "mg/kg/24h"],
    ),
    ("ug/kg/min", ["ug/kg/min", "μg/(kg·min)", "μg/kg·min", "ug.kg-1.min-1", "微克/公斤/分钟", "ug/kg/分"]),
    ("mL/h", ["ml/h", "mL/小时", "毫升/时", "ml/hr"]),
    ("mg/dL", ["mg/dl", "mg/dL", "mg/100ml"]),
    ("mmol/L", ["mmol/L", "mmol/l", "毫摩尔/升"]),
    (
        "10*9/L",
        [
            "10*9/L",
            "10^9/L",
            "×10^9/L",
            "x10^9/L",
            "×10⁹/L",
            "10⁹/L",
            "109/L",
            "10E9/L",
            "*10^9/L",
            "×10^9·L-1",
        ],
    ),
    ("10*12/L", ["10*12/L", "×10^12/L", "10¹²/L", "1012/L"]),
    ("/uL", ["/uL", "个/μL", "cells/uL"]),
    ("/HP", ["/HP", "个/HPF", "/HPF", "个/高倍视野"]),
    ("/min", ["次/分", "次/min", "/min", "次/分钟"]),
    (
        "mL/min/1.73m2",
        ["mL/min/1.73m2", "ml/min/1.73m²", "ml/(min·1.73m2)", "mL/min/{1.73_m2}", "ml/min·1.73m^2"],
    ),
    ("mIU/L", ["mIU/L", "mU/L", "miu/L", "m[IU]/L"]),
    ("mmHg", ["mmHg", "mm[Hg]", "毫米汞柱", "MMHG"]),
    ("Cel", ["℃", "°C", "Cel", "摄氏度"]),
    ("%", ["%", "％"]),
    ("1", ["", "1", "次", "{INR}"]),
    ("h", ["h", "小时", "hr"]),
    ("d", ["d", "天", "日", "day"]),
    ("wk", ["周", "星期", "wk", "week"]),
    ("mo", ["月", "个月", "mo"]),
    ("a", ["岁", "年", "周岁", "a"]),
    ("片", ["片", "tab", "{tbl}", "tablet"]),
    ("mg·h/L", ["mg.h/L", "mg·h/L"]),
]
COUNTED = ["片", "粒", "支", "袋", "瓶", "丸", "贴", "滴", "喷", "吸"]


@pytest.mark.parametrize(
    ("name", "spelling"), [(name, spelling) for name, spellings in SPELLINGS for spelling in spellings]
)
def test_every_spelling_leads_to_one_name(name: str, spelling: str) -> None:
    assert canonical_unit(spelling) == name
    assert canonical_unit(name) == name


@pytest.mark.parametrize("text", ["MIU/L", "MU/mL", "mu", "Mu", "mg/L·h", "mg/", "mg/(kg", "kg)", "S/CO", "M"])
def test_a_unit_that_could_mean_two_things_or_none_is_refused(text: str) -> None:
    with pytest.raises(UnknownUnit, match="unknown unit"):
        canonical_unit(text)


def test_an_unknown_unit_of_a_result_is_kept_as_sent() -> None:
    assert plain_unit(" S/CO ") == "S/CO"
    assert plain_unit("ＣＯＩ") == "COI"
    with pytest.raises(UnitMismatch):
        conversion("COI", "mg")


FACTORS = [
    ("g", "mg", 1000, 1),
    ("mg", "g", 1, 1000),
    ("ug", "mg", 1, 1000),
    ("万IU", "IU", 10000, 1),
    ("MIU", "万IU", 100, 1),
    ("d", "h", 24, 1),
    ("wk", "d", 7, 1),
    ("a", "mo", 12, 1),
    ("ug/kg/min", "mg/kg/h", 3, 50),
    ("10*9/L", "/uL", 1000, 1),
    ("g/L", "mg/dL", 100, 1),
    ("mL/min/1.73m2", "mL/min/m2", 100, 173),
    ("%", "1", 1, 100),
]


@pytest.mark.parametrize(("source", "target", "times", "by"), FACTORS)
def test_factors_are_exact(source: str, target: str, times: float, by: float) -> None:
    assert conversion(source, target) == (times, by)


def test_pressure_converts_as_the_definition_of_mercury_says() -> None:
    times, by = conversion("mmHg", "kPa")
    assert times / by == pytest.approx(0.133322387, rel=1e-8)


REFUSED = [
    ("mg", "mL"),
    ("mg", "IU"),
    ("mg", "mmol"),
    ("mg/kg", "mg"),
    ("mg/kg", "mg/m2"),
    ("mg/kg", "mg/g"),  # per kg of body weight is not per kg of powder
    ("mg/kg", "%"),
    ("mL/min/1.73m2", "mL/min"),
    ("mg/d", "mg"),
    ("Cel", "1"),
    *((one, other) for one in COUNTED for other in [*COUNTED, "mg", "mL"] if one != other),
]


@pytest.mark.parametrize(("source", "target"), REFUSED)
def test_what_does_not_convert_is_refused_naming_both_units(source: str, target: str) -> None:
    with pytest.raises(UnitMismatch, match="cannot convert") as caught:
        conversion(source, target)
    message = str(caught.value)
    assert f"单位“{source}”不能换算为“{target}”" in message
    assert repr(source) in message
    assert repr(target) in message


POTASSIUM = Substance("氯化钾", molar_mass=74.55, valence=1)
CALCIUM = Substance("钙", molar_mass=40.08, valence=2)
PENICILLIN = Substance("青霉素钠", molar_mass=356.37, iu_per_mg=1670)


@pytest.mark.parametrize(
    ("source", "target", "substance", "expected"),
    [
        ("g", "mmol", POTASSIUM, 1000 / 74.55),  # 1 g KCl is 13.4 mmol
        ("mmol", "mg", POTASSIUM, 74.55),
        ("mmol", "mEq", POTASSIUM, 1),
        ("mmol", "mEq", CALCIUM, 2),
        ("mg/dL", "mmol/L", CALCIUM, 10 / 40.08),  # 10 mg/dL is 2.495 mmol/L
        ("mg", "IU", PENICILLIN, 1670),
        ("万IU", "mg", PENICILLIN, 10000 / 1670),
        ("mg/kg/d", "IU/kg/h", PENICILLIN, 1670 / 24),
        ("mmol", "IU", PENICILLIN, 356.37 * 1670),
        ("IU", "mmol", PENICILLIN, 1 / 356.37 / 1670),
    ],
)
def test_a_substance_links_mass_moles_equivalents_and_units(
    source: str, target: str, substance: Substance, expected: float
) -> None:
    times, by = conversion(source, target, substance)
    assert times / by == pytest.approx(expected, rel=1e-12)


def test_a_missing_figure_of_the_substance_is_named() -> None:
    with pytest.raises(UnitMismatch, match="缺少氯化钾的每毫克单位数"):
        conversion("mg", "IU", POTASSIUM)
    with pytest.raises(UnitMismatch, match="缺少该药的摩尔质量"):
        conversion("mg", "mmol")
    with pytest.raises(UnitMismatch, match="化合价"):
        conversion("mmol", "mEq", PENICILLIN)


@pytest.mark.parametrize(("field", "figure"), [("molar_mass", 0.0), ("iu_per_mg", -1.0), ("valence", 0)])
def test_a_substance_with_an_impossible_figure_is_refused(field: str, figure: float) -> None:
    with pytest.raises(ValueError, match=field):
        Substance("甲", **{field: figure})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("ug/kg/min", "μg/(kg·min)"),
        ("10*9/L", "×10⁹/L"),
        ("万IU", "万单位"),
        ("IU/L", "U/L"),
        ("mL/min/1.73m2", "mL/min/1.73m²"),
        ("/min", "/min"),
        ("1", ""),
        ("COI", "COI"),
    ],
)
def test_units_are_shown_as_clinicians_write_them(unit: str, text: str) -> None:
    assert shown(unit) == text


def test_kinds_of_units_are_told_apart() -> None:
    assert all(is_counted(unit) for unit in [*COUNTED, "滴/min"])
    assert not is_counted("mg/kg")
    assert all(is_amount(unit) for unit in ["mg", "万IU", "mmol", "亿CFU"])
    assert not any(is_amount(unit) for unit in ["mL", "片", "mg/kg", "亿CFU/mL", "%"])


KNOWN_UNITS = [name for name, _ in SPELLINGS]


@given(st.text(alphabet="mgkgulLμ毫克单位万/·.*()^-1029dhs片IUMx×{}[]% ", max_size=30))
def test_any_text_is_a_unit_or_is_refused_and_a_name_names_itself(text: str) -> None:
    try:
        name = canonical_unit(text)
    except UnknownUnit:
        return
    assert canonical_unit(name) == name
    shown(name)


@given(st.text(max_size=80))
def test_tidying_a_unit_never_fails_and_happens_once(text: str) -> None:
    assert plain_unit(plain_unit(text)) == plain_unit(text)


@given(st.sampled_from(KNOWN_UNITS), st.sampled_from(KNOWN_UNITS), st.sampled_from(KNOWN_UNITS))
def test_conversion_by_way_of_a_third_unit_gives_the_same(one: str, two: str, three: str) -> None:
    try:
        (a, b), (c, d) = conversion(one, two), conversion(two, three)
    except UnitMismatch:
        return
    times, by = conversion(one, three)
    assert times / by == pytest.approx(a / b * c / d, rel=1e-12)
    back, forth = conversion(two, one)
    assert a / b * back / forth == pytest.approx(1, rel=1e-12)


def test_reading_units_does_not_load_pint() -> None:
    code = "import sys, clinical.quantity as q; q.parse_quantity('5mg/kg'); print('pint' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


_KEPT = """
import sys
from pathlib import Path
from clinical import units
units.prepare(Path({folder!r}))
print(units.conversion("g/d", "mg/h"), "pint" in sys.modules)
"""


def told(folder: Path) -> str:
    command = [sys.executable, "-c", _KEPT.format(folder=str(folder))]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_what_units_measure_is_learned_once_and_the_next_process_needs_no_pint(tmp_path: Path) -> None:
    assert told(tmp_path / "cache") == "(125.0, 3.0) True"
    assert told(tmp_path / "cache") == "(125.0, 3.0) False"
    (kept,) = (tmp_path / "cache").iterdir()
    for broken in ('{"mg": ["1/1000000"', '{"mg": ["1/1000000", [["[mass]", 1]]]}', '{"mg": ["1/0", []]}', "[]"):
        kept.write_text(broken)
        assert told(tmp_path / "cache") == "(125.0, 3.0) True", "half a file is no answer"
    assert told(tmp_path / "cache") == "(125.0, 3.0) False"
