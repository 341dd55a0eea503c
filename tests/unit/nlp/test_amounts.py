"""What is said of how much and how often is compared by value, and what a source does not hold is found."""

from __future__ import annotations

import pytest

from nlp.amounts import doses, numbers, unfounded

SOURCE = "阿莫西林：成人 口服 每次0.5–1 g，tid，每日不超过3 g，疗程7–10天；CrCl 10–30 ml/min者每12小时1次。"


@pytest.mark.parametrize(
    "said",
    [
        "成人一次500mg，每8小时1次",
        "每次0.5～1g，一日3次",
        "每次1000 毫克，一天三次",
        "一日量不超过3000mg",
        "疗程7~10天",
        "肌酐清除率10~30ml/min者q12h",
        "1. 每次0.5g[1]，每日三次[1,2]",
        "可以使用",
    ],
)
def test_the_same_amount_in_other_words_stands_in_the_source(said: str) -> None:
    assert unfounded(said, [SOURCE]) == []


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("成人一次5g，每8小时1次", ["5g"]),
        ("每次0.5g，每日4次", ["每日4次"]),
        ("每次0.5mg，tid", ["0.5mg"]),
        ("每次3g，tid", ["3g"]),
        ("每日0.5g", ["0.5g"]),
        ("每次0.5g/kg，tid", ["0.5g/kg"]),
        ("每公斤体重0.5g", ["0.5g"]),
        ("每次0.5～2g", ["0.5～2g"]),
        ("每次两片，每周一次", ["两片", "每周一次"]),
        ("疗程21天", ["21天"]),
        ("65岁以上", ["65岁"]),
        ("INR目标2.5", ["2.5"]),
    ],
)
def test_what_the_source_does_not_say_is_named(said: str, missing: list[str]) -> None:
    assert unfounded(said, [SOURCE]) == missing


def test_the_patient_may_give_ages_and_results_but_never_a_dose() -> None:
    aside = ["患者65岁，eGFR 25 ml/min，正在服用阿莫西林一次5g"]
    assert unfounded("患者65岁，eGFR 25 ml/min", [SOURCE], aside) == []
    assert unfounded("一次5g", [SOURCE], aside) == ["5g"]


@pytest.mark.parametrize(
    ("text", "values", "unit"),
    [
        ("25mg/(kg·d)", (25.0,), "mg/kg"),
        ("40万单位～80万单位", (40.0, 80.0), "万IU"),
        ("0.25g~0.5g", (0.25, 0.5), "g"),
        ("100mg至0.5g", (0.1, 0.5), "g"),
        ("1,000 mg", (1000.0,), "mg"),
        ("１０ｍｇ", (10.0,), "mg"),
        ("每kg体重10mg", (10.0,), "mg/kg"),
        ("半片", (0.5,), "片"),
        ("10μg/(kg·min)", (10.0,), "ug/kg/min"),
    ],
)
def test_doses_as_they_are_written(text: str, values: tuple[float, ...], unit: str) -> None:
    (found,) = doses(text)
    assert found.values == pytest.approx(values)
    assert found.unit == unit


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("每4-6小时1次", (6.0, 4.0)),
        ("一日2～3次", (2.0, 3.0)),
        ("隔日1次", (0.5,)),
        ("每2日1次", (0.5,)),
        ("每两周1次", (1 / 14,)),
        ("每周2次", (2 / 7,)),
        ("3次/日", (3.0,)),
        ("睡前", (1.0,)),
        ("BID", (2.0,)),
    ],
)
def test_frequencies_as_they_are_written(text: str, times: tuple[float, ...]) -> None:
    (found,) = numbers(text).frequencies
    assert found.times == pytest.approx(times)


def test_numbers_within_names_are_none() -> None:
    found = numbers("CYP2C19、PD-1、COX-2、维生素B12、HbA1c[3]")
    assert (found.amounts, found.frequencies, found.bare) == ([], [], [])
    assert [amount.unit for amount in numbers("一般情况下，一方面，HbA1c<7%").amounts] == ["%"]
