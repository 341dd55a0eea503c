"""The shipped content: every row passes its schema, its names resolve, its source is named, and there is
as much of it as was promised."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine

from api.bootstrap import CONTENT, SECOND, loaders
from clinical.administration import SYSTEMIC, route_among
from knowledge.merge import load
from knowledge.model import ConceptKind, Predicate, Standing, Statement
from knowledge.review import Workflow, WorkflowError
from knowledge.snapshot import Snapshot
from knowledge.store import Store
from rules.stewardship import ANTIBACTERIAL, ANTIFUNGAL

ALERTING = {
    Predicate.INTERACTS_WITH,
    Predicate.CONTRAINDICATED_IN,
    Predicate.PREGNANCY_LACTATION,
    Predicate.AGE_LIMIT,
    Predicate.RENAL_LIMIT,
    Predicate.HEPATIC_LIMIT,
    Predicate.FREQUENCY_LIMIT,
    Predicate.ROUTE_LIMIT,
    Predicate.DUPLICATE_GROUP,
    Predicate.CROSS_REACTS,
}


@pytest.fixture(scope="module")
def statements(snapshot: Snapshot) -> list[Statement]:
    return list(snapshot.all_statements())


def test_every_row_loads_and_a_second_load_writes_nothing(engine: Engine) -> None:
    store, loader = Store(engine), loaders()["yigong"]
    first = load(store, loader, CONTENT, "li")
    assert [f"{e.file}:{e.line} {e.field} {e.message}" for e in first.errors] == []
    again = load(store, loader, CONTENT, "li")
    assert (again.written, again.errors) == (0, [])


def test_whoever_loaded_may_not_accept(engine: Engine, tmp_path: Path) -> None:
    for table in (*CONTENT.glob("sources_*.csv"), *(CONTENT / f"{name}.csv" for name in ("labs", "lab_ranges"))):
        shutil.copy(table, tmp_path)
    store = Store(engine)
    assert load(store, loaders()["yigong"], tmp_path, "li").errors == []
    with pytest.raises(WorkflowError, match="须由他人接受"):
        Workflow(store).accept_load("yigong", "li", "all fine")
    assert Workflow(store).accept_load("yigong", SECOND, "second pass") > 100


def test_every_statement_that_may_alert_says_why_what_instead_and_from_where(
    snapshot: Snapshot, statements: list[Statement]
) -> None:
    for s in statements:
        if s.predicate in ALERTING:
            where = f"{snapshot.name(s.subject)} {s.predicate} {snapshot.name(s.object)}"
            assert s.qualifiers.get("advice"), where
            assert s.citations, where
            assert all(snapshot.source(c.source) for c in s.citations), where
            assert s.citations[0].section, where
            assert s.evidence in ("high", "moderate", "low", "expert"), where
            assert s.standing is Standing.STARTER, where


def test_there_is_as_much_as_was_promised(snapshot: Snapshot, statements: list[Statement]) -> None:
    kinds = Counter(concept.kind for concept in snapshot.concepts())
    said = Counter(s.predicate for s in statements)
    dosed = {s.subject for s in statements if s.predicate is Predicate.DOSE_RANGE}
    children = {
        s.subject for s in statements if s.predicate is Predicate.DOSE_RANGE and s.qualifiers["population"] == "child"
    }
    against = [
        Predicate.CONTRAINDICATED_IN,
        Predicate.PREGNANCY_LACTATION,
        Predicate.AGE_LIMIT,
        Predicate.RENAL_LIMIT,
        Predicate.HEPATIC_LIMIT,
    ]
    ranged = {s.subject for s in statements if s.predicate is Predicate.REFERENCE_RANGE}
    assert kinds[ConceptKind.INGREDIENT] >= 600
    assert kinds[ConceptKind.PRODUCT] >= 150
    assert said[Predicate.INTERACTS_WITH] >= 1500
    assert sum(said[p] for p in against) >= 1200
    assert said[Predicate.CONTRAINDICATED_IN] >= 100
    assert len(dosed) >= 500
    assert len(children) >= 300
    assert said[Predicate.IV_INCOMPATIBLE] >= 200
    assert len({s.subject for s in statements if s.predicate is Predicate.HERB_LIMIT}) >= 80
    assert said[Predicate.HERB_INCOMPATIBLE] >= 14 + 18
    assert kinds[ConceptKind.PROCEDURE] >= 60
    assert kinds[ConceptKind.LAB] >= 150
    assert len(ranged) >= 150
    assert kinds[ConceptKind.EXAM] >= 120
    assert said[Predicate.CROSS_REACTS] >= 60


def test_dose_rows_are_in_order(snapshot: Snapshot, statements: list[Statement]) -> None:
    for s in statements:
        if s.predicate is Predicate.DOSE_RANGE:
            q, where = s.qualifiers, f"{snapshot.name(s.subject)} {s.qualifiers}"
            assert q.get("single_min", 0) <= q.get("single_max", float("inf")), where
            assert q.get("daily_min", 0) <= q.get("daily_max", float("inf")), where
            assert q.get("single_max", 0) <= q.get("daily_max", float("inf")) * 7, where
            assert {"single_max", "daily_max"} & q.keys(), where


def test_reference_ranges_are_in_order(snapshot: Snapshot, statements: list[Statement]) -> None:
    for s in statements:
        if s.predicate is Predicate.REFERENCE_RANGE:
            q = s.qualifiers
            limits = [q[k] for k in ("critical_low", "low", "high", "critical_high") if k in q]
            assert limits == sorted(limits), (snapshot.name(s.subject), q)
            assert limits


def test_no_ingredient_shares_its_name_with_another(snapshot: Snapshot) -> None:
    names = Counter(c.name for c in snapshot.concepts() if c.kind is ConceptKind.INGREDIENT)
    assert [name for name, count in names.items() if count > 1] == []


def test_the_national_essential_medicines_are_there() -> None:
    tables = [file.read_text("utf-8").splitlines() for file in CONTENT.glob("drugs_*.csv")]
    rows = [row for table in tables for row in csv.DictReader(table)]
    essential = [row for row in rows if row["来源"] == "nedl-2018"]
    assert len(essential) >= 250
    for row in essential:
        assert row["英文名"], row["通用名"]
        assert row["剂型"], row["通用名"]
        assert row["途径"], row["通用名"]
    assert len([row for row in essential if row["分类"]]) >= 250


_VARIES = "目录间级别不一致，或可核对的目录不足两份，须按本省目录定级"
_NEW = "上市较晚，可核对的目录未收录，须按本省目录定级"
UNGRADED = {
    # an inhibitor takes the grade of its compound
    **dict.fromkeys(("舒巴坦", "他唑巴坦"), "酶抑制剂，随其复方定级"),
    # told apart elsewhere
    "链霉素": "以抗结核为主，管理办法第二条不含治疗结核病的药物，规则亦按抗结核药略过",
    **dict.fromkeys(("小檗碱", "利福昔明"), "口服只在肠道起作用，规则不按全身用药计"),
    "酮康唑": "口服制剂2015年起停止生产、销售和使用，外用不分级",
    "特比萘芬": _VARIES,
    # penicillins
    **dict.fromkeys(("双氯西林", "美洛西林", "阿洛西林", "磺苄西林", "舒他西林"), _VARIES),
    # cephalosporins and other β-lactams
    **dict.fromkeys(("头孢噻肟", "头孢克肟", "头孢丙烯", "头孢尼西", "法罗培南"), _VARIES),
    **dict.fromkeys(("头孢替坦", "氟氧头孢", "头孢卡品酯", "头孢特仑新戊酯", "头孢他美酯", "头孢布烯"), _VARIES),
    # aminoglycosides and the like
    **dict.fromkeys(("卡那霉素", "大观霉素"), _VARIES),
    "新霉素": "口服只在肠道起作用，其余为局部用药",
    # macrolides, tetracyclines, amphenicols
    **dict.fromkeys(("地红霉素", "吉他霉素", "米诺环素", "氯霉素", "甲砜霉素"), _VARIES),
    # fluoroquinolones
    **dict.fromkeys(("洛美沙星", "氟罗沙星", "培氟沙星", "依诺沙星", "司帕沙星", "帕珠沙星"), _VARIES),
    # others
    "夫西地酸": _VARIES,
    "吗啉硝唑": _NEW,
    "氟胞嘧啶": _VARIES,
    "两性霉素B": f"普通制剂: {_VARIES}；含脂制剂另有一行",
    "塞克硝唑": _VARIES,
    # graded by one way only
    "伏立康唑": "口服: 2009年通知列为特殊使用，其后有省列为限制使用级",
    "泊沙康唑": f"口服: {_VARIES}",
    **dict.fromkeys(("艾沙康唑", "奥马环素"), f"口服: {_NEW}"),
    "奥硝唑": f"静脉滴注: {_VARIES}",
}
"""Systemic antimicrobials that have no grade by at least one way of giving them, and why."""
_IN_PART = {**dict.fromkeys(("伏立康唑", "泊沙康唑", "艾沙康唑", "奥马环素"), {"口服"}), "奥硝唑": {"静脉滴注"}}
_IN_THE_GUT = dict.fromkeys(("万古霉素", "庆大霉素", "黏菌素"), {"口服"})
"""What is graded but by mouth, where it acts in the gut alone."""


def test_every_systemic_antimicrobial_is_graded_by_every_route_or_said_why_not(
    snapshot: Snapshot, statements: list[Statement]
) -> None:
    rows: dict[str, list[Statement]] = {}
    for s in statements:
        if s.predicate is Predicate.ANTIMICROBIAL_GRADE:
            rows.setdefault(s.subject, []).append(s)
    lacking: dict[str, set[str]] = {}
    for table in CONTENT.glob("drugs_*.csv"):
        for row in csv.DictReader(table.read_text("utf-8").splitlines()):
            concept = f"ingredient:{row['编号']}"
            coded = any(code.startswith(("J01", "J02")) for code in row["ATC"].split(";"))
            if not coded and {ANTIBACTERIAL, ANTIFUNGAL}.isdisjoint(snapshot.ancestors(concept)):
                continue
            for route in row["途径"].split(";"):
                graded = (s.qualifiers.get("routes", ()) for s in rows.get(concept, ()))
                if route_among(route, SYSTEMIC) and not any(not r or route_among(route, r) for r in graded):
                    lacking.setdefault(row["通用名"], set()).add(route)
    assert {name for name, routes in lacking.items() if routes != _IN_THE_GUT.get(name)} == UNGRADED.keys()
    assert {name: lacking[name] for name in _IN_PART} == _IN_PART
    assert all(UNGRADED.values())
