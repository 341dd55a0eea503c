"""RDF round trips without loss and answers SPARQL; the graph says why things are linked."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from api.bootstrap import House
from knowledge import rdf
from knowledge.compile import Content, compile_release
from knowledge.graph import GraphError, neighbourhood, why
from knowledge.model import (
    Article,
    Citation,
    CodeRef,
    Concept,
    ConceptKind,
    Predicate,
    Rule,
    RuleCase,
    Section,
    Source,
    Statement,
)
from knowledge.review import Workflow, WorkflowError
from knowledge.snapshot import Snapshot
from knowledge.store import Store

SOURCE = Source("s:1", "指南“甲”<1>", "guideline", "学会", "2", 2024, "https://example.org/a?b=c&d")
DRUG = Concept(
    "ingredient:a b/c",
    ConceptKind.INGREDIENT,
    "甲药",
    "drug a",
    ('别名"引号"', "多行\n名"),
    (CodeRef("atc", "A01AA01"),),
    {"brands": ["甲牌"], "molar_mass": 180.16},
)
DISEASE = Concept("disease:d", ConceptKind.DISEASE, "乙病")
WIDER = Concept("disease:w", ConceptKind.DISEASE, "大类病")
SAID = Statement(
    "x1",
    DRUG.id,
    Predicate.CONTRAINDICATED_IN,
    DISEASE.id,
    {"severity": "major", "age_min": 12.5, "routes": ["口服"], "dialysis": True},
    (Citation("s:1", "3.2"),),
    "high",
    valid_from="2024-01-01",
)
IS_A = Statement("x2", DISEASE.id, Predicate.IS_A, WIDER.id, citations=(Citation("s:1"),))
ARTICLE = Article("art", DISEASE.id, "乙病", (Section("定义", '文字 \\ "引"', (Citation("s:1"),)),))
RULE = Rule(
    "r",
    "规则",
    "authored",
    "age_years > 3",
    "minor",
    "提示",
    cases=(RuleCase("a", {"age_years": 4}, "fired"),),
)


@pytest.fixture
def release(tmp_path: Path) -> Snapshot:
    content = Content([DRUG, DISEASE, WIDER], [SAID, IS_A], [ARTICLE], [RULE], [SOURCE])
    compile_release(content, tmp_path / "r.ygr")
    return Snapshot(tmp_path / "r.ygr", "r")


def test_turtle_and_back_loses_nothing(release: Snapshot, tmp_path: Path) -> None:
    assert rdf.export(release, tmp_path / "r.ttl") > 20
    back = rdf.read(tmp_path / "r.ttl")
    compile_release(back, tmp_path / "again.ygr")
    assert (tmp_path / "again.ygr").read_bytes() == release.path.read_bytes()


def test_the_starter_release_round_trips_too(snapshot: Snapshot, tmp_path: Path) -> None:
    rdf.export(snapshot, tmp_path / "starter.ttl")
    compile_release(rdf.read(tmp_path / "starter.ttl"), tmp_path / "again.ygr")
    assert (tmp_path / "again.ygr").read_bytes() == snapshot.path.read_bytes()


def test_terms_are_skos_and_sources_prov(release: Snapshot, tmp_path: Path) -> None:
    rows = set(
        rdf.query(
            release,
            "SELECT ?label ?title WHERE { ?s a yg:Statement ; rdf:subject ?c ; prov:wasDerivedFrom ?src . "
            "?c skos:prefLabel ?label . ?src dcterms:title ?title . FILTER(lang(?label) = 'zh') }",
        )
    )
    assert rows == {("甲药", SOURCE.title), ("乙病", SOURCE.title)}
    broader = list(rdf.query(release, "SELECT ?b WHERE { ?c skos:broader ?b }"))
    assert broader == [("https://yigong.cn/id/concept/disease%3Aw",)]


def test_a_query_that_does_not_parse_says_so(release: Snapshot) -> None:
    with pytest.raises(rdf.RdfError, match="does not parse"):
        list(rdf.query(release, "SELECT WHERE"))


def test_an_import_writes_drafts_once(release: Snapshot, tmp_path: Path, fresh: House) -> None:
    rdf.export(release, tmp_path / "r.ttl")
    store = Store(fresh.engine)
    assert rdf.import_drafts(store, tmp_path / "r.ttl", "li") == 8
    assert rdf.import_drafts(store, tmp_path / "r.ttl", "li") == 0
    assert structs.replace(store.get(Statement, "x1"), revision=1) == SAID


def test_whoever_imported_drafts_of_a_source_may_not_accept_them(tmp_path: Path, fresh: House) -> None:
    ours = structs.replace(SAID, origin="formulary")
    compile_release(Content([DRUG, DISEASE], [ours], [], [], [SOURCE]), tmp_path / "ours.ygr")
    rdf.export(Snapshot(tmp_path / "ours.ygr", "ours"), tmp_path / "ours.ttl")
    store = Store(fresh.engine)
    rdf.import_drafts(store, tmp_path / "ours.ttl", "li")
    for reviewed in (False, True):
        with pytest.raises(WorkflowError, match="1 条草稿由 li 编写或修改（x1），须由他人接受"):
            Workflow(store).accept_load("formulary", "li", "我导入的", reviewed)
    assert Workflow(store).accept_load("formulary", "wang", "逐条核对") == 1


@pytest.mark.parametrize(
    "text", ["this is no turtle", '<https://yigong.cn/id/planet/x> <https://yigong.cn/ns#record> "{}" .']
)
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.ttl").write_text(text)
    with pytest.raises(rdf.RdfError, match="bad.ttl"):
        rdf.read(tmp_path / "bad.ttl")


def test_why_two_things_are_linked(release: Snapshot) -> None:
    assert [s.id for s in why(release, DRUG.id, WIDER.id)] == ["x1", "x2"]
    with pytest.raises(GraphError, match="there is no concept"):
        why(release, DRUG.id, "nothing")


def test_a_neighbourhood_tells_when_there_is_more(release: Snapshot) -> None:
    near = neighbourhood(release, DRUG.id, 1)
    assert {node["id"] for node in near["nodes"]} == {DRUG.id, DISEASE.id}
    assert neighbourhood(release, DRUG.id, 2, most=2)["truncated"]
