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
from knowledge.merge import load
from knowledge.model import ConceptKind, Predicate, Standing, Statement
from knowledge.review import Workflow, WorkflowError
from knowledge.snapshot import Snapshot
from knowledge.store import Store

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
