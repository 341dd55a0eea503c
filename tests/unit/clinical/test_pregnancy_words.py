"""Weeks and trimesters as diagnoses write them."""

from __future__ import annotations

import pytest

from clinical.logic import UNKNOWN
from clinical.patient import pregnancy_in


@pytest.mark.parametrize(
    ("text", "days"),
    [("孕32周", 224), ("孕32+5周", 229), ("孕32周+5天", 229), ("妊娠8周", 56), ("G2P1 宫内孕单活胎38周", 266), ("停经49天", 49)],
)  # fmt: skip
def test_weeks(text: str, days: int) -> None:
    found = pregnancy_in(text)
    assert found is not None
    assert found.gestational_days == days


@pytest.mark.parametrize(("text", "trimester"), [("早孕", 1), ("妊娠中期", 2), ("晚期妊娠", 3)])
def test_trimesters(text: str, trimester: int) -> None:
    found = pregnancy_in(text)
    assert found is not None
    assert (found.gestational_days, found.trimester()) == (UNKNOWN, trimester)


@pytest.mark.parametrize("text", ["孕2产1", "高血压", "产后42天", "人工流产术后", "早孕？", "孕60周", "异位妊娠", ""])
def test_neither(text: str) -> None:
    assert pregnancy_in(text) is None
