"""Plans fitted to a patient: who they are for, how much, what the rules say of it, and in which order they stand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.bedside import Bedside
from api.treatment_json import option_json
from clinical.coded import Coded, Origin
from clinical.finding import Finding, Gap, Review, Severity
from clinical.logic import UNKNOWN, Unknown
from clinical.order import Dosage, Order, OrderKind
from clinical.patient import Condition, Observation, PatientContext, Pregnancy, Sex
from clinical.quantity import Quantity
from inference.dose import Dose, Need, practical
from inference.drafting import spared
from inference.plan import Asked
from inference.treatment import Option, State, Treatment, treatments
from knowledge.compile import Content, compile_release
from knowledge.model import Citation, Concept, ConceptKind, Predicate, Source, Statement
from knowledge.snapshot import Snapshot

NOW = datetime(2026, 3, 1, 10)
YEAR = 365.25
PNEUMONIA, ASTHMA, GOUT = "disease:pneumonia", "disease:asthma", "disease:gout"
NAMES = {
    PNEUMONIA: "肺炎",
    "disease:lobar": "大叶性肺炎",
    ASTHMA: "支气管哮喘",
    GOUT: "痛风",
    "disease:pregnancy": "妊娠",
    "ingredient:amoxicillin": "阿莫西林",
    "ingredient:doxycycline": "多西环素",
    "ingredient:imipenem": "亚胺培南",
    "lab:weight": "体重",
    "lab:height": "身高",
    "lab:crp": "C反应蛋白",
}
CITED = (Citation("g", "治疗"),)


def plan(number: str, item: str = "", disease: str = PNEUMONIA, **said: Any) -> Statement:
    given = {"kind": "drug" if item else "measure", "class": "first-line", **said}
    return Statement(number, disease, Predicate.PLAN, item, given, CITED, "high")


def dosed(low: float, high: float | None = None, per: str = "kg-day", **said: Any) -> dict[str, Any]:
    given = {"dose": low, "unit": "mg", "per": per, "frequency": "tid", "route": "口服", **said}
    return given if high is None else given | {"dose_max": high}


PLANS = [
    plan("child", "ingredient:amoxicillin", rank=1, age_max=12 * YEAR, **dosed(80, 90, single_limit=1000, course=120.0)),
    plan("adult", "ingredient:amoxicillin", rank=2, age_min=18 * YEAR, **dosed(500, per="dose")),
    plan("no-gout", "ingredient:doxycycline", rank=3, without=["痛风"], pregnant="no", **dosed(100, per="dose")),
    plan("pregnant", "ingredient:doxycycline", rank=4, pregnant="yes", **dosed(50, per="dose")),
    plan("asthma", "ingredient:doxycycline", rank=5, **{"with": ["支气管哮喘"]}, **dosed(60, per="dose")),
    plan("surface", "ingredient:imipenem", rank=6, **dosed(500, per="m2-dose", daily_limit=900)),
    plan("daily", "ingredient:imipenem", rank=7, **dosed(30, 50, per="day")),
    plan("severe", content="立即吸氧", **{"class": "emergency"}, stages=["severe", "critical"]),
    plan("refer", content="呼吸≥30次/分转上级", **{"class": "referral"}),
    plan("tcm", content="清热化痰", situation="痰热壅肺证", **{"class": "tcm"}),
    plan("other-tcm", content="疏风散寒", situation="风寒束肺证", **{"class": "tcm"}),
    Statement("crp", PNEUMONIA, Predicate.PLAN, "lab:crp", {"kind": "lab", "class": "monitoring"}, CITED, "low"),
    Statement("limit", "ingredient:imipenem", Predicate.RENAL_LIMIT, "", {"measure": "crcl", "below": 30.0, "severity": "major", "unit": "mg", "single_max": 5.0, "daily_max": 10.0, "times_per_day_max": 2.0, "action": "reduce", "reason": "r", "advice": "a"}, CITED),
    Statement("up", "disease:lobar", Predicate.IS_A, PNEUMONIA, citations=CITED),
]  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return release(tmp_path_factory.mktemp("plans") / "r")


def release(path: Path, *more: Statement) -> Snapshot:
    concepts = [Concept(i, ConceptKind(i.partition(":")[0]), name) for i, name in NAMES.items()]
    compile_release(
        Content(concepts, [*PLANS, *more], sources=[Source("g", "肺炎指南", "guideline", year=2020)]), path
    )
    return Snapshot(path, "r")


def patient(years: float | None = 40, **more: Any) -> PatientContext:
    born = UNKNOWN if years is None else date(2026, 3, 1) - timedelta(days=round(years * YEAR))
    known: dict[str, Any] = {"sex": Sex.MALE, "birth_date": born, "conditions": (), "observations": ()}
    return PatientContext("p", NOW, **{**known, **more})


def measured(**values: float) -> tuple[Observation, ...]:
    units = {"weight": "kg", "height": "cm"}
    at = Origin("o", NOW - timedelta(days=1), "苏木镇卫生院")
    return tuple(
        Observation(Coded(NAMES[f"lab:{n}"], (), (f"lab:{n}",)), Quantity(v, units[n]), at) for n, v in values.items()
    )


def diagnosed(*concepts: str) -> tuple[Condition, ...]:
    return tuple(Condition(Coded(NAMES[c], (), (c,))) for c in concepts)


def silent(patient: PatientContext, order: Order) -> Review:
    return Review("r")


def saying(severity: Severity, *drugs: str, family: str = "interaction", rule: str = "x") -> Any:
    def judge(patient: PatientContext, order: Order) -> Review:
        if order.what.text not in drugs:
            return Review("r")
        found = Finding(family, rule, "1", severity, f"{order.what.text}不宜", "", (order.id,))
        elsewhere = Finding("critical-value", "y", "1", Severity.CONTRAINDICATED, "血钾危急", "", ())
        return Review("r", (found, elsewhere), (Gap(family, "egfr", "缺肌酐", (order.id,)),))

    return judge


def treat(
    snapshot: Snapshot, who: PatientContext, judge: Any = silent, disease: str = PNEUMONIA, **asked: str
) -> Treatment:
    (found,) = treatments(who, [disease], snapshot, judge, day=NOW.date(), asked=Asked(**asked))
    return found


def options(treatment: Treatment) -> dict[str, Option]:
    return {o.plan.statement.id: o for g in treatment.groups for o in g.options}


# Who a plan is for


def test_a_child_is_not_offered_what_is_for_adults_and_the_reason_is_counted(snapshot: Snapshot) -> None:
    told = treat(snapshot, patient(5))
    assert "child" in options(told)
    assert "adult" not in options(told)
    assert ("适用年龄为18岁及以上", 1) in told.elsewhere


def test_without_a_birth_date_age_is_asked_not_assumed(snapshot: Snapshot) -> None:
    told = options(treat(snapshot, patient(None)))
    assert told["adult"].state is State.ASKS
    assert told["adult"].verdict.reasons == ("未提供出生日期，本方案适用于18岁及以上",)


def test_a_disease_on_record_rules_a_plan_out_and_is_named(snapshot: Snapshot) -> None:
    told = options(treat(snapshot, patient(conditions=diagnosed(GOUT))))["no-gout"]
    assert told.state is State.UNSUITABLE
    assert told.order is None
    assert told.verdict.reasons == ("患者有“痛风”，本方案不用于痛风",)


def test_what_must_be_ruled_out_is_said_where_no_diagnoses_were_sent(snapshot: Snapshot) -> None:
    told = options(treat(snapshot, patient(conditions=UNKNOWN)))
    assert told["no-gout"].verdict.confirm == ("用前排除：痛风",)
    assert told["asthma"].state is State.ASKS


def test_a_plan_for_a_comorbidity_needs_it_on_record(snapshot: Snapshot) -> None:
    assert "asthma" not in options(treat(snapshot, patient()))
    assert options(treat(snapshot, patient(conditions=diagnosed(ASTHMA))))["asthma"].state is State.PROPOSED


@pytest.mark.parametrize(
    ("who", "no_gout", "pregnant"),
    [
        (patient(28, sex=Sex.FEMALE, pregnancy=Pregnancy(120)), State.UNSUITABLE, State.PROPOSED),
        (patient(28, sex=Sex.FEMALE, conditions=diagnosed("disease:pregnancy")), State.UNSUITABLE, State.PROPOSED),
        (patient(28, sex=Sex.FEMALE, pregnancy=None), State.PROPOSED, None),
        (patient(28, sex=Sex.FEMALE), State.PROPOSED, State.ASKS),
        (patient(70, sex=Sex.FEMALE), State.PROPOSED, None),
        (patient(28), State.PROPOSED, None),
    ],
    ids=["stated", "diagnosed", "not pregnant", "nobody said", "too old", "a man"],
)
def test_pregnancy_decides_and_unknown_is_asked(
    snapshot: Snapshot, who: PatientContext, no_gout: State, pregnant: State | None
) -> None:
    told = options(treat(snapshot, who))
    assert told["no-gout"].state is no_gout
    assert (told["pregnant"].state if "pregnant" in told else None) is pregnant
    asked = (
        isinstance(who.pregnancy, Unknown) and who.sex is Sex.FEMALE and who.age_years() == 28 and not who.conditions
    )
    assert ("用前确认未妊娠" in told["no-gout"].verdict.confirm) is asked


def test_severity_and_situation_narrow_and_what_nothing_is_about_is_said(snapshot: Snapshot) -> None:
    assert "severe" not in options(treat(snapshot, patient(), severity="mild"))
    assert options(treat(snapshot, patient()))["severe"].verdict.confirm == ("适用于病情重、危重者",)
    told = treat(snapshot, patient(), situation="痰热壅肺")
    assert "tcm" in options(told)
    assert "other-tcm" not in options(told)
    assert set(told.situations) == {"痰热壅肺证", "风寒束肺证"}
    lost = treat(snapshot, patient(), situation="暴发型")
    assert lost.notes == ("没有针对“暴发型”的方案，以下不区分情形",)
    assert "other-tcm" in options(lost)


def test_a_kind_of_the_disease_without_plans_of_its_own_takes_those_of_the_wider_one(snapshot: Snapshot) -> None:
    told = treat(snapshot, patient(), disease="disease:lobar")
    assert told.name == "大叶性肺炎"
    assert options(told)["adult"].plan.disease == PNEUMONIA


# How much


def dose(told: Treatment, number: str) -> Dose:
    found = options(told)[number].dose
    assert isinstance(found, Dose)
    return found


def test_a_dose_by_weight_and_day_is_divided_rounded_and_explained(snapshot: Snapshot) -> None:
    found = dose(treat(snapshot, patient(5, observations=measured(weight=13))), "child")
    assert (found.low.value, found.chosen.value, found.high.value) == (346.667, 350, 390)
    assert found.daily == Quantity(1050, "mg")
    assert found.how == "80~90 mg/kg/日 × 体重 13 kg ÷ 3 次 = 347~390 mg/次，取 350 mg"
    assert found.data[0].institution == "苏木镇卫生院"


def test_a_heavy_child_gets_no_more_than_the_cap(snapshot: Snapshot) -> None:
    found = dose(treat(snapshot, patient(11, observations=measured(weight=70))), "child")
    assert found.chosen == Quantity(1000, "mg")
    assert found.capped


def test_surface_needs_height_and_the_cap_of_a_day_is_shared_between_doses(snapshot: Snapshot) -> None:
    found = dose(treat(snapshot, patient(observations=measured(weight=60, height=170))), "surface")
    assert found.chosen == Quantity(300, "mg"), "500 mg/m² × 1.68 m² is above 900 mg a day in three doses"
    missing = options(treat(snapshot, patient(observations=measured(weight=60))))["surface"].dose
    assert missing == Need(("体重", "身高"), "500 mg/m²/次，每日不超过 900 mg")


@pytest.mark.parametrize("observations", [UNKNOWN, (), measured(height=100)])
def test_without_a_weight_nothing_is_guessed(snapshot: Snapshot, observations: Any) -> None:
    told = options(treat(snapshot, patient(5, observations=observations)))["child"]
    assert told.dose == Need(("体重",), "80~90 mg/kg/日，单次不超过 1000 mg")
    assert told.order is None


def test_last_years_weight_of_a_child_does_not_count(snapshot: Snapshot) -> None:
    (weight,) = measured(weight=13)
    old = Observation(weight.what, weight.value, Origin("o", NOW - timedelta(days=200)))
    assert isinstance(options(treat(snapshot, patient(5, observations=(old,))))["child"].dose, Need)


def test_a_fixed_dose_is_given_as_the_source_states_it(snapshot: Snapshot) -> None:
    found = dose(treat(snapshot, patient()), "adult")
    assert (found.chosen, found.daily, found.how) == (Quantity(500, "mg"), Quantity(1500, "mg"), "")


@pytest.mark.parametrize(
    ("low", "high", "unit", "wanted"),
    [
        (346, 390, "mg", 350),
        (100, 200, "mg", 100),
        (137, 137, "mg", 135),
        (0.3, 0.5, "片", 0.5),
        (260_000, 520_000, "IU", 500_000),
        (1.845, 1.845, "mg", 1.8),
        (1000, 1000, "mg", 1000),
    ],
)
def test_rounding_stays_within_the_range_and_never_exceeds_a_single_figure_by_more_than_it_falls_short(
    low: float, high: float, unit: str, wanted: float
) -> None:
    found = practical(low, high, unit)
    assert found == wanted
    assert low * 0.95 <= found <= high


# What the rules say


def test_what_is_contraindicated_is_shown_as_such_and_last(snapshot: Snapshot) -> None:
    told = treat(snapshot, patient(), saying(Severity.CONTRAINDICATED, "阿莫西林"))
    first_line = next(g for g in told.groups if g.name == "first-line")
    assert first_line.options[-1].plan.statement.id == "adult"
    last = first_line.options[-1]
    assert (last.state, last.order) == (State.CONTRAINDICATED, None)
    assert [f.summary for f in last.findings] == ["阿莫西林不宜"], (
        "what is said of the patient is not said of the option"
    )
    assert last.gaps[0].reason == "缺肌酐"


def test_what_is_grave_is_flagged_and_can_still_be_written(snapshot: Snapshot) -> None:
    told = options(treat(snapshot, patient(), saying(Severity.MAJOR, "阿莫西林")))["adult"]
    assert told.state is State.CAUTION
    assert told.order is not None


@pytest.mark.parametrize(
    ("companions", "state"), [(["多西环素"], State.PROPOSED), (["利福平", "阿莫西林"], State.CAUTION)]
)
def test_an_option_is_not_flagged_for_lacking_what_the_plan_has_beside_it(
    tmp_path: Path, companions: list[str], state: State
) -> None:
    """Each drug of a combination is tried alone; what no other row of the plan gives is still missing."""
    said = Statement("pair", "ingredient:amoxicillin", Predicate.COMPANION, "", {"companions": companions}, CITED)
    judge = saying(Severity.MAJOR, "阿莫西林", family="companion", rule="pair")
    told = options(treat(release(tmp_path / "r", said), patient(), judge))["adult"]
    assert (told.state, bool(told.findings)) == (state, state is State.CAUTION)


def test_minor_words_change_no_order_but_burden_breaks_ties(snapshot: Snapshot) -> None:
    told = options(treat(snapshot, patient(), saying(Severity.MODERATE, "阿莫西林")))["adult"]
    assert told.state is State.PROPOSED


def test_the_diagnosis_counts_as_present_for_the_rules(snapshot: Snapshot) -> None:
    seen: list[PatientContext] = []

    def judge(who: PatientContext, order: Order) -> Review:
        seen.append(who)
        return Review("r")

    treat(snapshot, patient(conditions=UNKNOWN), judge)
    conditions = seen[0].conditions
    assert not isinstance(conditions, Unknown)
    assert [c.what.concepts for c in conditions] == [(PNEUMONIA,)]


def test_what_is_to_be_asked_first_still_says_what_the_rules_hold_against_it(snapshot: Snapshot) -> None:
    option = options(treat(snapshot, patient(None), saying(Severity.MAJOR, "阿莫西林")))["adult"]
    bedside = cast(Bedside, SimpleNamespace(patient=patient(None), served=SimpleNamespace(snapshot=snapshot)))
    told = option_json(option, bedside)
    assert told["state"] == "asks"
    assert told["reasons"] == ["未提供出生日期，本方案适用于18岁及以上", "【严重】阿莫西林不宜"]


def test_a_dose_is_held_to_the_kidneys_even_where_another_grave_finding_stays(snapshot: Snapshot) -> None:
    def judge(who: PatientContext, order: Order) -> Review:
        given = order.dosage.dose
        if order.what.text != "亚胺培南":
            return Review("r")
        found = [Finding("interaction", "other", "1", Severity.MAJOR, "与丙戊酸相互作用", "", (order.id,))]
        if isinstance(given, Unknown) or given.value > 5:
            found.append(Finding("renal", "limit", "1", Severity.MAJOR, "上限 5 mg", "", (order.id,)))
        return Review("r", tuple(found))

    told = options(treat(snapshot, patient(), judge))["daily"]
    assert (told.state, told.adjusted) == (State.CAUTION, "上限 5 mg")
    assert told.order is not None
    assert told.order.dosage.dose == Quantity(5, "mg")


@pytest.mark.parametrize(
    ("dose", "times", "said", "wanted"),
    [
        (300, 1.0, {"daily_max": 150.0}, (300, "每48小时1次")),
        (0.5, 1.0, {"daily_max": 0.17}, (0.5, "每72小时1次")),
        (750, 3.0, {"single_max": 500.0, "daily_max": 500.0}, (500, "qd")),
        (2000, 4.0, {"single_max": 2000.0, "daily_max": 4000.0}, (2000, "bid")),
        (300, 1.0, {"daily_max": 150.0, "action": "reduce"}, (150, "")),
        (100, 3.0, {"times_per_day_max": 1.0}, (100, "qd")),
    ],
)
def test_where_the_interval_is_to_be_lengthened_the_dose_stays_what_it_is(
    snapshot: Snapshot, dose: float, times: float, said: dict[str, Any], wanted: tuple[float, str]
) -> None:
    """Half of a tablet every day is not what the label means by one tablet every other day."""
    limit = Statement("l", "d", Predicate.RENAL_LIMIT, "", {"action": "extend-interval", "unit": "mg"} | said, CITED)
    release = SimpleNamespace(statements=lambda predicate, concept: (limit,))
    order = Order(
        "o", OrderKind.DRUG, Coded("药", (), ("d",)), dosage=Dosage(dose=Quantity(dose, "mg"), times_per_day=times)
    )
    less = spared(order, (Finding("renal", "l", "1", Severity.MAJOR, "", "", ("o",)),), cast(Snapshot, release))
    assert less is not None
    assert (less.dosage.dose, less.dosage.frequency_text) == (Quantity(wanted[0], "mg"), wanted[1])


def test_a_diagnosis_that_no_plan_is_about_says_so(snapshot: Snapshot) -> None:
    told = treat(snapshot, patient(), disease=GOUT, situation="急性期")
    assert (told.groups, told.notes) == ((), ("知识库尚未收录该诊断的治疗方案",))


def test_a_dose_is_held_to_what_the_kidneys_allow(snapshot: Snapshot) -> None:
    def judge(who: PatientContext, order: Order) -> Review:
        given = order.dosage.dose
        pace = order.dosage.times_per_day
        low = not isinstance(given, Unknown) and not isinstance(pace, Unknown) and given.value <= 5 and pace <= 2
        if order.what.text != "亚胺培南" or low:
            return Review("r")
        return Review(
            "r", (Finding("renal", "limit", "1", Severity.MAJOR, "肌酐清除率 20，上限 5 mg", "", (order.id,)),)
        )

    told = options(treat(snapshot, patient(), judge))["daily"]
    assert told.state is State.PROPOSED
    assert told.adjusted == "肌酐清除率 20，上限 5 mg"
    assert told.order is not None
    assert (told.order.dosage.dose, told.order.dosage.frequency_text) == (Quantity(5, "mg"), "bid")
    assert isinstance(told.dose, Dose)
    assert (told.dose.chosen, told.dose.pace) == (Quantity(5, "mg"), "bid")


# In which order


def test_emergency_measures_come_first_and_referral_beside_them_when_haste_is_needed(snapshot: Snapshot) -> None:
    names = [g.name for g in treat(snapshot, patient()).groups]
    assert names == ["emergency", "first-line", "tcm", "monitoring", "referral"]
    assert [g.name for g in treat(snapshot, patient(), severity="severe").groups][:2] == ["emergency", "referral"]


def test_a_disease_that_must_not_wait_says_what_to_do_at_once(tmp_path: Path) -> None:
    profile = Statement("profile", PNEUMONIA, Predicate.DISEASE_PROFILE, "", {"red_flag": True, "advice": "立即吸氧", "urgency": "now"}, CITED)  # fmt: skip
    told = treat(release(tmp_path / "r", profile), patient())
    assert told.alarm is not None
    assert (told.alarm.advice, told.alarm.references[0].source) == ("立即吸氧", "《肺炎指南》(2020)")
    assert [g.name for g in told.groups][:2] == ["emergency", "referral"]


def test_every_option_names_its_source_and_tests_can_be_ordered(snapshot: Snapshot) -> None:
    told = options(treat(snapshot, patient()))
    assert {(r.source, r.section) for o in told.values() for r in o.references} == {("《肺炎指南》(2020)", "治疗")}
    assert told["crp"].order is not None
    assert told["crp"].order.kind.value == "lab"
    assert told["refer"].order is None
