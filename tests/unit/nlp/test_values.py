"""Measured values as they stand in records."""

from __future__ import annotations

import pytest

from nlp import values


@pytest.mark.parametrize(
    ("name", "rest", "value", "comparator", "unit"),
    [
        ("WBC", " 15.2×10^9/L", 15.2, "", "10^9/L"),
        ("WBC", " 2.1*10⁹/L", 2.1, "", "10^9/L"),
        ("TSH", "<0.005mIU/L", 0.005, "<", "mIU/L"),
        ("体温", "最高39.2℃", 39.2, "", "℃"),
        ("体温", "超过38.5℃", 38.5, ">", "℃"),
        ("eGFR", " 28ml/min/1.73m2", 28, "", "ml/min/1.73m2"),
        ("心率", " 62 bpm", 62, "", "bpm"),
        ("INR", " 2.1↑", 2.1, "", ""),
    ],
)
def test_the_value_behind_a_name(name: str, rest: str, value: float, comparator: str, unit: str) -> None:
    found = values.value_after(name + rest, len(name))
    assert found is not None
    assert (found.value, found.comparator, found.unit) == (value, comparator, unit)


def test_a_range_has_two_ends_and_no_value() -> None:
    found = values.value_after("空腹血糖7~9mmol/L", 4)
    assert found is not None
    assert (found.value, found.low, found.high, found.unit) == (None, 7, 9, "mmol/L")


@pytest.mark.parametrize("text", ["体温3天", "体重2年", "血糖2024年", "心率，呼吸"])
def test_a_number_that_counts_something_else_is_no_value(text: str) -> None:
    assert values.value_after(text, 2) is None


def test_a_value_that_changed_is_read_twice() -> None:
    change = values.change_after("CRP由128降至16mg/L", 3)
    assert change is not None
    assert [(one.value, one.unit) for one in change] == [(128, "mg/L"), (16, "mg/L")]


@pytest.mark.parametrize(
    ("text", "positive"), [("HBsAg(-)", False), ("尿蛋白(++)", True), ("TRAb阳性", True), ("肌钙蛋白两次阴性", False)]
)
def test_a_result_in_words(text: str, positive: bool) -> None:
    found = values.word_after(text, {"H": 5, "尿": 3, "T": 4, "肌": 4}[text[0]])
    assert found == (len(text), positive)


def test_blood_pressure_needs_its_name_its_unit_or_words_of_pressure() -> None:
    (range_,) = values.pressures("自测血压波动于140-160/90-100mmHg")
    assert (range_.systolic, range_.diastolic) == ((140, 160), (90, 100))
    assert [one.systolic[0] for one in values.pressures("最高180/110，降压后150/90mmHg")] == [180, 150]
    assert values.pressures("第12/25页，咖啡160/95元") == []


def test_letters_are_vital_signs_only_where_the_value_can_be() -> None:
    assert [(name, one.value) for name, one in values.signs("T37.8，P96，R18")] == [
        ("体温", 37.8),
        ("脉搏", 96),
        ("呼吸频率", 18),
    ]
    assert values.signs("T12椎体骨折，P53(+)，R2") == []


def test_a_temperature_without_its_name() -> None:
    assert [one.value for one in values.warmths("发烧38度5，昨日39.2℃")] == [38.5, 39.2]


def test_weeks_of_pregnancy_count_in_days() -> None:
    assert [days for _, _, days in values.weeks("孕35+4周，因腹痛入院")] == [249]
    assert values.weeks("孕24周行OGTT") == [], "a date within a pregnancy is not its age"
