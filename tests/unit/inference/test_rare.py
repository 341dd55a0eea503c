"""Rare diseases by phenotypes, over an ontology of our own making."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.routes.rare import RareBody, RareFinding, answered
from clinical.logic import UNKNOWN
from clinical.patient import Sex
from inference.rare import NoPhenotypesError, Observed, RareCandidate, RareDiseases, frequency, observed_in
from knowledge.compile import Content, compile_release
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Source, Standing, Statement
from knowledge.snapshot import Snapshot

ROOT = "0000118"
PHENOTYPES: dict[str, tuple[str, str, str]] = {
    ROOT: ("表型异常", "Phenotypic abnormality", ""),
    "0000010": ("眼部异常", "Abnormality of the eye", ROOT),
    "0000011": ("晶状体异常", "Abnormal lens morphology", "0000010"),
    "0000012": ("晶状体脱位", "Lens luxation", "0000011"),
    "0000013": ("白内障", "Cataract", "0000011"),
    "0000020": ("骨骼异常", "Abnormality of the skeleton", ROOT),
    "0001166": ("细长指(趾)", "Arachnodactyly", "0000020"),
    "0002650": ("脊柱侧弯", "Scoliosis", "0000020"),
    "0000030": ("神经异常", "Abnormality of the nervous system", ROOT),
    "0001249": ("智力障碍", "Intellectual disability", "0000030"),
    "0001337": ("震颤", "Tremor", "0000030"),
    "0000040": ("皮肤异常", "Abnormality of the skin", ROOT),
    "0001000": ("皮肤色素异常", "Abnormality of skin pigmentation", "0000040"),
}
SHOWN: dict[str, dict[str, tuple[float, float] | None]] = {
    "OMIM:1": {"0000012": (0.8, 0.99), "0001166": (1.0, 1.0), "0002650": (0.3, 0.79)},
    "OMIM:2": {"0000013": (0.8, 0.99), "0001249": (1.0, 1.0), "0002650": None},
    "OMIM:3": {"0001337": (0.8, 0.99), "0001249": (0.3, 0.79), "0000012": (0.0, 0.0)},
    "OMIM:4": {"0001000": (0.8, 0.99), "0001337": (0.05, 0.29)},
} | {f"ORPHA:{number}": {"0000040": (0.8, 0.99)} for number in range(100, 300)}
"""Four diseases, and two hundred that show nothing but something of the skin."""
COURSES: dict[str, dict[str, Any]] = {
    "OMIM:3": {"onset": ["HP:0003596"], "inheritance": ["HP:0001419"]},
}
BESIDE = {
    "0003596": ("中年期发病", "Middle age onset"),
    "0001419": ("X-连锁隐性遗传", "X-linked recessive inheritance"),
}


def _concept(code: str, name: str, english: str) -> Concept:
    codes = (CodeRef("hpo", f"HP:{code}"),)
    return Concept(f"phenotype:HP:{code}", ConceptKind.PHENOTYPE, name, english, (), codes)


def _content() -> Content:
    source = Source("hpo", "人类表型术语集", "standard")
    concepts = [_concept(code, name, english) for code, (name, english, _) in PHENOTYPES.items()]
    concepts += [_concept(code, name, english) for code, (name, english) in BESIDE.items()]
    concepts += [
        Concept(
            f"disease:{d}", ConceptKind.DISEASE, f"试验病{d}", f"Trial {d}", (), (CodeRef("omim", d),),
            COURSES.get(d, {}),
        )
        for d in SHOWN
    ]  # fmt: skip
    finding = Concept(
        "symptom:shake", ConceptKind.SYMPTOM, "手抖个不停", "", ("抖动",), (CodeRef("hpo", "HP:0001337"),)
    )
    kinds = [
        Statement(f"isa{code}", f"phenotype:HP:{code}", Predicate.IS_A, f"phenotype:HP:{parent}")
        for code, (_, _, parent) in PHENOTYPES.items()
        if parent
    ]
    shown = [
        Statement(
            f"{d}{code}", f"disease:{d}", Predicate.HAS_PHENOTYPE, f"phenotype:HP:{code}",
            {} if share is None else {"share_min": share[0], "share_max": share[1]}, (Citation("hpo"),),
            standing=Standing.SECONDARY,
        )
        for d, found in SHOWN.items()
        for code, share in found.items()
    ]  # fmt: skip
    return Content([*concepts, finding], [*kinds, *shown], sources=[source])


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path = tmp_path_factory.mktemp("rare") / "r.ygr"
    compile_release(_content(), path)
    return Snapshot(path, "r")


def ranked(release: Snapshot, *codes: str, absent: tuple[str, ...] = (), **more: Any) -> list[RareCandidate]:
    observed = [Observed(f"phenotype:HP:{code}") for code in codes]
    observed += [Observed(f"phenotype:HP:{code}", False) for code in absent]
    return RareDiseases.of(release).rank(observed, **more)


def test_a_chinese_record_is_read_with_what_it_denies(release: Snapshot) -> None:
    text = "患儿蜘蛛样指，脊柱侧弯，手抖个不停。否认智力低下。父亲有白内障。"
    observed, lost = observed_in(release, text, [("HP:0000012", True), ("紫色尿", True), ("皮肤色素异常", False)])
    said = {release.name(one.phenotype): one.present for one in observed}
    assert said == {
        "细长指(趾)": True,
        "脊柱侧弯": True,
        "震颤": True,
        "智力障碍": False,
        "晶状体脱位": True,
        "皮肤色素异常": False,
    }
    assert lost == ["紫色尿"]


def test_what_is_said_twice_counts_once_and_present_before_absent(release: Snapshot) -> None:
    observed, _ = observed_in(release, "无震颤。", [("Tremor", True)])
    assert [(release.name(one.phenotype), one.present) for one in observed] == [("震颤", True)]


def test_the_disease_that_shows_most_of_it_comes_first(release: Snapshot) -> None:
    found = ranked(release, "0000012", "0001166")
    assert found[0].id == "disease:OMIM:1"
    assert found[0].score > found[1].score
    assert [(m.relation, m.share) for m in found[0].matched][0][0] == "same"
    assert {release.name(m.phenotype) for m in found[0].missing} == {"脊柱侧弯"}
    assert found[0].references[0].source == "《人类表型术语集》"


def test_a_vague_phenotype_still_points_to_the_diseases_of_its_kind(release: Snapshot) -> None:
    found = ranked(release, "0000011", "0001166")
    assert found[0].id == "disease:OMIM:1"
    assert {m.relation for m in found[0].matched} == {"narrower", "same"}


def test_a_related_phenotype_counts_less_than_the_same(release: Snapshot) -> None:
    same, related = ranked(release, "0000012")[0], ranked(release, "0000013")
    of_one = next(c for c in related if c.id == "disease:OMIM:1")
    assert of_one.matched[0].relation == "broader"
    assert of_one.matched[0].share is UNKNOWN
    assert of_one.matched[0].weight < same.matched[0].weight


def test_without_an_obligate_phenotype_a_disease_falls_back(release: Snapshot) -> None:
    before = {c.id: c.score for c in ranked(release, "0000013", "0002650")}
    after = {c.id: c.score for c in ranked(release, "0000013", "0002650", absent=("0001249",))}
    assert after["disease:OMIM:2"] < before["disease:OMIM:2"] - 1
    assert after["disease:OMIM:1"] > before["disease:OMIM:1"] - 0.1
    against = next(c for c in ranked(release, "0000013", absent=("0001249",)) if c.id == "disease:OMIM:2").against
    assert [(release.name(m.observed.phenotype), m.observed.present) for m in against] == [("智力障碍", False)]


def test_what_was_looked_for_and_not_found_speaks_against(release: Snapshot) -> None:
    found = {c.id: c for c in ranked(release, "0001337", "0000012")}
    weights = {c: {m.observed.phenotype: m.weight for m in (*x.matched, *x.against)} for c, x in found.items()}
    lens = "phenotype:HP:0000012"
    assert weights["disease:OMIM:3"][lens] <= weights["disease:OMIM:4"][lens]


def test_age_and_sex_that_do_not_fit_are_said_and_lower_the_score(release: Snapshot) -> None:
    child = {c.id: c for c in ranked(release, "0001337", years=6.0, sex=Sex.FEMALE)}["disease:OMIM:3"]
    man = {c.id: c for c in ranked(release, "0001337", years=50.0, sex=Sex.MALE)}["disease:OMIM:3"]
    nobody = {c.id: c for c in ranked(release, "0001337")}["disease:OMIM:3"]
    assert child.score == pytest.approx(man.score - 2)
    assert man.score == nobody.score
    assert len(child.notes) == 2
    assert (man.onset, man.inheritance, man.notes) == (("中年期发病",), ("X-连锁隐性遗传",), ())


def test_nothing_is_proposed_when_nothing_is_there(release: Snapshot) -> None:
    assert ranked(release, absent=("0001337",)) == []
    assert ranked(release) == []


def test_a_release_without_phenotypes_says_so(tmp_path: Path) -> None:
    path = tmp_path / "r.ygr"
    compile_release(Content([Concept("disease:x", ConceptKind.DISEASE, "某病")]), path)
    with pytest.raises(NoPhenotypesError):
        RareDiseases.of(Snapshot(path, "r"))


def test_the_answer_names_phenotypes_evidence_what_to_look_for_and_sources(release: Snapshot) -> None:
    body = RareBody(
        text="蜘蛛样指。无智力障碍。", findings=(RareFinding(text="紫色尿"),), age_years=8, sex="男", limit=2
    )
    told = answered(release, body)
    assert [(p["code"], p["present"]) for p in told["phenotypes"]] == [("HP:0001166", True), ("HP:0001249", False)]
    assert told["notUnderstood"] == ["紫色尿"]
    first = told["candidates"][0]
    assert first["codes"] == [{"system": "omim", "code": "OMIM:1"}]
    assert first["matched"][0] | {"weight": 0} == {
        "text": "蜘蛛样指",
        "present": True,
        "id": "phenotype:HP:0001166",
        "code": "HP:0001166",
        "name": "细长指(趾)",
        "relation": "same",
        "relationText": "相符",
        "weight": 0,
        "shown": {"id": "phenotype:HP:0001166", "code": "HP:0001166", "name": "细长指(趾)"},
        "frequency": "很常见",
        "share": 0.99,
    }
    assert [m["name"] for m in first["missing"]] == ["晶状体脱位", "脊柱侧弯"]
    assert first["sources"] == [{"title": "《人类表型术语集》"}]
    assert len(told["candidates"]) == 2


def test_a_text_that_tells_of_no_phenotype_is_answered_with_what_to_add(release: Snapshot) -> None:
    told = answered(release, RareBody(text="今日天气好。"))
    assert told["candidates"] == []
    assert "补充" in told["message"]


def test_how_often_is_said_in_the_bands_of_hpo() -> None:
    words = [frequency(share) for share in (1.0, 0.9, 0.5, 0.1, 0.02, UNKNOWN)]
    assert words == ["必有", "很常见", "常见", "偶见", "罕见", "有报道，频率不详"]
