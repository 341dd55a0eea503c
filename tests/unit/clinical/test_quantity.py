"""Quantities as hospitals write them: read, converted, compared, and refused when they are nonsense."""

from __future__ import annotations

import math
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.logic import UNKNOWN, Truth, at_least, equal, less
from clinical.quantity import (
    Quantity,
    QuantityError,
    Strength,
    Substance,
    UnitMismatch,
    parse_quantity,
    parse_strength,
    per_kg,
    per_m2,
)

Q = Quantity


def test_the_unit_is_brought_to_its_name() -> None:
    assert Q(500, "毫克") == Q(500, "mg")
    assert hash(Q(5, "万单位")) == hash(Q(5, "万U"))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(QuantityError, match="finite"):
        Q(value, "mg")


@pytest.mark.parametrize(
    ("quantity", "unit", "expected"),
    [
        (Q(9, "mg"), "g", 0.009),  # 9 * 0.001 would be 0.009000000000000001
        (Q(0.25, "g"), "mg", 250),
        (Q(160, "万单位"), "IU", 1_600_000),
        (Q(2, "片"), "片", 2),
        (Q(36, "月"), "岁", 3),
    ],
)
def test_conversion_keeps_the_last_digit(quantity: Quantity, unit: str, expected: float) -> None:
    assert quantity.to(unit).value == expected


def test_nonsense_is_refused_naming_both_units() -> None:
    with pytest.raises(UnitMismatch, match="单位“片”不能换算为“mg”.*cannot convert '片' to 'mg'"):
        Q(2, "片").to("mg")
    with pytest.raises(UnitMismatch, match="'mg'.*'mL'"):
        Q(2, "mL") + Q(1, "mg")
    with pytest.raises(UnitMismatch):
        _ = Q(1, "mg") < Q(1, "mL")
    with pytest.raises(UnitMismatch):
        less(Q(1, "mg/kg"), Q(1, "mg"))


def test_penicillin_in_wan_units_and_milligrams() -> None:
    penicillin = Substance("青霉素钠", iu_per_mg=1670)
    assert Q(80, "万单位").to("mg", penicillin).value == pytest.approx(479.04, abs=0.01)
    assert Q(480, "mg").more_than(Q(80, "万单位"), penicillin)
    assert Q(167, "万单位").add(Q(1, "g"), penicillin).value == pytest.approx(334)


def test_the_same_amount_in_other_units_is_neither_more_nor_less() -> None:
    gram, milligrams = Q(1, "g"), Q(1000, "mg")
    assert gram.same_as(milligrams)
    assert not gram < milligrams
    assert not gram > milligrams
    assert gram <= milligrams
    assert gram >= milligrams
    assert equal(gram, milligrams) is Truth.TRUE
    assert at_least(gram, milligrams) is Truth.TRUE


def test_a_dose_at_its_limit_is_not_over_it_whatever_rounding_does() -> None:
    third = Q(0.1, "g") + Q(0.1, "g") + Q(0.1, "g")
    assert third.value > 0.3
    assert not third.more_than(Q(300, "mg"))
    assert third.more_than(Q(299.99, "mg"))


def test_scaling_and_adding() -> None:
    assert Q(250, "mg").scale(3) == Q(750, "mg") == Q(250, "mg") * 3
    assert Q(1, "g") + Q(250, "mg") == Q(1.25, "g")


def test_per_kg_of_body_weight() -> None:
    assert per_kg(Q(500, "mg"), 20) == Q(25, "mg/kg")
    assert per_kg(Q(90, "mg/d"), 30) == Q(3, "mg/kg/d")
    assert per_m2(Q(100, "mg"), 1.6) == Q(62.5, "mg/m2")
    assert per_kg(Q(500, "mg"), UNKNOWN) is UNKNOWN
    assert per_kg(UNKNOWN, 20.0) is UNKNOWN


@pytest.mark.parametrize("weight", [0, -3, 0.1, 700, math.nan])
def test_an_impossible_weight_is_refused_by_name(weight: float) -> None:
    with pytest.raises(ValueError, match="weight_kg"):
        per_kg(Q(500, "mg"), weight)


@pytest.mark.parametrize("unit", ["mg/kg", "mg/kg/d", "mg/m2"])
def test_an_amount_is_not_divided_by_weight_twice(unit: str) -> None:
    with pytest.raises(UnitMismatch):
        per_kg(Q(5, unit), 20)


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Q(160, "万IU"), "160 万单位"),
        (Q(0.1, "mg/kg/d"), "0.1 mg/(kg·d)"),
        (Q(40, "%"), "40%"),
        (Q(1.2, "1"), "1.2"),
        (Q(1 / 3, "g"), "0.3333333333 g"),
        (Q(5.2, "10*9/L"), "5.2 ×10⁹/L"),
    ],
)
def test_a_quantity_reads_as_a_clinician_writes_it(quantity: Quantity, text: str) -> None:
    assert str(quantity) == text


