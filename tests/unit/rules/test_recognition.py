"""What is recognised: windows of repeats by institution, blood groups and components, genetic results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.bootstrap import House, loaders
from base.plugins import discover
from clinical.finding import Finding, Severity
from clinical.logic import UNKNOWN
from clinical.order import Order
from knowledge.merge import load
from knowledge.release import publish
from knowledge.review import Workflow
from knowledge.snapshot import Snapshot
from nlp.blood_text import blood_names
from nlp.gene_text import gene_names, genes_of, is_restricted
from rules.blood_groups import Group, blood_group
from rules.devices import device_severity
from rules.families.pharmacogenomics import meaning
from rules.model import Case, Family
from supervision.recognition import windows
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


def test_the_list_of_an_institution_says_what_holds_there(local: Snapshot) -> None:
    [own] = [w for w in windows(local, "县医院", "2026-11-24") if w.item == "胸部CT"]
    assert (own.hours, own.recognised, own.own, own.section) == (24, True, True, "第3条")
    assert own.source == "本县检查检验结果互认清单"
    [general] = [w for w in windows(local, "镇卫生院", "2026-11-24") if w.item == "胸部CT"]
    assert not general.own
    assert general.hours > 24


@pytest.mark.parametrize(
    ("text", "abo", "rhd"),
    [
        ("O型RhD阳性", "O", "阳性"),
        ("B型,Rh(D)阴性(-)", "B", "阴性"),
        ("AB", "AB", ""),
        ("A+", "A", "阳性"),
        ("ABO血型:B型 Rh(D)血型:阳性", "B", "阳性"),
        ("阴性(-)", "", "阴性"),
        ("A型(原报告B型)", "", ""),
        ("待查", "", ""),
        ("Rh(D)阴性", "", "阴性"),
        ("O型Rh阳性(D+)", "O", "阳性"),
        ("“B”型 RH阳", "B", "阳性"),
        ("ABO-B RhD-阳性", "B", "阳性"),
        ("A型,抗B阳性", "A", ""),
        ("RhD阴性,抗-D阳性", "", "阴性"),
        ("B型RhD阴性(弱D阳性)", "B", "阴性"),
        ("新生儿A型 母亲O型RhD阴性", "A", ""),
        ("供者B型", "", ""),
        ("非A型", "", ""),
    ],
)
def test_a_blood_group_is_read_however_it_is_written(text: str, abo: str, rhd: str) -> None:
    assert blood_group(text, alone=True) == Group(abo, rhd)


def test_an_order_names_a_group_only_where_it_says_so() -> None:
    assert blood_group("去白细胞悬浮红细胞 4U(A型RhD阳性)") == Group("A", "阳性")
    assert blood_group("ABO同型血浆 200ml") == Group()
    assert blood_group("悬浮红细胞 2U A型") == Group("A", "")
    assert blood_group("供者O型红细胞") == Group("O", "")


@pytest.mark.parametrize(
    "note",
    [
        "A型主动脉夹层术中备血",
        "血友病A型",
        "骨盆骨折B型",
        "Stanford A型夹层",
        "HBsAb阳性",
        "D-二聚体升高",
        "患者父亲血型B型",
    ],
)
def test_a_type_of_something_else_is_no_blood_group(note: str) -> None:
    assert blood_group(note) == Group()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("去白细胞悬浮红细胞 4U(A型RhD阳性)", "悬浮红细胞"),
        ("单采血小板 1治疗量(O型)", "单采血小板"),
        ("悬浮红细胞(去白)(辐照) 2单位", "辐照悬浮红细胞"),
        ("悬浮红细胞(A+)2U", "悬浮红细胞"),
        ("血小板(单采) O型RhD阳性 ×1袋", "单采血小板"),
        ("悬浮红细胞 2U B型RhD阳性", "悬浮红细胞"),
        ("AB型血浆 200ml", "血浆"),
        ("A型血小板 1治疗量", "血小板"),
        ("机采血小板 A RhD+", "机采血小板"),
        ("悬浮红细胞(未辐照) 2U", "悬浮红细胞"),
    ],
)
def test_a_component_is_found_under_its_name(text: str, name: str) -> None:
    assert name in list(blood_names(text))


def test_irradiation_in_brackets_is_never_dropped() -> None:
    assert "悬浮红细胞" not in list(blood_names("悬浮红细胞(辐照) 2U"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NUDT15基因c.415C>T", "nudt15"),
        ("线粒体DNA m.1555A>G", "m.1555a>g"),
        ("EGFR基因(18-21外显子)", "egfr基因"),
        ("HLA-B5801等位基因检测", "hla-b*58:01"),
        ("VKORC1 -1639G>A", "vkorc1"),
        ("CYP2C19*2/*3基因型", "cyp2c19"),
    ],
)
def test_a_gene_is_found_under_its_name(text: str, name: str) -> None:
    assert name in list(gene_names(text))


def test_a_test_of_one_change_is_not_the_test_of_the_gene() -> None:
    assert is_restricted("EGFR基因(T790M)")
    assert "egfr" not in list(gene_names("EGFR T790M")) + list(gene_names("EGFR基因(20外显子)"))
    assert genes_of("TPMT/NUDT15基因") == ("tpmt", "nudt15")


@pytest.mark.parametrize(
    "text",
    [
        "EGFR G719A",
        "EGFR基因(G719A)",
        "EGFR c.2369C>T",
        "BRAF G469A",
        "EGFR基因(外显子20)",
        "EGFR免疫组化",
        "EGFR(FISH)",
        "EGFR基因扩增",
        "HER2基因突变",
    ],
)
def test_one_change_or_another_method_does_not_stand_for_the_gene(text: str) -> None:
    assert is_restricted(text)
    assert {"egfr基因", "braf", "her2", "her2基因"}.isdisjoint(gene_names(text))


@pytest.mark.parametrize(
    "text", ["EGFR基因突变检测(扩增阻滞突变系统)", "HER2(IHC)", "HER2基因扩增", "MTHFR C677T", "ALK(D5F3)"]
)
def test_the_usual_method_is_the_test_of_the_gene(text: str) -> None:
    assert not is_restricted(text)


@pytest.mark.parametrize(
    ("text", "test", "says"),
    [
        ("GA", "CYP2C19*2(681G>A)", {"AG", "杂合", "*1/*2"}),
        ("L858R突变，其余外显子野生型", "", {"阳性", "野生型"}),
        ("19del阳性，T790M阴性", "", {"阳性"}),
        ("2+，FISH阴性", "", {"2+", "阴性"}),
        ("突变位点检测：未检出突变", "", {"阴性"}),
        ("标本量不足", "", set()),
    ],
)
def test_a_genetic_result_is_read(text: str, test: str, says: set[str]) -> None:
    assert meaning(text, test) == says


def magnetic(device: str, note: str = "", order: str = "头颅MRI", report: str = "") -> Severity | None:
    reports = (SimpleNamespace(what=SimpleNamespace(text="手术记录"), conclusion=report),) if report else UNKNOWN
    patient = SimpleNamespace(conditions=UNKNOWN, procedures=UNKNOWN, reports=reports)
    asked = SimpleNamespace(note=note, what=SimpleNamespace(text=order))
    return device_severity(cast(Case, SimpleNamespace(patient=patient)), cast(Order, asked), device)


@pytest.mark.parametrize(
    "device",
    [
        "起搏器植入术后，MRI不兼容",
        "起搏器(非MRI兼容型)",
        "起搏器不是MRI兼容型",
        "起搏器不兼容3.0T MRI",
        "起搏器兼容MRI，电极不兼容",
        "起搏器 MR Unsafe",
        "起搏器，磁共振禁忌",
    ],
)
def test_a_device_that_does_not_allow_magnetic_resonance(device: str) -> None:
    assert magnetic(device, order="3.0T头颅MRI") is Severity.CONTRAINDICATED


@pytest.mark.parametrize("device", ["起搏器植入术后(MRI兼容)", "CRT-D MRI兼容，无废弃导线", "起搏器 MR Conditional"])
def test_a_device_that_allows_it(device: str) -> None:
    assert magnetic(device) is Severity.MINOR


@pytest.mark.parametrize(
    "note",
    [
        "患者既往未行MRI检查",
        "无MRI禁忌证",
        "已签MRI安全知情同意书",
        "MRI支持脑梗死诊断",
        "MRI兼容性待核实",
        "不能确定MRI兼容",
        "MRI兼容，有废弃导线",
        "EMR术后，钛夹兼容",
    ],
)
def test_a_remark_that_says_nothing_of_the_device(note: str) -> None:
    assert magnetic("起搏器植入术后", note) is None


@pytest.mark.parametrize(
    ("device", "order", "severity"),
    [
        ("起搏器MRI兼容(1.5T)", "3.0T MRI", None),
        ("起搏器MRI兼容(1.5T)", "1.5T MRI", Severity.MINOR),
        ("起搏器MRI兼容1.5T，不支持3.0T", "3.0T MRI", None),
        ("起搏器3.0T MRI不可行，1.5T MRI可行", "1.5T MRI", Severity.MINOR),
        ("起搏器3.0T MRI不可行，1.5T MRI可行", "3.0T MRI", Severity.CONTRAINDICATED),
    ],
)
def test_the_field_decides_what_a_device_allows(device: str, order: str, severity: Severity | None) -> None:
    assert magnetic(device, order=order) is severity


def test_a_clip_of_the_gut_says_nothing_of_one_of_the_brain() -> None:
    assert magnetic("颅内动脉瘤夹闭术后", report="动脉瘤开颅夹闭，钛夹，MRI兼容") is Severity.MINOR
    assert magnetic("颅内动脉瘤夹闭术后", report="肠息肉切除，止血夹MRI兼容") is None
