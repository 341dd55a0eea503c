"""Text for reading in tables: sections become articles, are reviewed, published and found."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from api.bootstrap import House, loaders
from base.tabular import write_workbook
from knowledge.merge import LoadReport, load
from knowledge.model import Article, Citation, Standing, Status
from knowledge.release import publish
from knowledge.review import Workflow
from nlp import search

HEADER = ("概念", "概念类型", "标题", "小标题", "正文", "来源", "章节")
GUIDE, LABEL = "本院肺炎诊疗规范", "华法林用药须知"
SEVERITY = (
    "肺炎",
    "",
    GUIDE,
    "严重程度评估",
    "入院时以 CURB-65 评分。\n3 分及以上收入重症监护。",
    "cap-2024",
    "第三章",
)
FOLLOW_UP = ("肺炎", "", GUIDE, "出院随访", "出院后六周复查胸片，吸烟者同时筛查肺癌。", "cap-2024", "第七章")
VITAMIN_K = (
    "华法林",
    "",
    LABEL,
    "饮食",
    "服药期间菠菜、西兰花的进食量保持稳定。",
    "说明书:华法林钠片",
    "【注意事项】",
)
SECTIONS = (SEVERITY, FOLLOW_UP, VITAMIN_K)


def folder_of(folder: Path, *sections: tuple[str, ...], header: tuple[str, ...] = HEADER) -> Path:
    """A hospital's tables: a guideline, a drug, what is called 结石 twice, and these sections."""
    (folder / "sources.csv").write_text(
        "编号,名称,类型,发布者,版本,年份,网址\ncap-2024,本院社区获得性肺炎规范,指南,本院,2024版,2024,\n", "utf-8"
    )
    (folder / "drugs.csv").write_text("编号,通用名,英文名,来源\nwarfarin,华法林,warfarin,cap-2024\n", "utf-8")
    (folder / "diseases.csv").write_text(
        "编号,名称,英文名,别名,来源\npneumonia,肺炎,pneumonia,肺部感染,cap-2024\nstone,结石,stone,,cap-2024\n",
        "utf-8",
    )
    (folder / "labs.csv").write_text(
        "编号,名称,英文名,标本,来源\nstone-analysis,结石,stone analysis,结石,cap-2024\n", "utf-8"
    )
    with (folder / "articles.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((header, *sections))
    return folder


def loaded(house: House, folder: Path) -> LoadReport:
    return load(house.store, loaders()["formulary"], folder, "li")


def accepted(house: House) -> int:
    return Workflow(house.store).accept_load("formulary", "wang", "药事会", reviewed=True)


def articles(house: House) -> dict[str, tuple[Article, Status]]:
    """What is stored, by title."""
    return {article.title: (article, status) for article, status in house.store.heads(Article)}


def refused(house: House, folder: Path, *sections: tuple[str, ...]) -> tuple[int, str, str]:
    """Line, column and message of the only row that is refused."""
    (error,) = loaded(house, folder_of(folder, *sections)).errors
    assert error.file == "articles.csv"
    return error.line, error.field, error.message


def test_rows_of_a_concept_and_title_are_sections_of_one_article(fresh: House, tmp_path: Path) -> None:
    report = loaded(fresh, folder_of(tmp_path, SEVERITY, VITAMIN_K, FOLLOW_UP, FOLLOW_UP))
    assert (report.errors, report.kinds["article"]) == ([], 2)
    guide, status = articles(fresh)[GUIDE]
    assert (guide.concept, guide.standing, guide.origin, status) == (
        "disease:pneumonia",
        Standing.UNREVIEWED,
        "formulary",
        Status.DRAFT,
    )
    assert [s.heading for s in guide.sections] == ["严重程度评估", "出院随访"]
    assert guide.sections[0].text == SEVERITY[4]
    assert guide.sections[0].citations == (Citation("cap-2024", "第三章"),)


def test_once_published_search_finds_each_section_with_its_source(fresh: House, tmp_path: Path) -> None:
    loaded(fresh, folder_of(tmp_path, *SECTIONS))
    accepted(fresh)
    publish(fresh.store, fresh.releases, fresh.key, (), "wang")
    snapshot = fresh.releases.open(fresh.releases.active())
    (tmp_path / "index").mkdir()
    search.build(snapshot, tmp_path / "index")
    index = search.Index.open(tmp_path / "index", snapshot)
    for query, row, source, title, concept in (
        ("肺炎 CURB-65 重症监护", SEVERITY, "cap-2024", "本院社区获得性肺炎规范", "disease:pneumonia"),
        ("肺部感染出院后多久复查胸片", FOLLOW_UP, "cap-2024", "本院社区获得性肺炎规范", "disease:pneumonia"),
        ("华法林能吃菠菜吗", VITAMIN_K, "label:华法林钠片", "华法林钠片说明书", "ingredient:warfarin"),
    ):
        found = index.find(query)[0].passage
        assert (found.heading, found.text, found.section) == (row[3], row[4], row[6])
        assert (found.source, found.source_title, found.concept) == (source, title, concept)
        assert found.standing == Standing.REVIEWED


def test_what_is_not_accepted_is_not_published(fresh: House, tmp_path: Path) -> None:
    loaded(fresh, folder_of(tmp_path, *SECTIONS))
    publish(fresh.store, fresh.releases, fresh.key, (), "wang")
    assert list(fresh.releases.open(fresh.releases.active()).articles()) == []


def test_loading_twice_changes_nothing(fresh: House, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, *SECTIONS)
    loaded(fresh, folder)
    before = articles(fresh)
    again = loaded(fresh, folder)
    assert (again.written, again.kept, again.errors) == (0, 0, [])
    assert articles(fresh) == before


def test_a_draft_follows_its_table_and_a_reviewed_article_stays(fresh: House, tmp_path: Path) -> None:
    loaded(fresh, folder_of(tmp_path, SEVERITY))
    loaded(fresh, folder_of(tmp_path, SEVERITY, FOLLOW_UP))
    assert len(articles(fresh)[GUIDE][0].sections) == 2
    accepted(fresh)
    reviewed = articles(fresh)
    report = loaded(fresh, folder_of(tmp_path, SEVERITY, (*FOLLOW_UP[:4], "不必随访。", *FOLLOW_UP[5:])))
    assert (report.kinds.get("article", 0), articles(fresh)) == (0, reviewed)
    assert report.kept > 0


def test_a_load_that_broke_off_goes_on_where_it_stopped(fresh: House, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, *SECTIONS)
    passes = 0

    def breaks(_: int) -> None:
        nonlocal passes
        passes += 1
        if passes == 2:  # names are written, what is said of them is not
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(fresh.store, loaders()["formulary"], folder, "li", breaks)
    assert articles(fresh) == {}
    assert loaded(fresh, folder).errors == []
    assert set(articles(fresh)) == {GUIDE, LABEL}


def test_a_workbook_is_read_too(fresh: House, tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    loaded(fresh, folder_of(tmp_path / "names"))
    book = tmp_path / "texts.xlsx"
    write_workbook(book, {"文章": [dict(zip(HEADER, row, strict=True)) for row in SECTIONS]})
    assert loaded(fresh, book).errors == []
    assert articles(fresh)[GUIDE][0].sections[0].text == SEVERITY[4]


def test_shipped_articles_and_ones_own_do_not_meet(fresh: House, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, *SECTIONS)
    load(fresh.store, loaders()["yigong"], folder, "li")
    loaded(fresh, folder)
    assert {a.origin for a, _ in fresh.store.heads(Article) if a.title == GUIDE} == {"yigong", "formulary"}


# -- what is refused ---------------------------------------------------------------------------


def test_a_concept_that_nobody_knows_is_refused_by_name(fresh: House, tmp_path: Path) -> None:
    line, column, told = refused(fresh, tmp_path, *SECTIONS, ("肺言", "", "t", "h", "x", "cap-2024", ""))
    assert (line, column) == (5, "concept")
    assert "“肺言”不是已知概念的名称" in told
    assert set(articles(fresh)) == {GUIDE, LABEL}


def test_a_source_that_nobody_knows_is_refused_by_name(fresh: House, tmp_path: Path) -> None:
    wrong = ("肺炎", "", GUIDE, "用药", "首选阿莫西林。", "cap-1999", "")
    line, column, told = refused(fresh, tmp_path, *SECTIONS, wrong)
    assert (line, column) == (2, "source")
    assert "“用药”一节：没有编号为 cap-1999 的来源" in told
    assert set(articles(fresh)) == {LABEL}, "an article that cites what is not there is not loaded in part"


def test_a_name_of_several_things_asks_for_their_kind(fresh: House, tmp_path: Path) -> None:
    stone = ("结石", "", "结石分析", "意义", "按成分指导饮食。", "cap-2024", "")
    line, column, told = refused(fresh, tmp_path, stone)
    assert (line, column) == (2, "concept")
    assert "对应多个概念" in told
    assert loaded(fresh, folder_of(tmp_path, ("结石", "检验", *stone[2:]))).errors == []
    assert articles(fresh)["结石分析"][0].concept == "lab:stone-analysis"


def test_an_article_waits_for_a_row_that_cannot_be_read(fresh: House, tmp_path: Path) -> None:
    bad = ("肺炎", "", GUIDE, "用药", "", "cap-2024", "")
    report = loaded(fresh, folder_of(tmp_path, *SECTIONS, bad))
    told = [(e.line, e.field, e.message) for e in report.errors]
    assert told == [
        (5, "正文", "必填，不能为空"),
        (2, "标题", f"“{GUIDE}”有未能读取的行，整篇暂不载入；改正后请重新载入"),
    ]
    assert set(articles(fresh)) == {LABEL}
    loaded(fresh, folder_of(tmp_path, *SECTIONS))
    assert set(articles(fresh)) == {GUIDE, LABEL}


def test_two_texts_under_one_heading_are_refused(fresh: House, tmp_path: Path) -> None:
    report = loaded(fresh, folder_of(tmp_path, SEVERITY, (*SEVERITY[:4], "另一段。", *SEVERITY[5:])))
    assert [(e.line, e.field) for e in report.errors] == [(3, "小标题"), (2, "标题")]
    assert "第 2 行已有小标题“严重程度评估”" in report.errors[0].message
    assert articles(fresh) == {}


@pytest.mark.parametrize(
    ("header", "column", "told"),
    [
        ((*HEADER[:2], "题目", *HEADER[3:]), "题目", "表“文章”没有该列；可用：概念、概念类型、标题"),
        ((*HEADER[:2], "题目", *HEADER[3:]), "标题", "缺少必需的列，请补上"),
    ],
)
def test_a_header_names_what_is_wrong_with_it(
    fresh: House, tmp_path: Path, header: tuple[str, ...], column: str, told: str
) -> None:
    errors = loaded(fresh, folder_of(tmp_path, *SECTIONS, header=header)).errors
    assert [e.message.startswith(told) for e in errors if e.field == column] == [True]
    assert articles(fresh) == {}


def test_a_kind_that_is_none_names_those_there_are(fresh: House, tmp_path: Path) -> None:
    line, column, told = refused(fresh, tmp_path, *SECTIONS, ("结石", "病", "t", "h", "x", "cap-2024", ""))
    assert (line, column) == (5, "概念类型")
    assert "“病”不在可选值中：药品、疾病" in told
