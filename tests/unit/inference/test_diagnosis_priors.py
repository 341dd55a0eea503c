"""What is known before anybody examines: loaded graphs that nobody reviewed as a weak prior, and how common a disease is
at this age, for this sex, in this season and region. Over small releases of our own making, in which all else is equal,
and on the starter release."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from clinical.logic import UNKNOWN
from clinical.patient import Sex
from inference.diagnosis import Diagnoser
from inference.evidence import Evidence, merged, of_names
from inference.explaining import Candidate
from inference.profiles import AT_HOME, ELSEWHERE, IN_SEASON, OUT_OF_SEASON, Whom
from knowledge.compile import Content, compile_release
from knowledge.model import Citation, Concept, ConceptKind, Predicate, Source, Standing, Statement
from knowledge.snapshot import Snapshot
from knowledge.tables.diagnosis import AGE_BANDS

GUIDE, GRAPH = "guide", "graph"
SYMPTOMS = ("咳嗽", "发热", "乏力", "头痛", "皮疹", "腹泻", "盗汗", "口干")
YEAR = 365.25
ADULT = 40 * YEAR


def profile(disease: str, **more: Any) -> Statement:
    """How common a disease is: the same in everybody, everywhere, unless it is said otherwise."""
    told: dict[str, Any] = {"primary": "rare", "hospital": "rare", "sex": "equal", "urgency": "soon"}
    told |= dict.fromkeys(AGE_BANDS, "moderate") | {"departments": ["内科"]} | more
    cited = (Citation(GUIDE, disease),)
    return Statement(f"profile-{disease}", f"disease:{disease}", Predicate.DISEASE_PROFILE, "", told, cited)


def shows(disease: str, frequency: str, *symptoms: str) -> list[Statement]:
    """What a reviewed disease shows."""
    cited = (Citation(GUIDE, disease),)
    return [
        Statement(
            f"{disease}-{s}", f"disease:{disease}", Predicate.HAS_FINDING, f"symptom:{s}", {"frequency": frequency}, cited
        )
        for s in symptoms
    ]  # fmt: skip


def in_graph(disease: str, *symptoms: str) -> list[Statement]:
    """What a loaded graph says that a disease shows, which nobody reviewed."""
    cited = (Citation(GRAPH),)
    return [
        Statement(
            f"graph-{disease}-{s}", f"disease:{disease}", Predicate.HAS_SYMPTOM, f"symptom:{s}", {}, cited,
            standing=Standing.UNREVIEWED,
        )
        for s in symptoms
    ]  # fmt: skip


def release(path: Path, *statements: Statement) -> Snapshot:
    """A release that says this, beside common reviewed diseases that show a symptom each, so that no symptom is odd."""
    crowd = [(f"寻常病{n}", symptom) for n, symptom in enumerate(SYMPTOMS)]
    others = [one for name, symptom in crowd for one in (profile(name, primary="common", hospital="common"), *shows(name, "common", symptom))]  # fmt: skip
    every = [*statements, *others]
    symptoms = [
        Concept(f"symptom:{s}", ConceptKind.SYMPTOM, s, attributes={"dimension": "symptom", "incidental": "rare"})
        for s in SYMPTOMS
    ]
    graph = {s.subject for s in every} - {s.subject for s in every if s.standing is not Standing.UNREVIEWED}
    diseases = [
        Concept(
            one, ConceptKind.DISEASE, one.partition(":")[2],
            standing=Standing.UNREVIEWED if one in graph else Standing.REVIEWED,
        )
        for one in sorted({s.subject for s in every})
    ]  # fmt: skip
    sources = [Source(GUIDE, "指南", "guideline"), Source(GRAPH, "公开图谱", "standard")]
    compile_release(Content([*symptoms, *diseases], every, sources=sources), path)
    return Snapshot(path, path.name)


def told(snapshot: Snapshot, *present: str, absent: tuple[str, ...] = ()) -> list[Evidence]:
    evidence, lost = of_names([*((p, True) for p in present), *((a, False) for a in absent)], snapshot)
    assert lost == []
    return merged(evidence)


def ranked(snapshot: Snapshot, *present: str, absent: tuple[str, ...] = (), **more: Any) -> list[Candidate]:
    evidence = told(snapshot, *present, absent=absent)
    return Diagnoser.of(snapshot).rank(evidence, ADULT, Sex.MALE, limit=50, **more)


def named(found: list[Candidate], name: str) -> Candidate:
    (one,) = (candidate for candidate in found if candidate.name == name)
    return one


# -- the loaded graph as a weak prior ----------------------------------------------------------

SHARED = ("咳嗽", "发热", "乏力")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A reviewed disease and one that only a graph knows, both as rare as can be, which show the same symptoms."""
    return release(
        tmp_path_factory.mktemp("priors") / "small",
        profile("已审病", primary="very-rare", hospital="very-rare"),
        *shows("已审病", "fairly-common", *SHARED),
        *in_graph("图谱病", *SHARED),
        *in_graph("图谱旁病", "盗汗"),
        *in_graph("寻常病0", "头痛", "皮疹"),
    )


