"""An allergy list that says there is none is none; one that nobody understands is not."""

from __future__ import annotations

import pytest

from clinical.patient import says_no_allergy


@pytest.mark.parametrize(
    "text",
    ["无", "否认", "无过敏史", "否认药物过敏史", "无药物及食物过敏史", "未发现", "暂无", "无已知药物过敏", "NKDA", "nka", "No known allergies", "否认药物、食物过敏史。"],
)  # fmt: skip
def test_none(text: str) -> None:
    assert says_no_allergy(text)


@pytest.mark.parametrize(
    "text", ["青霉素", "否认青霉素过敏史", "无花果", "不详", "未询问", "无，头孢过敏", "头孢过敏史", "", "无菌敷料"]
)
def test_not_none(text: str) -> None:
    assert not says_no_allergy(text)
