"""Workbooks we write are read back as they were, and hold no formulas."""

from __future__ import annotations

from pathlib import Path

from base.tabular import read, write_workbook


def test_rows_come_back_and_formulas_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_workbook(path, {"一": [{"药品": "华法林", "次数": 3}, {"药品": "=1+1", "次数": 0}], "空": []})
    assert [row.cells for row in read(path, "一")] == [
        {"药品": "华法林", "次数": "3"},
        {"药品": "'=1+1", "次数": "0"},
    ]
    assert list(read(path, "空")) == []