def test_a_disease_that_only_a_loaded_graph_knows_is_named_and_called_unreviewed(small: Snapshot) -> None:
    found = ranked(small, *SHARED)
    from_graph = named(found, "图谱病")
    assert from_graph.standing == "unreviewed"
    assert from_graph.probability > 0
    assert {g.label for g in from_graph.supporting} == set(SHARED)
    assert {g.basis for g in from_graph.evidence} == {"unstated"}, "the graph does not say how often"
    assert named(found, "已审病").standing == "reviewed"
    assert sum(one.probability for one in found) == pytest.approx(1)


@pytest.mark.parametrize("symptoms", [SHARED[:2], SHARED[1:], SHARED])
def test_it_never_comes_before_a_reviewed_disease_that_fits_equally(
    small: Snapshot, symptoms: tuple[str, ...]
) -> None:
    """Equally rare, the same symptoms, and shown by as many patients as a graph's are taken to be."""
    order = [one.name for one in ranked(small, *symptoms)]
    assert order.index("已审病") < order.index("图谱病")


@pytest.mark.parametrize("frequency", ["always", "very-common", "common", "fairly-common"])
@pytest.mark.parametrize("common", ["fairly-common", "uncommon", "rare", "very-rare"])
def test_whatever_a_review_said_of_how_common_it_is(tmp_path: Path, frequency: str, common: str) -> None:
    snapshot = release(
        tmp_path / "r",
        profile("已审病", primary=common, hospital=common),
        *shows("已审病", frequency, *SHARED),
        *in_graph("图谱病", *SHARED),
    )
    reviewed, unreviewed = (named(ranked(snapshot, *SHARED), name).probability for name in ("已审病", "图谱病"))
    assert reviewed > unreviewed > 0


def test_one_symptom_alone_names_no_disease_of_a_graph(small: Snapshot) -> None:
    assert "图谱旁病" not in [one.name for one in ranked(small, "盗汗", "口干")]
    assert "图谱病" not in [one.name for one in ranked(small, "咳嗽")]


def test_of_a_disease_with_a_profile_a_graph_is_not_asked(small: Snapshot) -> None:
    found = [one for one in ranked(small, "头痛", "皮疹") if one.name == "寻常病0"]
    assert [one.standing for one in found] == ["reviewed"]


def test_a_denied_symptom_of_its_own_makes_it_less_likely(small: Snapshot) -> None:
    def chance(absent: tuple[str, ...]) -> float:
        found = ranked(small, "咳嗽", "发热", absent=absent)
        return named(found, "图谱病").probability / named(found, "寻常病7").probability

    assert chance(("乏力",)) < chance(())


def test_of_named_diseases_too_the_reviewed_one_comes_first(small: Snapshot) -> None:
    found = ranked(small, *SHARED, among=("图谱病", "已审病"))
    assert [(one.name, one.standing) for one in found] == [("已审病", "reviewed"), ("图谱病", "unreviewed")]


# -- age, sex, season and region ---------------------------------------------------------------

