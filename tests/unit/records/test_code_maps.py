"""Maps between dictionaries and standards: proposed by likeness, decided by people, used at intake."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from base.tenancy import Scope, TenancyError, acting, guard, system
from knowledge.naming import normal_name
from records.code_exchange import concept_map_json, pair_rows, read_concept_map, read_pairs
from records.code_intake import Coder, Sighting
from records.code_maps import CodeMaps, MapState, Pair
from records.code_systems import CodeSystem, Concept, TermError
from records.map_proposals import Method, Proposer

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LEAGUE, HOSPITAL, OTHER = "league", "league/a/h1", "league/a/h2"
ICD = CodeSystem(LEAGUE, "icd-10", "http://hl7.org/fhir/sid/icd-10", "ICD-10", "", "", True, "disease")
HIS = "urn:his:dx"
SHARED = Path(__file__).parents[4] / "shared" / "data"
TARGETS = (
    Concept("I10", "原发性高血压", "", ("高血压",)),
    Concept("E11.9", "2型糖尿病不伴有并发症"),
    Concept("J06.9", "急性上呼吸道感染"),
    Concept("J18.9", "肺炎"),
    Concept("K35.8", "急性阑尾炎"),
    Concept("K35.9", "急性阑尾炎"),
)
AT_HOSPITAL = Scope("h1", (HOSPITAL,), (HOSPITAL,))


def proposed(text: str, code: str = "", **more: Any) -> list[Any]:
    return Proposer("disease", TARGETS, **more).propose([(code, text)])[0]


# -- proposals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "method"),
    [
        ("原发性高血压", "I10", Method.EXACT),
        ("高血压", "I10", Method.EXACT),
        (" 肺炎（左下）", "J18.9", Method.NORMALISED),
        ("肺淡", "J18.9", Method.SIMILAR),
        ("肺言", "J18.9", Method.PINYIN),
        ("急性上感", "J06.9", Method.NORMALISED),
    ],
)
def test_the_likeliest_code_comes_first(text: str, code: str, method: Method) -> None:
    first = proposed(text)[0]
    assert (first.code, first.method) == (code, method)


def test_a_name_of_two_codes_is_sure_of_neither() -> None:
    found = proposed("急性阑尾炎")
    assert {p.code for p in found[:2]} == {"K35.8", "K35.9"}
    assert all(p.method is Method.SIMILAR for p in found)


def test_a_code_alone_says_little_because_hospitals_reuse_codes() -> None:
    found = {p.code: p for p in proposed("肺炎", code="E11.9")}
    assert found["J18.9"].score > found["E11.9"].score
    assert found["E11.9"].method is Method.CODE


def test_what_was_confirmed_elsewhere_and_what_the_release_knows_is_proposed() -> None:
    assert proposed("消渴症", learned={"消渴症": "E11.9"})[0][:3] == (
        "E11.9",
        "2型糖尿病不伴有并发症",
        Method.LEARNED,
    )
    known = proposed("糖病", known=lambda text: ["E11.9", "Z99"])
    assert known[0].method is Method.KNOWN


def test_names_that_share_nothing_propose_nothing() -> None:
    assert proposed("xyz") == []
    assert Proposer("disease", ()).propose([("1", "肺炎")]) == [[]]


@pytest.mark.skipif(not SHARED.exists(), reason="no shared data here")
def test_proposals_find_the_standard_operation_that_doctors_mean() -> None:
    """Names as written and their ICD-9-CM-3 names (CHIP, 600 of them): top 1 and top 5 of 9 867 operations."""
    standard = [line.split("\t") for line in (SHARED / "icd/icd9cm3_procedures_zh.tsv").read_text().splitlines()]
    names = {normal_name(row[1]) for row in standard}
    written = (SHARED / "clinical_terms_norm/procedure_terms_train.csv").read_text().splitlines()[1:]
    asked = [pair for line in written if normal_name((pair := line.split("\t"))[1]) in names][:600]
    proposer = Proposer("procedure", [Concept(row[0], row[1]) for row in standard])
    found = proposer.propose([("", text) for text, _ in asked], 15)
    right = [
        list(dict.fromkeys(normal_name(p.display) for p in proposals)).index(normal_name(wanted))
        if normal_name(wanted) in {normal_name(p.display) for p in proposals}
        else 99
        for proposals, (_, wanted) in zip(found, asked, strict=True)
    ]
    assert sum(place == 0 for place in right) / len(right) > 0.5
    assert sum(place < 5 for place in right) / len(right) > 0.72


# -- workflow ----------------------------------------------------------------------------------


@pytest.fixture
def maps(engine: Engine) -> CodeMaps:
    return CodeMaps(guard(engine))


def propose(maps: CodeMaps, *items: tuple[str, str], tenant: str = HOSPITAL) -> int:
    proposer = Proposer("disease", TARGETS, learned=maps.learned(ICD.uri))
    found = [(c, t, p) for (c, t), p in zip(items, proposer.propose(items), strict=True)]
    return maps.propose(tenant, HIS, ICD, found, NOW)


def pair(code: str, target: str, tenant: str = HOSPITAL) -> Pair:
    return Pair(tenant, HIS, code, ICD.uri, target)


def test_a_person_decides_and_what_is_beside_is_passed_over(maps: CodeMaps) -> None:
    with acting(AT_HOSPITAL):
        assert propose(maps, ("D1", "急性阑尾炎")) >= 2
        assert maps.translate(HOSPITAL, HIS, "D1") == []  # a proposal holds for nobody
        maps.decide(pair("D1", "K35.8"), True, "编码员", NOW, note="按国临版")
        assert [(t.code, t.equivalence) for t in maps.translate(HOSPITAL, HIS, "D1")] == [("K35.8", "equivalent")]
        states = {p.target_code: p.state for p in maps.listed(HOSPITAL, code="D1")}
        assert states["K35.9"] is MapState.PASSED
        assert propose(maps, ("D1", "急性阑尾炎")) == 0  # decided: not proposed again
        assert [(e.actor, e.state, e.note) for e in maps.history(HOSPITAL, HIS, "D1")] == [
            ("编码员", "confirmed", "按国临版")
        ]
        maps.decide(pair("D1", "K35.8"), False, "编码员", NOW)
        assert maps.translate(HOSPITAL, HIS, "D1") == []


def test_what_was_rejected_is_not_proposed_again(maps: CodeMaps) -> None:
    with acting(AT_HOSPITAL):
        propose(maps, ("D1", "肺炎"))
        maps.decide(pair("D1", "J18.9"), False, "编码员", NOW)
        propose(maps, ("D1", "肺炎"))
        assert "J18.9" not in {p.target_code for p in maps.listed(HOSPITAL, code="D1", state=MapState.PROPOSED)}


def test_whoever_proposes_by_hand_does_not_confirm(maps: CodeMaps) -> None:
    with acting(AT_HOSPITAL):
        maps.add(pair("D7", "I10")._replace(display="血压高"), "甲", NOW)
        with pytest.raises(TermError, match="提出人以外"):
            maps.decide(pair("D7", "I10"), True, "甲", NOW)
        assert maps.decide(pair("D7", "I10"), True, "乙", NOW, "wider").equivalence == "wider"
        with pytest.raises(TermError, match="已确认"):
            maps.add(pair("D7", "I10"), "甲", NOW)
        with pytest.raises(TermError, match="没有这条对照"):
            maps.decide(pair("D8", "I10"), True, "乙", NOW)
        with pytest.raises(TermError, match="equivalence"):
            maps.add(pair("D9", "I10")._replace(equivalence="same"), "甲", NOW)


def test_the_very_same_names_are_confirmed_in_bulk_and_nothing_else(maps: CodeMaps) -> None:
    with acting(AT_HOSPITAL):
        propose(maps, ("D1", "肺炎"), ("D2", "急性阑尾炎"), ("D3", "上感"), ("D4", "高血压"))
        assert maps.confirm_sure(HOSPITAL, HIS, ICD.uri, "编码员", NOW) == 2
        confirmed = {p.code: p.target_code for p in maps.listed(HOSPITAL, state=MapState.CONFIRMED)}
        assert confirmed == {"D1": "J18.9", "D4": "I10"}
        (progress,) = maps.progress(HOSPITAL)
        assert progress.counts["confirmed"] == 2


def test_what_one_hospital_confirmed_teaches_the_next(maps: CodeMaps) -> None:
    with acting(AT_HOSPITAL):
        maps.add(pair("D1", "E11.9")._replace(display="消渴症"), "甲", NOW)
        maps.decide(pair("D1", "E11.9"), True, "乙", NOW)
    with acting(Scope("h2", (OTHER,), (OTHER,))):
        propose(maps, ("X9", "消渴症"), tenant=OTHER)
        (found,) = maps.listed(OTHER, code="X9", method="learned")
        assert found.target_code == "E11.9"
        assert maps.listed(HOSPITAL) == []  # the other hospital's map itself stays hidden
        with pytest.raises(TenancyError):
            maps.add(pair("D5", "I10"), "丙", NOW)


def test_the_nearest_map_holds(maps: CodeMaps) -> None:
    with acting(Scope("盟", (LEAGUE,), (LEAGUE,))):
        for tenant, code in ((LEAGUE, "J18.9"), (HOSPITAL, "J06.9")):
            maps.add(pair("D1", code, tenant), "甲", NOW)
            maps.decide(pair("D1", code, tenant), True, "乙", NOW)
    with acting(AT_HOSPITAL):
        assert [t.code for t in maps.translate(HOSPITAL, HIS, "D1", ICD.uri)] == ["J06.9"]
    with acting(Scope("h2", (OTHER,))):
        assert [t.code for t in maps.translate(OTHER, HIS, "D1", ICD.uri)] == ["J18.9"]
    assert [t.code for t in maps.confirmed(HOSPITAL)[HIS, "D1"]] == ["J06.9"]


# -- intake ------------------------------------------------------------------------------------


def diagnosis(*codings: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": "c1", "code": {"coding": list(codings), "text": "肺炎"}}


def test_the_standard_code_stands_beside_the_hospitals(engine: Engine, maps: CodeMaps) -> None:
    with acting(AT_HOSPITAL):
        maps.add(pair("D1", "J18.9")._replace(target_display="肺炎"), "甲", NOW)
        maps.decide(pair("D1", "J18.9"), True, "乙", NOW)
    coder, sent = Coder(engine, maps), diagnosis({"system": HIS, "code": "D1"})
    before = copy.deepcopy(sent)
    (made,), found = coder.annotate(HOSPITAL, [sent])
    assert made["code"]["coding"][1:] == [{"system": ICD.uri, "code": "J18.9", "display": "肺炎"}]
    assert found == []
    assert sent == before  # what was sent is not touched
    (again,), _ = coder.annotate(HOSPITAL, [made])
    assert again is made  # nothing is added twice
    (other,), found = coder.annotate(OTHER, [sent])
    assert other is sent
    assert found == [Sighting(HIS, "D1", "Condition.code", "肺炎")]


def test_codes_that_nobody_mapped_are_a_work_list(engine: Engine, maps: CodeMaps) -> None:
    coder = Coder(engine, maps)
    drug = {
        "resourceType": "MedicationRequest",
        "medicationCodeableConcept": {"coding": [{"system": "urn:his:drug", "code": "Y1", "display": "阿司匹林"}]},
        "dosageInstruction": [{"route": {"coding": [{"system": "urn:his:route", "code": "1"}]}}],
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/x", "code": "outpatient"}]}],
    }
    coded = diagnosis({"system": HIS, "code": "D1"}, {"system": ICD.uri, "code": "J18.9"})
    wrong = diagnosis({"system": ICD.uri, "code": "肺"})
    for number in range(3):
        resources = [drug, coded, wrong] if number else [drug, coded]
        _, found = coder.annotate(HOSPITAL, resources)
        with system("intake"), engine.begin() as connection:
            coder.keep(connection, HOSPITAL, found, NOW)
    with acting(AT_HOSPITAL):
        listed = coder.work_list(HOSPITAL)
        assert [(u.system, u.code, u.place, u.seen) for u in listed] == [
            ("urn:his:route", "1", "MedicationRequest.dosageInstruction.route", 3),
            ("urn:his:drug", "Y1", "MedicationRequest.medicationCodeableConcept", 3),
            (ICD.uri, "肺", "Condition.code", 2),
        ]
        assert (listed[1].display, listed[1].first, listed[1].last) == ("阿司匹林", "2026-11-24", "2026-11-24")
        maps.add(Pair(HOSPITAL, "urn:his:route", "1", "urn:std:route", "po"), "甲", NOW)
        maps.decide(Pair(HOSPITAL, "urn:his:route", "1", "urn:std:route", "po"), True, "乙", NOW, "unmatched")
        assert "urn:his:route" not in {u.system for u in coder.work_list(HOSPITAL)}
    _, found = Coder(engine, maps).annotate(HOSPITAL, [drug])
    assert [s.system for s in found] == ["urn:his:drug"]  # that the standard has none was decided
    with acting(Scope("h2", (OTHER,))):
        assert coder.work_list(OTHER) == []


@pytest.mark.parametrize("code", [None, 5, {"coding": "x"}, {"coding": [None, 3, {"system": 1, "code": []}]}, [[[]]]])
def test_malformed_codes_stop_nothing(engine: Engine, maps: CodeMaps, code: Any) -> None:
    resource = {"resourceType": "Observation", "code": code}
    assert Coder(engine, maps).annotate(HOSPITAL, [resource]) == ([resource], [])


# -- in and out --------------------------------------------------------------------------------


def test_maps_go_out_and_come_back(tmp_path: Path) -> None:
    given = [pair("D1", "J18.9")._replace(display="肺炎", target_display="肺炎", equivalence="wider")]
    assert read_concept_map(concept_map_json(given), HOSPITAL) == given
    path = tmp_path / "map.csv"
    rows = pair_rows(given)
    path.write_text(",".join(rows[0]) + "\n" + ",".join(str(v) for v in rows[0].values()) + "\n")
    assert read_pairs(path, HOSPITAL, HIS, ICD.uri) == given
    with pytest.raises(TermError, match=r"group\[0\]"):
        read_concept_map({"resourceType": "ConceptMap", "group": [{}]}, HOSPITAL)
