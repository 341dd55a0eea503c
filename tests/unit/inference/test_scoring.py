"""Forms filled from the record, results that say where each value came from, and suggestions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from clinical.coded import Coded, Origin
from clinical.logic import UNKNOWN
from clinical.order import Ingredient, Order, OrderKind, OrderStatus
from clinical.patient import ClinicalStatus, Condition, Observation, PatientContext, Pregnancy, Sex
from clinical.quantity import Quantity
from clinical.value import replace
from inference.score import MEASURES
from inference.scoring import Form, FormItem, form, scored, scores, suggest
from knowledge.compile import Content, compile_release
from knowledge.model import Citation, Concept, ConceptKind, Predicate, Source, Statement
from knowledge.snapshot import Snapshot

NOW = datetime(2026, 3, 1, 10)
DISEASES = {
    "hypertension": "高血压",
    "malignant": "恶性高血压",
    "diabetes": "糖尿病",
    "af": "心房颤动",
    "pneumonia": "肺炎",
}
DISEASES |= {"stroke": "脑梗死", "pregnancy": "妊娠", "apgar": "新生儿窒息", "chest-pain": "胸痛"}
MOLAR = {"血肌酐": 113.12, "尿素": 60.06, "总胆红素": 584.67, "葡萄糖": 180.16}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    names = sorted({name for row in MEASURES.values() for name in row[4]})
    labs = [
        Concept(f"lab:{n}", ConceptKind.LAB, n, attributes={"molar_mass": MOLAR[n]} if n in MOLAR else {})
        for n in names
    ]
    # An exam that merely bears the name as a synonym must not be taken for the test.
    labs.append(Concept("lab:urine", ConceptKind.LAB, "尿肌酐", synonyms=("血肌酐",)))
    diseases = [Concept(f"disease:{i}", ConceptKind.DISEASE, n) for i, n in DISEASES.items()]
    drugs = [
        Concept("drug-class:antiplatelet", ConceptKind.DRUG_CLASS, "抗血小板药"),
        Concept("ingredient:aspirin", ConceptKind.INGREDIENT, "阿司匹林"),
    ]
    cited = (Citation("s", ""),)
    kinds = [
        Statement("a", "ingredient:aspirin", Predicate.IS_A, "drug-class:antiplatelet", citations=cited),
        Statement("b", "disease:malignant", Predicate.IS_A, "disease:hypertension", citations=cited),
    ]
    path = tmp_path_factory.mktemp("scores") / "r"
    compile_release(Content([*labs, *diseases, *drugs], kinds, sources=[Source("s", "s", "label")]), path)
    return Snapshot(path, "r")


def observed(name: str, value: float | str, unit: str = "", hours: float | None = 1) -> Observation:
    time = None if hours is None else NOW - timedelta(hours=hours)
    told = value if isinstance(value, str) else Quantity(value, unit)
    return Observation(Coded(name, concepts=(f"lab:{name}",)), told, Origin("o/1", time, "中心医院"))


def patient(*observations: Observation, **more: Any) -> PatientContext:
    known: dict[str, Any] = {"sex": Sex.MALE, "birth_date": date(1950, 1, 1), "conditions": (), "medications": ()}
    return PatientContext("p", NOW, observations=observations, **{**known, **more})


def condition(name: str, **more: Any) -> Condition:
    return Condition(Coded(DISEASES[name], concepts=(f"disease:{name}",)), **more)


def item(filled: Form, field: str) -> FormItem:
    return next(i for i in filled.items if i.field == field)


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [(1.2, "mg/dL", 106.08), (106, "μmol/L", 106), (0.106, "mmol/L", 106), (106, "umol/L", 106)],
)
def test_creatinine_in_any_unit(snapshot: Snapshot, value: float, unit: str, wanted: float) -> None:
    filled = item(form(scores()["sofa"], patient(observed("血肌酐", value, unit)), snapshot), "creatinine")
    assert filled.value == pytest.approx(wanted, rel=1e-4)
    assert filled.source is not None
    assert filled.source.institution == "中心医院"
    assert filled.source.time == NOW - timedelta(hours=1)


def test_four_milligrams_are_the_worst_stage_of_sofa(snapshot: Snapshot) -> None:
    """5.1 mg/dL is 451 µmol/L: 4 points; read as µmol/L it would be none."""
    filled = form(scores()["sofa"], patient(observed("血肌酐", 5.1, "mg/dL")), snapshot)
    result = scored(scores()["sofa"], {}, filled)
    assert result.lowest == 4


@pytest.mark.parametrize(
    ("name", "value", "unit", "score", "field", "wanted"),
    [
        ("红细胞比容", 0.28, "L/L", "apache-ii", "hematocrit", 28),
        ("血红蛋白", 9.5, "g/dL", "glasgow-blatchford", "hemoglobin", 95),
        ("氧分压", 8, "kPa", "pf-ratio", "pao2", 60.0049),
        ("总胆红素", 2, "mg/dL", "child-pugh", "bilirubin", 34.2073),
        ("葡萄糖", 180.16, "mg/dL", "ranson", "glucose", 10),
        ("国际标准化比值", 1.4, "", "child-pugh", "inr", 1.4),
    ],
)
def test_units_are_converted(
    snapshot: Snapshot, name: str, value: float, unit: str, score: str, field: str, wanted: float
) -> None:
    filled = item(form(scores()[score], patient(observed(name, value, unit)), snapshot), field)
    assert filled.value == pytest.approx(wanted, rel=1e-4)


def test_urea_by_mass_is_ambiguous_and_not_taken(snapshot: Snapshot) -> None:
    filled = item(form(scores()["curb-65"], patient(observed("尿素", 30, "mg/dL")), snapshot), "urea")
    assert filled.value is None
    assert "尿素氮" in filled.note


@pytest.mark.parametrize(
    ("observation", "says"),
    [
        (observed("心率", 80, "/min", hours=13), "没有近12小时内的结果"),
        (observed("心率", 80, "/min", hours=-1), "没有近12小时内的结果"),
        (observed("心率", "偏快"), "不是数值"),
        (observed("心率", 80, "kg"), "不能换算"),
        (observed("心率", 999, "/min"), "超出10~300"),
    ],
)
def test_what_cannot_be_used_is_not(snapshot: Snapshot, observation: Observation, says: str) -> None:
    filled = item(form(scores()["news2"], patient(observation), snapshot), "heart_rate")
    assert filled.value is None
    assert filled.proposed is None
    assert says in filled.note


def test_a_result_without_a_time_is_only_proposed(snapshot: Snapshot) -> None:
    filled = form(scores()["news2"], patient(observed("心率", 80, "/min", hours=None)), snapshot)
    assert item(filled, "heart_rate").value is None
    assert item(filled, "heart_rate").proposed == 80
    assert "heart_rate" not in filled.values()


def test_latest_lowest_and_worst_of_several(snapshot: Snapshot) -> None:
    rates = [observed("心率", value, "/min", hours) for value, hours in ((150, 9), (45, 5), (88, 1))]
    pressures = [observed("平均动脉压", value, "mmHg", hours) for value, hours in ((60, 9), (72, 1))]
    who = patient(*rates, *pressures)
    assert item(form(scores()["news2"], who, snapshot), "heart_rate").value == 88
    assert item(form(scores()["apache-ii"], who, snapshot), "heart_rate").value in (45, 150)
    assert item(form(scores()["sofa"], who, snapshot), "map").value == 60


def test_unknown_lists_leave_items_empty_and_say_so(snapshot: Snapshot) -> None:
    who = PatientContext("p", NOW, observations=UNKNOWN)
    filled = form(scores()["cha2ds2-vasc"], who, snapshot)
    assert filled.values() == {}
    assert all(i.proposed is None and i.note for i in filled.items)
    assert not scored(scores()["cha2ds2-vasc"], {}, filled).complete


def test_diagnoses_say_yes_but_never_no(snapshot: Snapshot) -> None:
    who = patient(conditions=(condition("malignant"), condition("stroke", status=ClinicalStatus.INACTIVE)))
    filled = form(scores()["cha2ds2-vasc"], who, snapshot)
    assert item(filled, "hypertension").value is True
    assert item(filled, "stroke").value is True, "history counts though it is over"
    assert item(filled, "diabetes").value is None
    assert item(filled, "diabetes").proposed is False


def test_drugs_by_class(snapshot: Snapshot) -> None:
    order = Order("m/1", OrderKind.DRUG, Coded("拜阿司匹灵"), OrderStatus.ACTIVE, (Ingredient("ingredient:aspirin"),))
    filled = form(scores()["has-bled"], patient(medications=(order,)), snapshot)
    assert item(filled, "drugs").value is True
    stopped = replace(order, stop=date(2026, 2, 1))
    assert item(form(scores()["has-bled"], patient(medications=(stopped,)), snapshot), "drugs").proposed is False


def test_result_tells_record_from_hand(snapshot: Snapshot) -> None:
    filled = form(
        scores()["qsofa"], patient(observed("收缩压", 95, "mmHg"), observed("呼吸频率", 18, "/min")), snapshot
    )
    result = scored(scores()["qsofa"], {"altered_mentation": True, "respiratory_rate": 24}, filled)
    assert (result.total, result.complete) == (3, True)
    manual = {i.field: i.manual for i in result.items}
    assert manual == {"respiratory_rate": True, "altered_mentation": True, "systolic": False}
    pressure = next(i for i in result.items if i.field == "systolic")
    assert (pressure.points, pressure.shown) == (1, "95 mmHg")
    assert pressure.source is not None
    assert pressure.source.institution == "中心医院"
    assert not scored(scores()["qsofa"], {"altered_mentation": True, "systolic": None}, filled).complete


def test_warnings_for_those_it_was_not_made_for(snapshot: Snapshot) -> None:
    child = patient(birth_date=date(2020, 1, 1))
    assert "本评分适用于≥16岁" in form(scores()["news2"], child, snapshot).warnings[0]
    pregnant = patient(sex=Sex.FEMALE, birth_date=date(1990, 1, 1), conditions=(condition("pregnancy"),))
    assert "妊娠" in form(scores()["news2"], pregnant, snapshot).warnings[0]
    stated = patient(sex=Sex.FEMALE, birth_date=date(1990, 1, 1), pregnancy=Pregnancy(200))
    assert "妊娠" in form(scores()["news2"], stated, snapshot).warnings[0], "stated without being a diagnosis"
    assert not form(scores()["news2"], replace(stated, pregnancy=None), snapshot).warnings
    assert "超出本项范围" in item(form(scores()["curb-65"], child, snapshot), "age").note


def test_suggestions_follow_diagnoses_findings_and_stage(snapshot: Snapshot) -> None:
    who = patient(conditions=(condition("af"),))
    names = {s.score for s in suggest(who, snapshot)}
    assert {"cha2ds2-vasc", "has-bled"} <= names
    assert "heart" not in names
    by_finding = {s.score: s.reasons for s in suggest(who, snapshot, findings=("胸痛",))}
    assert by_finding["heart"] == ("表现：胸痛",)
    assert {"braden", "morse", "caprini"} <= {s.score for s in suggest(who, snapshot, stage="encounter-start")}
    assert suggest(patient(), snapshot) == ()


def test_scores_for_other_ages_are_not_suggested(snapshot: Snapshot) -> None:
    asphyxia = (condition("apgar"),)
    assert suggest(patient(conditions=asphyxia), snapshot) == ()
    born = patient(conditions=asphyxia, birth_date=date(2026, 3, 1))
    assert [s.score for s in suggest(born, snapshot)] == ["apgar"]


def test_scores_that_a_diagnosis_excludes_are_not_suggested(snapshot: Snapshot) -> None:
    hypertensive = patient(conditions=(condition("hypertension"),), birth_date=date(1970, 1, 1))
    assert "china-diabetes-risk" in {s.score for s in suggest(hypertensive, snapshot)}
    diabetic = replace(hypertensive, conditions=(condition("hypertension"), condition("diabetes")))
    assert "china-diabetes-risk" not in {s.score for s in suggest(diabetic, snapshot)}


def test_a_stated_pregnancy_counts_where_a_score_asks_for_one(snapshot: Snapshot) -> None:
    pregnant = patient(sex=Sex.FEMALE, birth_date=date(1990, 1, 1), pregnancy=Pregnancy(200), conditions=UNKNOWN)
    told = item(form(scores()["caprini"], pregnant, snapshot), "pregnancy")
    assert (told.value, told.source and told.source.what) == (True, "妊娠")


def test_everything_serialises_simply(snapshot: Snapshot) -> None:
    filled = form(scores()["qsofa"], patient(observed("收缩压", 95, "mmHg")), snapshot)
    told = msgspec.to_builtins(filled)
    assert told["items"][2]["value"] == 95
    partial = msgspec.to_builtins(scored(scores()["qsofa"], {}, filled))
    assert partial["total"] is None
    assert [band["label"] for band in partial["possible"]] == ["阴性", "阳性"]
    assert msgspec.json.encode(suggest(patient(conditions=(condition("af"),)), snapshot))