TEXTS = [
    ("0.25g", 0.25, "g"),
    ("500mg", 500, "mg"),
    ("５００ｍｇ", 500, "mg"),
    ("1万单位", 1, "万IU"),
    ("160 万单位", 160, "万IU"),
    ("0.1mg/kg", 0.1, "mg/kg"),
    (".5 mg", 0.5, "mg"),
    ("1,000IU", 1000, "IU"),
    ("半片", 0.5, "片"),
    ("两粒", 2, "粒"),
    ("1/2片", 0.5, "片"),
    ("-3.2mmol/L", -3.2, "mmol/L"),
    ("1.2×10^9/L", 1.2, "10*9/L"),
    ("5 10*9/L", 5, "10*9/L"),
    ("5.0 10⁹/L", 5, "10*9/L"),
    ("38.5℃", 38.5, "Cel"),
    ("12", 12, "1"),
    ("7天", 7, "d"),
]


@pytest.mark.parametrize(("text", "value", "unit"), TEXTS)
def test_a_quantity_is_read_from_hospital_text(text: str, value: float, unit: str) -> None:
    assert parse_quantity(text) == Q(value, unit)


@pytest.mark.parametrize(
    "text",
    ["", "mg", "0.5-1g", "1~2片", "<5", "10万", "三十片", "1,5mg", "5/5mg", "1/2mg", "1 000 mg", "510*9/L",
     "5mgg", "0x10mg", "1e5mg", "٣mg", "9" * 400 + "mg", "2片2片"],
)  # fmt: skip
def test_what_is_not_one_quantity_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_quantity(text)


def strength(
    amounts: list[Quantity], per: Quantity | None = None, pack: Quantity | None = None, names: str = ""
) -> tuple[object, ...]:
    return tuple(amounts), per, pack, tuple(names.split("+")) if names else ("",) * len(amounts)


STRENGTHS = [
    ("0.25g*24片", strength([Q(0.25, "g")], Q(1, "片"), Q(24, "片"))),
    ("5mg×7片", strength([Q(5, "mg")], Q(1, "片"), Q(7, "片"))),
    ("0.25g/粒×24粒/盒", strength([Q(0.25, "g")], Q(1, "粒"), Q(24, "粒"))),
    ("0.25g*12片*2板/盒", strength([Q(0.25, "g")], Q(1, "片"), Q(24, "片"))),
    ("5mg*28s", strength([Q(5, "mg")], None, Q(28, "1"))),
    ("100ml:0.9g", strength([Q(0.9, "g")], Q(100, "mL"))),
    ("2ml:80mg", strength([Q(80, "mg")], Q(2, "mL"))),
    ("5ml:10mg", strength([Q(10, "mg")], Q(5, "mL"))),
    ("100mg/5ml", strength([Q(100, "mg")], Q(5, "mL"))),
    ("300单位:3ml", strength([Q(300, "IU")], Q(3, "mL"))),
    ("10mg/ml", strength([Q(10, "mg")], Q(1, "mL"))),
    ("2.5ml:0.5mg*5支", strength([Q(0.5, "mg")], Q(2.5, "mL"), Q(5, "支"))),
    ("80mg*1ml*10支", strength([Q(80, "mg")], Q(1, "mL"), Q(10, "支"))),
    ("160万单位", strength([Q(160, "万IU")])),
    ("0.5g:0.5g", strength([Q(0.5, "g"), Q(0.5, "g")])),
    ("20mg/12.5mg*7片", strength([Q(20, "mg"), Q(12.5, "mg")], Q(1, "片"), Q(7, "片"))),
    ("160/4.5μg*60吸", strength([Q(160, "ug"), Q(4.5, "ug")], Q(1, "吸"), Q(60, "吸"))),
    ("5ml:0.2g:28.5mg", strength([Q(0.2, "g"), Q(28.5, "mg")], Q(5, "mL"))),
    ("500ml:葡萄糖25g与氯化钠4.5g", strength([Q(25, "g"), Q(4.5, "g")], Q(500, "mL"), names="葡萄糖+氯化钠")),
    ("1.0g(头孢哌酮0.5g与舒巴坦0.5g)", strength([Q(0.5, "g"), Q(0.5, "g")], names="头孢哌酮+舒巴坦")),
    ("每片含对乙酰氨基酚325mg", strength([Q(325, "mg")], Q(1, "片"), names="对乙酰氨基酚")),
    ("每1ml含10mg", strength([Q(10, "mg")], Q(1, "mL"))),
    ("0.9%*250ml", strength([Q(2.25, "g")], Q(250, "mL"))),
    ("1%:10g", strength([Q(0.1, "g")], Q(10, "g"))),
    ("10ml:1g(10%)", strength([Q(1, "g")], Q(10, "mL"))),
    ("5ml(10mg)", strength([Q(10, "mg")], Q(5, "mL"))),
    ("３ｍｌ：３００单位（笔芯）", strength([Q(300, "IU")], Q(3, "mL"))),
    ("10ml*10支", strength([Q(10, "mL")], Q(1, "支"), Q(10, "支"))),
    ("2亿CFU*10袋", strength([Q(2, "亿CFU")], Q(1, "袋"), Q(10, "袋"))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), STRENGTHS)
