"""Diagnoses of another hospital that no longer hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clinical.coded import Coded, Origin
from clinical.codes import Icd10
from clinical.passing import is_over
from clinical.patient import Condition

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def recorded(text: str, days: float | None, code: str = "") -> Condition:
    time = None if days is None else NOW - timedelta(days=days)
    return Condition(Coded(text, (Icd10(code),) if code else ()), origin=Origin(time=time))


@pytest.mark.parametrize(
    ("text", "code", "days", "over"),
    [
        ("社区获得性肺炎", "J18.900", 150, True),
        ("社区获得性肺炎", "J18.900", 10, False),
        ("急性上呼吸道感染", "", 40, True),
        ("上感", "J06.900", 40, True),
        ("2型糖尿病", "E11.900", 300, False),
        ("慢性阻塞性肺疾病急性加重", "J44.100", 300, False),
        ("慢性支气管炎", "J42.x00", 300, False),
        ("急性心肌梗死", "I21.900", 300, False),
        ("胃溃疡", "K25.900", 300, False),
        ("左侧桡骨骨折", "S52.500", 60, True),
    ],
)
def test_an_acute_illness_passes_in_a_month_and_a_lasting_one_does_not(
    text: str, code: str, days: float, over: bool
) -> None:
    assert is_over(recorded(text, days, code), NOW) is over


@pytest.mark.parametrize(
    ("text", "days", "over"),
    [
        ("孕32+5周", 30, False),
        ("孕32+5周", 90, True),
        ("早期妊娠", 100, False),
        ("晚期妊娠", 120, True),
        ("妊娠期糖尿病", 300, True),
        ("妊娠", 200, False),
    ],
)
def test_a_pregnancy_ends(text: str, days: float, over: bool) -> None:
    assert is_over(recorded(text, days), NOW) is over


def test_what_nobody_dated_may_hold() -> None:
    assert not is_over(recorded("肺炎", None, "J18.900"), NOW)
