"""Windows of repeats by institution: a hospital's own table decides where it orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import House, loaders
from base.plugins import discover
from clinical.finding import Finding
from knowledge.merge import load
from knowledge.release import publish
from knowledge.review import Workflow
from knowledge.snapshot import Snapshot
from rules.model import Family
from tests.case_tables import reviewed

FAMILY = discover("rules.families", "FAMILY", Family)["duplicate-exam"]


@pytest.fixture
def local(starter_dir: Path, tmp_path: Path) -> Iterator[Snapshot]:
    """The starter release with a county's own recognition list."""
    import shutil

    from api.bootstrap import open_house
    from base.settings import Settings

    shutil.copytree(starter_dir, tmp_path / "data")
    house: House = open_house(Settings(data_dir=tmp_path / "data"))
    table = tmp_path / "repeat_windows.csv"
    table.write_text("项目,机构,重复间隔,互认,来源,章节\n胸部CT,县医院,1天,是,county-list,第3条\n", "utf-8")
    (tmp_path / "sources.csv").write_text(
        "编号,名称,类型,发布者,版本,年份,网址\ncounty-list,本县检查检验结果互认清单,法规,县卫生健康局,,2026,\n",
        "utf-8",
    )
    folder = tmp_path / "own"
    folder.mkdir()
    for file in (table, tmp_path / "sources.csv"):
        file.rename(folder / file.name)
    report = load(house.store, loaders()["formulary"], folder, "li")
    assert report.errors == []
    Workflow(house.store).accept_load("formulary", "wang", "checked", True)
    made = publish(house.store, house.releases, house.key, (), "wang", "recognition list")
    yield house.releases.open(made.release)
    house.engine.dispose()


def found(snapshot: Snapshot, institution: str, days: int) -> tuple[Finding, ...]:
    report: dict[str, Any] = {
        "text": "胸部CT",
        "time": f"2026-11-{24 - days:02d}T01:00:00+00:00",
        "institution": "市医院",
    }
    order = {"id": "o1", "kind": "exam", "text": "胸部CT"}
    request = {"patient": {"id": "p", "reports": [report], "observations": []}, "orders": [order]}
    return reviewed(snapshot, FAMILY, request | {"institution": institution}).findings


def test_the_institutions_own_window_decides_where_it_orders(local: Snapshot) -> None:
    assert found(local, "县医院", 3) == (), "its list says one day"
    assert found(local, "镇卫生院", 3), "elsewhere the general interval holds"


def test_what_the_list_recognises_is_recognised(local: Snapshot) -> None:
    (finding,) = found(local, "县医院", 0)
    assert "互认" in finding.summary