def test_a_strength_is_read_from_its_text(text: str, expected: tuple[object, ...]) -> None:
    found = parse_strength(text)
    assert (found.amounts, found.per, found.pack, found.names) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24片",
        "1:1000",
        "维生素B110mg",
        "0.25g;0.5g",
        "(1)0.25g(2)0.5g",
        "10mg*",
        "5ml:10ml:5mg",
        "0ml:5mg",
        "1%:0g",
        "10mg*5mmHg",
    ],
)
def test_a_strength_that_cannot_be_told_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_strength(text)


def test_the_single_amount_of_a_compound_is_unknown() -> None:
    assert parse_strength("5ml:10mg").amount == Q(10, "mg")
    assert parse_strength("0.5g:0.5g").amount is UNKNOWN


def test_a_cream_and_a_compound_are_told_apart_by_the_number_of_ingredients() -> None:
    cream = parse_strength("10g:0.1g")
    assert cream.of(1) == Strength((Q(0.1, "g"),), Q(10, "g"), None, ("",))
    assert cream.of(2) == cream
    assert cream.of(3) is UNKNOWN
    assert parse_strength("10g:5万单位").of(1) == Strength((Q(5, "万IU"),), Q(10, "g"), None, ("",))
    assert parse_strength("0.1g:10g").of(1) is UNKNOWN
    assert parse_strength("0.3g+0.2g").of(1) is UNKNOWN


def test_what_a_volume_or_some_pieces_hold() -> None:
    assert parse_strength("2ml:80mg").within(Q(5, "ml")) == (Q(200, "mg"),)
    assert parse_strength("0.25g*24片").within(Q(2, "片")) == (Q(0.5, "g"),)
    assert parse_strength("160万单位").within(Q(1, "支")) is UNKNOWN
    with pytest.raises(UnitMismatch):
        parse_strength("0.25g*24片").within(Q(5, "ml"))


SCALES = [["ng", "ug", "mg", "g", "kg"], ["uIU", "IU", "万IU", "MIU"], ["umol", "mmol", "mol"],
          ["uL", "mL", "L"], ["ug/kg/min", "mg/kg/h", "mg/kg/d"], ["s", "min", "h", "d", "wk"]]  # fmt: skip
pairs = st.sampled_from(SCALES).flatmap(lambda scale: st.tuples(st.sampled_from(scale), st.sampled_from(scale)))
numbers = st.floats(min_value=1e-6, max_value=1e9)


@given(numbers, pairs)
def test_there_and_back_is_the_same_amount(value: float, units: tuple[str, str]) -> None:
    here, there = units
    assert Q(value, here).to(there).to(here).value == pytest.approx(value, rel=1e-12)
    assert Q(value, here).same_as(Q(value, here).to(there))


@given(numbers, st.floats(min_value=0.001, max_value=1000), pairs)
def test_conversion_is_multiplicative(value: float, factor: float, units: tuple[str, str]) -> None:
    here, there = units
    scaled_first = Q(value, here).scale(factor).to(there).value
    assert scaled_first == pytest.approx(Q(value, here).to(there).scale(factor).value, rel=1e-12)


@given(numbers, st.floats(min_value=1, max_value=1e4), st.floats(min_value=0.01, max_value=1000))
def test_a_substance_converts_there_and_back(value: float, molar_mass: float, potency: float) -> None:
    substance = Substance("甲", molar_mass, potency, 2)
    for unit in ("mmol", "mEq", "IU", "万IU"):
        there = Q(value, "mg").to(unit, substance)
        assert there.to("mg", substance).value == pytest.approx(value, rel=1e-9)


@given(numbers.map(lambda value: round(value, 6)), st.sampled_from(["mg", "万单位", "μg/(kg·min)", "片", "毫升"]))
def test_what_is_written_is_read_back(value: float, unit: str) -> None:
    assert parse_quantity(f"{value:.6f} {unit}") == Q(float(f"{value:.6f}"), unit)


hospital_text = st.text(alphabet="0123456789.,:*/×x()+%与含每 mgulMLUI单位万片支粒盒瓶s半一两B葡萄糖-~^", max_size=24)


@given(st.one_of(st.text(max_size=40), hospital_text))
def test_the_parsers_raise_nothing_but_their_own_error(text: str) -> None:
    for parse in (parse_quantity, parse_strength):
        try:
            found = parse(text)
        except QuantityError:
            continue
        assert all(
            math.isfinite(quantity.value) for quantity in (found.amounts if isinstance(found, Strength) else [found])
        )


@given(hospital_text)
def test_a_strength_that_was_read_can_be_used(text: str) -> None:
    try:
        found = parse_strength(text)
    except QuantityError:
        return
    assert found.amounts
    assert len(found.names) == len(found.amounts)
    for count in (1, 2, 3):
        found.of(count)
    if found.per is not None:
        assert found.within(found.per) == found.amounts


def test_a_conversion_made_before_costs_about_a_microsecond() -> None:
    dose, limit = Q(500, "mg"), Q(1, "g")
    dose.less_than(limit)
    seconds = min(timeit.repeat(lambda: dose.to("g"), number=2000, repeat=5)) / 2000
    assert seconds < 10e-6  # about 0.8 µs on an idle core; room for a busy one