CHILDS = {band: "high" if band in ("newborn", "infant", "toddler", "child") else "low" for band in AGE_BANDS}


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Diseases that differ in nothing but when, where and in whom they are more common."""
    differing: dict[str, dict[str, Any]] = {
        "常年病": {},
        "冬病": {"seasons": ["winter"]},
        "夏秋病": {"seasons": ["summer", "autumn"]},
        "牧区病": {"regions": ["牧区", "内蒙古"]},
        "小儿病": CHILDS,
        "妇人病": {"sex": "mostly-female"},
    }
    said = [
        one for name, more in differing.items() for one in (profile(name, **more), *shows(name, "common", *SHARED))
    ]
    return release(tmp_path_factory.mktemp("priors") / "alike", *said)


def chances(snapshot: Snapshot, whom: Whom) -> dict[str, float]:
    """How likely each disease is, as a multiple of the one that is as common always, everywhere and in everybody."""
    assessment = Diagnoser.of(snapshot).assess(told(snapshot, *SHARED), whom)
    found = {snapshot.name(one.disease): one.probability for one in assessment.ranked()}
    return {name: chance / found["常年病"] for name, chance in found.items()}


@pytest.mark.parametrize("month", range(1, 13))
def test_a_disease_with_a_season_is_likelier_in_its_months_all_else_equal(alike: Snapshot, month: int) -> None:
    found = chances(alike, Whom(ADULT, Sex.MALE, month))
    winter, warm = month in (12, 1, 2), 6 <= month <= 11
    assert found["冬病"] == pytest.approx(IN_SEASON if winter else OUT_OF_SEASON)
    assert found["夏秋病"] == pytest.approx(IN_SEASON if warm else OUT_OF_SEASON)
    assert (found["冬病"] > 1) == winter


def test_of_an_unknown_month_no_season_counts(alike: Snapshot) -> None:
    found = chances(alike, Whom(ADULT, Sex.MALE))
    assert found["冬病"] == pytest.approx(1)
    assert found["夏秋病"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("regions", "factor"),
    [(("牧区",), AT_HOME), (("内蒙古", "城区"), AT_HOME), (("沿海",), ELSEWHERE), ((), 1.0)],
    ids=["its own", "one of several", "another", "unknown"],
)
def test_a_disease_of_some_regions_is_likelier_there_all_else_equal(
    alike: Snapshot, regions: tuple[str, ...], factor: float
) -> None:
    found = chances(alike, Whom(ADULT, Sex.MALE, 0, frozenset(regions)))
    assert found["牧区病"] == pytest.approx(factor)
    assert found["冬病"] == pytest.approx(1)


def test_a_childs_disease_is_likelier_in_a_child_and_a_womans_in_a_woman(alike: Snapshot) -> None:
    man, woman = (chances(alike, Whom(ADULT, sex)) for sex in (Sex.MALE, Sex.FEMALE))
    child, nobody = chances(alike, Whom(3 * YEAR, Sex.MALE)), chances(alike, Whom(None, UNKNOWN))
    assert child["小儿病"] > 1 > man["小儿病"]
    assert woman["妇人病"] > 1 > man["妇人病"]
    assert nobody["妇人病"] == nobody["小儿病"] == pytest.approx(1)


def test_day_and_place_of_a_visit_reach_the_ranking_and_are_told_as_grounds(alike: Snapshot) -> None:
    def first(day: date, *region: str) -> Candidate:
        found = ranked(alike, *SHARED, day=day, region=region)
        return next(one for one in found if not one.name.startswith("寻常"))

    january, july = first(date(2026, 1, 10)), first(date(2026, 7, 10))
    assert (january.name, july.name) == ("冬病", "夏秋病")
    assert {g.label: g.note for g in january.supporting if g.dimension == "season"} == {"季节": "该季节多见"}
    herds = first(date(2026, 7, 10), "牧区")
    assert herds.name == "牧区病"
    assert {g.label: g.note for g in herds.supporting if g.dimension == "region"} == {"地区": "该地区多见"}


# -- on the starter release --------------------------------------------------------------------


def odds(snapshot: Snapshot, disease: str, present: tuple[str, ...], month: int = 0, *regions: str) -> float:
    """How likely a disease is, as a multiple of all those of which no season and no region is said."""
    assessment = Diagnoser.of(snapshot).assess(
        told(snapshot, *present), Whom(ADULT, Sex.MALE, month, frozenset(regions))
    )
    plain = {
        disease
        for disease, profile in zip(assessment.profiles.diseases, assessment.profiles.profiles, strict=True)
        if not profile.qualifiers.get("seasons") and not profile.qualifiers.get("regions")
    }
    found = {one.disease: one.probability for one in assessment.ranked()}
    (own,) = (chance for one, chance in found.items() if snapshot.name(one) == disease)
    return own / sum(found[one] for one in plain)


def test_the_shipped_influenza_is_one_of_winter_and_spring(snapshot: Snapshot) -> None:
    by_month = {month: odds(snapshot, "流行性感冒", ("发热", "咳嗽", "乏力"), month) for month in range(1, 13)}
    cold = {month for month in by_month if by_month[month] > 1.5 * by_month[7]}
    assert cold == {12, 1, 2, 3, 4, 5}
    assert by_month[1] / by_month[7] == pytest.approx(IN_SEASON / OUT_OF_SEASON)


def test_the_shipped_brucellosis_is_one_of_pastures(snapshot: Snapshot) -> None:
    shown = ("发热", "关节痛", "多汗")
    herds, coast = (odds(snapshot, "布鲁氏菌病", shown, 0, region) for region in ("牧区", "沿海"))
    assert herds / coast == pytest.approx(AT_HOME / ELSEWHERE)
    assert coast < odds(snapshot, "布鲁氏菌病", shown) < herds
