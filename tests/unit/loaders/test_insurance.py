"""Payment limits of the national rule base reach the drugs that orders are understood as, form by form."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from api.bootstrap import House, loaders, open_house
from base.settings import Settings
from knowledge.intake import Row
from knowledge.merge import LoadReport, load
from knowledge.model import Predicate, Standing, Statement
from knowledge.release import publish
from knowledge.review import Workflow
from knowledge.snapshot import Snapshot
from rules.families.insurance_limit import FAMILY
from tests.case_tables import reviewed

TABLE = """药品编码,药品名称,险种限制,机构限制,就医限制,性别限制,年龄限制,疾病限制,疗程限制
XN02ABF047V0,芬太尼,,,,,,(骨转移),
XN07XXA100B0,奥拉西坦,,,,,,(脑外伤),14天
XL04ADT100X0,他克莫司,,,,,,(特应性皮炎),
ZA01AAX09310,小儿清热感冒片,,,,,儿童,,
XG04CAX100E0,盐酸坦索罗辛缓释胶囊,,二级,住院,男,,,
XX00XXX000A0,并不存在片,,,,男,,,
"""


def _workbook(path: Path) -> None:
    """As the authority publishes them: limits by name on one sheet, codes by name on another."""
    book = Workbook()
    limits = book.active
    limits.append(["药品通用名", "药品说明", "限定类型", "限定对象"])
    limits.append(["度他雄胺软胶囊", "用于前列腺增生", "限定性别对象", "男"])
    limits.append(["安坤颗粒", "调经", "限定性别对象", "女"])
    codes = book.create_sheet("代码")
    codes.append(["序号", "药品通用名", "药品代码"])
    codes.append(["1", "度他雄胺软胶囊", "XG04CBD100E002010102180"])
    codes.append(["2", "安坤颗粒", "ZD03AAA0043020100166"])
    book.save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("rules")
    (made / "drug_limit_rules.csv").write_text(TABLE, "utf-8")
    _workbook(made / "药品规则库(限定性别对象).xlsx")
    return made


@pytest.fixture(scope="module")
def loaded(
    starter_dir: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[House, LoadReport, Snapshot]:
    """The starter content with the small rule base loaded, accepted and published."""
    data = Path(shutil.copytree(starter_dir, tmp_path_factory.mktemp("insurance") / "data"))
    house = open_house(Settings(data_dir=data))
    report = load(house.store, loaders()["insurance"], folder, "li")
    Workflow(house.store).accept_load("insurance", "wang", "test")
    publish(house.store, house.releases, house.key, (), "wang", "test")
    return house, report, house.releases.open(house.releases.active())


def _limits(snapshot: Snapshot, drug: str) -> list[Statement]:
    found = snapshot.statements(Predicate.INSURANCE_LIMIT, drug)
    return [s for s in found if s.standing is Standing.SECONDARY]


def test_a_name_with_its_form_reaches_the_ingredient_in_that_form(loaded: tuple[House, LoadReport, Snapshot]) -> None:
    limits = _limits(loaded[2], "ingredient:tamsulosin")
    assert {s.qualifiers["limit"] for s in limits} == {"sex", "grade", "visit"}
    assert all(s.qualifiers["forms"] == ["缓释胶囊"] for s in limits)
    assert {s.qualifiers.get("grade_min") for s in limits} == {None, 2}


def test_a_bare_name_takes_its_form_from_the_code_and_without_one_stays_where_it_is(
    loaded: tuple[House, LoadReport, Snapshot],
) -> None:
    snapshot = loaded[2]
    assert [s.qualifiers["forms"] for s in _limits(snapshot, "ingredient:fentanyl")] == [["贴剂"]]
    assert {tuple(s.qualifiers["forms"]) for s in _limits(snapshot, "ingredient:oxiracetam")} == {("注射剂",)}
    assert _limits(snapshot, "ingredient:tacrolimus") == []


def test_codes_on_another_sheet_tell_western_drugs_from_chinese_ones(folder: Path) -> None:
    rows = [row.record for row in loaders()["insurance"].rows(folder) if isinstance(row, Row)]
    subjects = {r.subject for r in rows if isinstance(r, Statement) and r.subject.startswith("?")}
    assert "?drug:度他雄胺" in subjects
    assert not any("安坤" in subject or "小儿清热感冒" in subject for subject in subjects)


def test_names_we_do_not_know_are_said_once(loaded: tuple[House, LoadReport, Snapshot]) -> None:
    report = loaded[1]
    assert report.left_out == 1
    assert any("并不存在" in error.message for error in report.errors)


def test_words_of_a_phrase_become_diseases_and_types_of_cover(folder: Path) -> None:
    rows = [row.record for row in loaders()["insurance"].rows(folder) if isinstance(row, Row)]
    said = [r.qualifiers for r in rows if isinstance(r, Statement) and r.qualifiers.get("limit") == "disease"]
    assert {word for q in said for word in q["diseases"]} == {"骨转移", "脑外伤", "特应性皮炎"}


def _said(snapshot: Snapshot, text: str, route: str, **about: Any) -> list[str]:
    order = {"id": "o1", "text": text, "dose": 1, "unit": "mg", "route": route, "frequency": "qd", "days": 20}
    patient = {"id": "p", "sex": "女", "birthDate": "1960-01-01", "conditions": [{"text": "腰痛"}]}
    request = {"patient": patient, "orders": [order], "insurance": "职工医保", "visit": "outpatient", **about}
    findings = reviewed(snapshot, FAMILY, request).findings
    assert all(not f.interruptive and f.severity.value in ("minor", "info") for f in findings)
    return [finding.summary for finding in findings]


def test_orders_meet_the_limits_of_their_form_only(loaded: tuple[House, LoadReport, Snapshot]) -> None:
    snapshot = loaded[2]
    (patch,) = _said(snapshot, "芬太尼透皮贴剂", "贴皮")
    assert "骨转移" in patch
    assert _said(snapshot, "枸橼酸芬太尼注射液", "静脉注射") == []
    assert any("14天" in said for said in _said(snapshot, "注射用奥拉西坦", "静脉滴注"))
    assert _said(snapshot, "奥拉西坦胶囊", "口服") == []


def test_patent_medicines_are_met_under_their_national_name(loaded: tuple[House, LoadReport, Snapshot]) -> None:
    (child,) = _said(loaded[2], "小儿清热感冒片", "口服")
    assert "儿童" in child
    (woman,) = _said(loaded[2], "安坤颗粒", "口服", patient={"id": "p", "sex": "男"})
    assert "女" in woman
