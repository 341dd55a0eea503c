"""Two rows of one load that say different things of one matter: neither replaces the other in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.bootstrap import House, loaders
from knowledge.intake import RowError
from knowledge.merge import load
from loaders import yigong

HEAD = "检验,性别,年龄下限,年龄上限,单位,下限,上限,危急低,危急高,来源,章节\n"
FIRST, SECOND, CHILD = (
    f"钾,,{low},{high},mmol/L,{least},5.3,,,book,表\n"
    for low, high, least in (("18岁", "", 3.5), ("18岁", "", 3.6), ("1岁", "18岁", 3.4))
)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "sources.csv").write_text("编号,名称,类型,发布者,年份\nbook,检验手册,专著,某社,2024\n", "utf-8")
    (tmp_path / "labs.csv").write_text("编号,名称,英文名,标本,单位,来源\nk,钾,Potassium,血清,mmol/L,book\n", "utf-8")
    return tmp_path


def test_the_first_counts_and_the_other_is_told_with_where_the_first_stands(fresh: House, tables: Path) -> None:
    (tables / "lab_ranges.csv").write_text(HEAD + FIRST + CHILD, "utf-8")
    (tables / "lab_ranges_more.csv").write_text(HEAD + SECOND, "utf-8")
    report = load(fresh.store, loaders()["formulary"], tables, "li")
    (error,) = report.errors
    assert (error.file, error.line) == ("lab_ranges_more.csv", 2)
    assert "lab_ranges.csv 第 2 行" in error.message
    kept = [statement.qualifiers["low"] for statement, _ in fresh.store.about("lab:k")]
    assert sorted(kept) == [3.4, 3.5]


def test_what_is_said_twice_alike_is_no_error(tables: Path) -> None:
    (tables / "lab_ranges.csv").write_text(HEAD + FIRST + FIRST, "utf-8")
    assert [row for row in yigong.rows(tables) if isinstance(row, RowError)] == []
