"""The document of all rules: every row that can alert, with its source, as a workbook."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from api.cli import app
from api.commands.catalogue import sheets_of
from base.plugins import discover
from knowledge.snapshot import Snapshot
from rules.model import Family

FAMILIES = discover("rules.families", "FAMILY", Family)
Sheets = dict[str, list[dict[str, object]]]


@pytest.fixture(scope="module")
def sheets(snapshot: Snapshot) -> Sheets:
    return dict(sheets_of(snapshot))


def test_every_family_is_told_with_what_it_decides_by(sheets: Sheets) -> None:
    told = {row["规则族"]: row for row in sheets["规则族"]}
    assert set(told) == set(FAMILIES)
    assert all(Path(__file__).parents[2].joinpath(str(row["说明文档"])).exists() for row in told.values())
    assert told["dose"]["知识条数"] == len(sheets["剂量"])
    assert len(sheets["剂量"]) > 2000
    assert told["authored"]["依据的知识"] == "机构自写规则"


def test_every_rule_has_a_source_a_version_and_a_standing(sheets: Sheets) -> None:
    rows = [row for title, found in sheets.items() if title != "规则族" for row in found]
    assert len(rows) > 10_000
    lacking = [row["规则编号"] for row in rows if not (row["来源"] and row["版本"] and row["状态"])]
    assert lacking == []


def test_the_command_writes_the_workbook(starter_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "rules.xlsx"
    done = CliRunner().invoke(app, ["catalogue", str(path), "--data-dir", str(starter_dir)])
    assert done.exit_code == 0, done.output
    assert {"规则族", "剂量", "机构规则"} <= set(load_workbook(path, read_only=True).sheetnames)
