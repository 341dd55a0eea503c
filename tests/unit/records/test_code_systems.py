"""Code systems and value sets: versions, who may publish, who may read, FHIR's questions, tables in and out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from base.tabular import write_workbook
from base.tenancy import Scope, TenancyError, acting, guard
from records.code_exchange import (
    code_system_json,
    concept_rows,
    read_code_system,
    read_concepts,
    read_value_set,
    shipped,
    value_set_json,
)
from records.code_systems import CodeSystem, CodeSystems, Concept, MissingTermError, Outcome, TermError
from records.value_sets import ValueSet, ValueSets

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LEAGUE, HOSPITAL, OTHER = "league", "league/a/h1", "league/a/h2"
AT_LEAGUE = Scope("盟", (LEAGUE,), (LEAGUE,))
AT_HOSPITAL = Scope("h1", (HOSPITAL,), (HOSPITAL,))
ICD = CodeSystem(
    LEAGUE, "icd-10-gl", "http://hl7.org/fhir/sid/icd-10", "ICD-10 国临版", "2.16.156.10011.2.3.3.11", "", True
)
CODES = (
    Concept("I10-I15", "高血压病"),
    Concept("I10", "原发性高血压", "I10-I15", ("高血压",), {"章": "IX"}),
    Concept("I10.x00", "特发性高血压", "I10"),
    Concept("I15", "继发性高血压", "I10-I15"),
    Concept("I11.9", "停用码", "I10-I15", active=False),
)


@pytest.fixture
def systems(engine: Engine) -> CodeSystems:
    return CodeSystems(guard(engine))


@pytest.fixture
def icd(systems: CodeSystems) -> CodeSystem:
    with acting(AT_LEAGUE):
        systems.register(ICD, NOW)
        systems.draft(ICD, "2.0", CODES, "甲", NOW)
        systems.activate(ICD, "2.0", "乙", NOW)
    return ICD


def test_a_standard_is_published_by_somebody_else_than_its_author(systems: CodeSystems) -> None:
    with acting(AT_LEAGUE):
        systems.register(ICD, NOW)
        assert systems.draft(ICD, "2.0", CODES, "甲", NOW, "首版").size == 5
        with pytest.raises(TermError, match="编制人以外"):
            systems.activate(ICD, "2.0", "甲", NOW)
        made = systems.activate(ICD, "2.0", "乙", NOW)
        assert (made.state, made.activated_by, made.note) == ("active", "乙", "首版")
        with pytest.raises(TermError, match="已发布"):
            systems.draft(ICD, "2.0", CODES, "甲", NOW)


def test_a_hospital_publishes_its_own_dictionary_itself(systems: CodeSystems) -> None:
    own = CodeSystem(HOSPITAL, "his-drug", "urn:his:drug", "院内药品字典", subject="drug")
    with acting(AT_HOSPITAL):
        systems.register(own, NOW)
        systems.draft(own, "1", [Concept("Y1", "阿司匹林肠溶片")], "甲", NOW)
        assert systems.activate(own, "1", "甲", NOW).state == "active"
    with acting(Scope("h2", (OTHER,), (OTHER,))):
        assert [s.id for s in systems.listed(OTHER)] == []
        with pytest.raises(TenancyError):
            systems.register(own, NOW)
    with acting(AT_LEAGUE):
        assert [s.id for s in systems.listed(LEAGUE)] == ["his-drug"]


def test_standards_of_the_league_are_for_all_below(systems: CodeSystems, icd: CodeSystem) -> None:
    with acting(AT_HOSPITAL):
        assert [s.id for s in systems.listed(HOSPITAL)] == ["icd-10-gl"]
        assert systems.lookup(HOSPITAL, "2.16.156.10011.2.3.3.11", "I10").concept.display == "原发性高血压"
        with pytest.raises(TenancyError):
            systems.draft(icd, "3.0", CODES, "丙", NOW)


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ([Concept("A", "甲"), Concept("A", "乙")], "重复"),
        ([Concept("", "甲")], "1 到 80"),
        ([Concept("A", " ")], "名称应为"),
        ([Concept("A", "甲", "B")], "上级 B 不存在"),
        ([Concept("A", "甲", "B"), Concept("B", "乙", "A")], "成环"),
        ([], "没有任何编码"),
    ],
)
def test_a_faulty_dictionary_is_refused_whole(systems: CodeSystems, codes: list[Concept], said: str) -> None:
    with acting(AT_LEAGUE):
        systems.register(ICD, NOW)
        with pytest.raises(TermError, match=said):
            systems.draft(ICD, "1", codes, "甲", NOW)
        assert systems.versions(ICD) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"id": "ICD 10"}, "id"), ({"uri": "icd"}, "uri"), ({"title": ""}, "title"), ({"subject": "x"}, "subject")],
)
def test_a_code_system_that_is_none_is_refused(systems: CodeSystems, changed: Any, field: str) -> None:
    with acting(AT_LEAGUE), pytest.raises(TermError) as refused:
        systems.register(ICD._replace(**changed), NOW)
    assert refused.value.field == field


def test_versions_are_compared_and_built_on_each_other(systems: CodeSystems, icd: CodeSystem) -> None:
    with acting(AT_LEAGUE):
        given_ = [Concept("I10.x01", "白大衣高血压", "I10"), CODES[2]._replace(display="特发性高血压病")]
        assert systems.draft(icd, "3.0", given_, "甲", NOW, base="2.0").size == 6
        found = systems.compare(icd, "2.0", "3.0")
        assert [c.code for c in found.added] == ["I10.x01"]
        assert found.removed == ()
        assert [(a.display, b.display) for a, b in found.changed] == [("特发性高血压", "特发性高血压病")]
        assert systems.version(icd).version == "2.0"
        systems.activate(icd, "3.0", "乙", NOW)
        assert [(v.version, v.state) for v in systems.versions(icd)] == [("3.0", "active"), ("2.0", "retired")]
        with pytest.raises(MissingTermError):
            systems.compare(icd, "2.0", "9.9")


def test_a_draft_is_replaced_until_it_is_published(systems: CodeSystems) -> None:
    with acting(AT_LEAGUE):
        systems.register(ICD, NOW)
        systems.draft(ICD, "1", CODES, "甲", NOW)
        assert systems.draft(ICD, "1", CODES[:1], "甲", NOW).size == 1


def test_fhir_asks_what_a_code_means_and_whether_it_is_one(systems: CodeSystems, icd: CodeSystem) -> None:
    with acting(AT_HOSPITAL):
        found = systems.lookup(HOSPITAL, icd.uri, "I10")
        assert (found.version, found.concept.parent, found.children) == ("2.0", "I10-I15", ("I10.x00",))
        assert found.concept.properties == {"章": "IX"}
        with pytest.raises(MissingTermError, match="没有编码"):
            systems.lookup(HOSPITAL, icd.uri, "Z99")

        def outcome(code: str, display: str = "", name: str = icd.uri) -> Outcome:
            return systems.validate_code(HOSPITAL, name, code, display).outcome

        assert outcome("I10") is Outcome.VALID
        assert outcome("I10", "高血压") is Outcome.VALID  # a synonym
        assert outcome("I10", "糖尿病") is Outcome.WRONG_DISPLAY
        assert outcome("I11.9") is Outcome.INACTIVE
        assert outcome("Z99") is Outcome.UNKNOWN_CODE
        assert outcome("I10", name="urn:nobody") is Outcome.UNKNOWN_SYSTEM


@pytest.mark.parametrize(
    ("text", "codes"), [("I10", ["I10", "I10-I15", "I10.x00"]), ("继发", ["I15"]), ("yfx", ["I10"])]
)
def test_codes_are_found_by_code_name_and_pinyin(
    systems: CodeSystems, icd: CodeSystem, text: str, codes: list[str]
) -> None:
    with acting(AT_LEAGUE):
        assert sorted(c.code for c in systems.search(icd, text)) == sorted(codes)
        assert systems.below(icd, "I10") == ["I10", "I10.x00"]


# -- value sets --------------------------------------------------------------------------------


def value_set(name: str, compose: dict[str, Any]) -> ValueSet:
    return ValueSet(LEAGUE, name, "1", f"urn:yigong:vs:{name}", name, compose)


@pytest.mark.parametrize(
    ("part", "codes"),
    [
        ({"concept": [{"code": "I15"}, {"code": "I10"}]}, {"I15", "I10"}),
        ({"filter": [{"property": "concept", "op": "is-a", "value": "I10"}]}, {"I10", "I10.x00"}),
        ({"filter": [{"property": "concept", "op": "descendent-of", "value": "I10"}]}, {"I10.x00"}),
        ({"filter": [{"property": "章", "op": "=", "value": "IX"}]}, {"I10"}),
        ({"filter": [{"property": "code", "op": "in", "value": "I10, I15"}]}, {"I10", "I15"}),
        ({"filter": [{"property": "章", "op": "exists", "value": "false"}]}, {"I10-I15", "I10.x00", "I15"}),
        ({"filter": [{"property": "code", "op": "starts-with", "value": "I10."}]}, {"I10.x00"}),
        ({}, {"I10-I15", "I10", "I10.x00", "I15"}),
    ],
)
def test_value_sets_list_filter_and_compose(
    engine: Engine, systems: CodeSystems, icd: CodeSystem, part: dict[str, Any], codes: set[str]
) -> None:
    sets = ValueSets(engine, systems)
    with acting(AT_LEAGUE):
        sets.draft(value_set("one", {"include": [{"system": icd.uri, **part}]}), "甲", NOW)
        sets.activate(LEAGUE, "one", "1", "乙", NOW)
    with acting(AT_HOSPITAL):
        assert {m.code for m in sets.expand(HOSPITAL, "one").members} == codes


def test_sets_of_sets_leave_out_what_is_excluded(engine: Engine, systems: CodeSystems, icd: CodeSystem) -> None:
    sets = ValueSets(engine, systems)
    with acting(AT_LEAGUE):
        whole = value_set("whole", {"include": [{"system": icd.uri}]})
        sets.draft(whole, "甲", NOW)
        with pytest.raises(TermError, match="编制人以外"):
            sets.activate(LEAGUE, "whole", "1", "甲", NOW)
        sets.activate(LEAGUE, "whole", "1", "乙", NOW)
        less = {
            "include": [{"valueSet": [whole.url]}],
            "exclude": [{"system": icd.uri, "concept": [{"code": "I15"}]}],
        }
        sets.draft(value_set("less", less), "甲", NOW)
        sets.activate(LEAGUE, "less", "1", "乙", NOW)
        found = sets.expand(LEAGUE, "less", offset=1, count=1)
        assert (found.total, len(found.members)) == (3, 1)
        assert [m.code for m in sets.expand(LEAGUE, "less", text="特发").members] == ["I10.x00"]
        assert sets.validate_code(LEAGUE, "less", icd.uri, "I10").result
        assert not sets.validate_code(LEAGUE, "less", icd.uri, "I15").result
        with pytest.raises(TermError, match="引用了自身"):
            sets.draft(value_set("self", {"include": [{"valueSet": ["urn:yigong:vs:self"]}]}), "甲", NOW)
        with pytest.raises(MissingTermError):
            sets.draft(value_set("lost", {"include": [{"valueSet": ["urn:nowhere"]}]}), "甲", NOW)
        none = {"include": [{"system": icd.uri, "concept": [{"code": "Q"}]}]}
        with pytest.raises(TermError, match="没有编码"):
            sets.draft(value_set("none", none), "甲", NOW)


# -- in and out --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_dictionary_goes_out_and_comes_back_the_same(tmp_path: Path, suffix: str) -> None:
    path, rows = tmp_path / f"icd{suffix}", concept_rows(CODES)
    if suffix == ".xlsx":
        write_workbook(path, {"icd": rows})
    else:
        lines = [",".join(rows[0])] + [",".join(str(value) for value in row.values()) for row in rows]
        path.write_text("\n".join(lines), encoding="gb18030")
    assert read_concepts(path) == list(CODES)


def test_a_table_without_the_columns_says_which(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("编号,名称\n1,甲\n")
    with pytest.raises(TermError, match="缺少列“编码”；现有列：编号、名称"):
        read_concepts(path)
    path.write_text("编码,名称\n1,\n")
    with pytest.raises(TermError, match="第 2 行.*名称"):
        read_concepts(path)


def test_fhir_in_and_out(systems: CodeSystems, icd: CodeSystem) -> None:
    with acting(AT_LEAGUE):
        made = code_system_json(icd, systems.version(icd), systems.concepts(icd))
    read, version, concepts = read_code_system(made, LEAGUE)
    assert (read._replace(subject="other"), version) == (ICD, "2.0")
    assert sorted(concepts) == sorted(CODES)
    nested = made | {"concept": [{"code": "a", "display": "甲", "concept": [{"code": "b", "display": "乙"}]}]}
    assert [(c.code, c.parent) for c in read_code_system(nested, LEAGUE)[2]] == [("a", ""), ("b", "a")]
    with pytest.raises(TermError, match=r"concept\[0\]"):
        read_code_system(made | {"concept": [{"code": 5}]}, LEAGUE)
    given_ = value_set("one", {"include": [{"system": icd.uri}]})
    assert read_value_set(value_set_json(given_), LEAGUE) == given_


@given(
    st.dictionaries(
        st.sampled_from("resourceType id url title concept identifier version".split()),
        st.none()
        | st.text()
        | st.lists(
            st.none()
            | st.dictionaries(
                st.sampled_from(["code", "display", "property", "concept", "value"]), st.text() | st.lists(st.text())
            )
        ),
        max_size=7,
    )
)
def test_a_malformed_code_system_is_refused_by_field(resource: dict[str, Any]) -> None:
    try:
        read_code_system(resource | {"resourceType": "CodeSystem"}, LEAGUE)
    except TermError as error:
        told = error.field
    else:
        told = "read"
    assert told


def test_the_shipped_tables_can_all_be_published(systems: CodeSystems) -> None:
    with acting(AT_LEAGUE):
        for system, version, concepts in shipped(LEAGUE):
            systems.register(system, NOW)
            systems.draft(system, version, concepts, "甲", NOW)
            systems.activate(system, version, "乙", NOW)
        assert systems.lookup(LEAGUE, "2.16.156.10011.2.3.3.3", "02").concept.display == "蒙古族"
        assert systems.version(systems.named(LEAGUE, "gb-t-3304")).size == 56
