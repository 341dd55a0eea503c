"""Tables as institutions keep them: Chinese headings, titles instead of codes, gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine

from base.tenancy import guard, system
from supervision.figures.catalogue import catalogue
from supervision.figures.lake import Lake
from supervision.figures.loads import load_file
from supervision.figures.manifest import LoadError, Manifest

TENANT = "league/a/h1"


@pytest.fixture
def lake(engine: Engine, tmp_path: Path) -> Lake:
    return Lake(tmp_path / "facts", Manifest(guard(engine)))


def load(lake: Lake, path: Path, fact: str = "visits") -> list[dict[str, Any]]:
    """What stands in the lake after a file was loaded."""
    known = catalogue().facts[fact]
    with system("test"):
        load_file(lake, known, TENANT, path, "somebody")
        found = duckdb.sql(f"SELECT * FROM ({lake.rows(known, lake.manifest.parts([fact]))}) ORDER BY id")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def test_headings_and_codes_may_be_chinese_and_what_is_empty_is_unknown(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "就诊.csv"
    path.write_text(
        "记录编号,日期,就诊类别,性别,预约就诊,医药费用合计\n1,2026-11-02,门诊,女,是,12.5\n2,2026-11-03,emergency,,否,\n",
        "utf-8",
    )
    first, second = load(lake, path)
    assert (first["kind"], first["sex"], first["appointed"], first["fee"]) == ("outpatient", "female", True, 12.5)
    assert (second["kind"], second["sex"], second["appointed"], second["fee"]) == ("emergency", None, False, None)


def test_a_parquet_file_is_taken_as_well(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    duckdb.sql("SELECT '1' AS id, DATE '2026-11-02' AS date, '门诊' AS kind").write_parquet(str(path))
    assert [row["kind"] for row in load(lake, path)] == ["outpatient"]


def test_what_an_institution_is_goes_into_its_rows_from_then_on(lake: Lake, tmp_path: Path) -> None:
    before, place, after = (tmp_path / name for name in ("before.csv", "place.csv", "after.csv"))
    before.write_text("id,date,kind\n1,2026-11-02,门诊\n", "utf-8")
    place.write_text(
        "id,date,name,own_tier,own_facility,own_level\n1,2026-11-30,白音镇卫生院,基层,township,1\n", "utf-8"
    )
    after.write_text("id,date,kind\n2,2026-11-03,门诊\n", "utf-8")
    load(lake, before)
    load(lake, place, "institutions")
    told = [(row["id"], row["tier"], row["facility"], row["level"]) for row in load(lake, after)]
    assert told == [("1", None, None, None), ("2", "primary", "township", 1)]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("visits.csv", "id,date,kind,就诊类型\n1,2026-11-02,门诊,门诊\n", "没有列 就诊类型"),
        ("visits.csv", "id,date,kind,日期\n1,2026-11-02,门诊,2026-11-02\n", "date 出现了两次"),
        ("visits.csv", "id,date,kind\n1,2026-11-02,住院\n", "kind 只能是"),
        ("visits.csv", "id,date,kind\n1,02.11.26,门诊\n", "无法读取"),
        ("visits.txt", "id,date,kind\n", "须为"),
        ("visits.parquet", "no parquet", "无法读取"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_with_the_column(
    lake: Lake, tmp_path: Path, name: str, text: str, says: str
) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(LoadError, match=says):
        load(lake, path)
