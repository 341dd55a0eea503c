"""Suspected diagnoses as a doctor would judge them, on the starter release."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from clinical.coded import Coded, Origin
from clinical.finding import Finding, Review, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.patient import Condition, Observation, PatientContext, Procedure, Report, Sex
from clinical.quantity import Quantity
from inference.alarms import alarms
from inference.assessment import Assessment
from inference.availability import Availability, Lists, Site
from inference.diagnosis import Diagnoser
from inference.differentials import differentials
from inference.evidence import Evidence, merged, of_names, of_patient, of_text
from inference.examinations import examinations
from inference.explaining import Explainer
from inference.picture import findings_of
from inference.picture_parts import Point, Series
from inference.profiles import Whom
from inference.questions import askings
from inference.results import Results
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot
from records.terminology import Terminology

NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)


def shows(snapshot: Snapshot, *present: str, absent: tuple[str, ...] = ()) -> list[Evidence]:
    evidence, lost = of_names([*((p, True) for p in present), *((a, False) for a in absent)], snapshot)
    assert lost == []
    return merged(evidence)


def assessed(snapshot: Snapshot, years: float, sex: Sex, *present: str, absent: tuple[str, ...] = ()) -> Assessment:
    return Diagnoser.of(snapshot).assess(shows(snapshot, *present, absent=absent), Whom(years * 365.25, sex, 1))


def leading(assessment: Assessment, most: int) -> list[str]:
    return [assessment.profiles.snapshot.name(one.disease) for one in assessment.ranked()[:most]]


def chance(assessment: Assessment, name: str) -> float:
    snapshot = assessment.profiles.snapshot
    return next(one.probability for one in assessment.ranked() if snapshot.name(one.disease) == name)


@pytest.mark.parametrize(
    ("years", "sex", "present", "expected"),
    [
        (25, Sex.MALE, ("转移性右下腹痛", "恶心", "右下腹压痛", "反跳痛", "白细胞升高"), "急性阑尾炎"),
        (40, Sex.MALE, ("波状热", "关节痛", "多汗", "牛羊接触史"), "布鲁氏菌病"),
        (60, Sex.FEMALE, ("眩晕", "头部运动诱发眩晕"), "耳石症"),
        (4, Sex.MALE, ("发热", "口腔疱疹", "手足部疱疹"), "手足口病"),
        (0.6, Sex.MALE, ("添加新辅食", "大便酸臭", "大便含不消化食物", "泡沫样便", "腹泻"), "食饵性腹泻"),
        (0.6, Sex.MALE, ("发热", "先吐后泻", "水样便", "流涕"), "病毒性肠炎"),
    ],
)
def test_a_textbook_picture_leads_to_its_disease(
    snapshot: Snapshot, years: float, sex: Sex, present: tuple[str, ...], expected: str
) -> None:
    assert leading(assessed(snapshot, years, sex, *present), 1) == [expected]


def test_probabilities_of_all_diseases_come_to_one(snapshot: Snapshot) -> None:
    ranked = assessed(snapshot, 30, Sex.MALE, "咳嗽", "发热").ranked()
    assert sum(one.probability for one in ranked) == pytest.approx(1)
    assert [one.probability for one in ranked] == sorted((one.probability for one in ranked), reverse=True)


def test_the_same_thing_said_narrowly_and_widely_counts_once(snapshot: Snapshot) -> None:
    once = assessed(snapshot, 2, Sex.MALE, "水样便")
    twice = assessed(snapshot, 2, Sex.MALE, "水样便", "腹泻")
    assert chance(twice, "病毒性肠炎") == pytest.approx(chance(once, "病毒性肠炎"), rel=0.15)


def test_a_denied_key_symptom_makes_a_disease_less_likely_and_an_unknown_one_does_not(snapshot: Snapshot) -> None:
    unknown = assessed(snapshot, 58, Sex.MALE, "胸痛", "大汗淋漓")
    denied = assessed(snapshot, 58, Sex.MALE, "胸痛", "大汗淋漓", absent=("肌钙蛋白升高",))
    assert chance(denied, "急性ST段抬高型心肌梗死") < chance(unknown, "急性ST段抬高型心肌梗死") / 2


@pytest.mark.parametrize(
    ("denied", "least", "most"), [("咳嗽", 0.2, 0.7), ("咳痰", 0.75, 1.0), ("声音嘶哑", 0.95, 1.1)]
)
def test_a_denied_symptom_counts_as_far_as_most_patients_would_have_it(
    snapshot: Snapshot, denied: str, least: float, most: float
) -> None:
    """A doctor asks what he suspects: that few have what is denied is no reason to think of something else."""
    named = ("支气管炎", "急性胃肠炎")
    asked = Diagnoser.of(snapshot).assess(shows(snapshot, "发热", absent=(denied,)), Whom(), named)
    weights = next(one.weights for one in asked.weighed if one.evidence and not one.evidence.present)
    row = asked.profiles.row[snapshot.by_name("支气管炎", ConceptKind.DISEASE)[0].id]
    other = asked.profiles.row[snapshot.by_name("急性胃肠炎", ConceptKind.DISEASE)[0].id]
    assert least < float(np.exp(weights[row] - weights[other])) < most


def test_what_weighs_the_same_in_every_disease_changes_nothing(snapshot: Snapshot) -> None:
    """Whoever lives with smokers may have any disease: the others are weighed as if nobody had said so."""
    told = assessed(snapshot, 40, Sex.FEMALE, "尿频", "尿痛", "被动吸烟")
    without = assessed(snapshot, 40, Sex.FEMALE, "尿频", "尿痛")
    assert told.posterior == pytest.approx(without.posterior)


def test_men_have_no_ectopic_pregnancy(snapshot: Snapshot) -> None:
    woman = assessed(snapshot, 28, Sex.FEMALE, "下腹痛")
    man = assessed(snapshot, 28, Sex.MALE, "下腹痛")
    assert chance(man, "异位妊娠") < chance(woman, "异位妊娠") / 100


def test_what_must_not_be_missed_stays_listed_though_unlikely(snapshot: Snapshot) -> None:
    assessment = assessed(snapshot, 20, Sex.MALE, "头痛", "呕吐", "发热", "颈强直")
    listed = {one.candidate.name: one for one in alarms(assessment, Explainer(assessment))}
    assert "细菌性脑膜炎" in listed
    assert any("脑脊液" in snapshot.name(finding) for finding in listed["细菌性脑膜炎"].open)


def test_every_ground_that_the_release_states_says_where_it_is_written(snapshot: Snapshot) -> None:
    assessment = assessed(snapshot, 25, Sex.MALE, "转移性右下腹痛", "恶心", "咳嗽")
    candidate = Explainer(assessment).candidate(assessment.ranked()[0])
    assert candidate.name == "急性阑尾炎"
    stated = [g for g in candidate.evidence if g.basis == "stated"]
    assert stated
    assert all(g.references and g.references[0].source for g in stated)
    assert "咳嗽" in [e.name for e in candidate.unexplained]


def test_the_next_question_is_about_something_not_yet_known(snapshot: Snapshot) -> None:
    assessment = assessed(snapshot, 62, Sex.MALE, "眩晕", "恶心", absent=("耳鸣",))
    questions, tests = askings(assessment)
    assert questions
    assert not {"眩晕", "恶心", "耳鸣"} & {q.name for q in (*questions, *tests)}
    assert all(q.gain > 0 for q in questions)


# -- among named diseases ------------------------------------------------------------------------


def test_named_diseases_share_all_of_the_probability_and_an_unknown_one_comes_last(snapshot: Snapshot) -> None:
    named = ("小儿腹泻", "上呼吸道感染", "从未听说的病")
    assessment = Diagnoser.of(snapshot).assess(shows(snapshot, "拉肚子", "水样便"), Whom(), named)
    ranked = assessment.ranked()
    assert [one.words for one in ranked][0] == "小儿腹泻"
    assert ranked[-1].words == "从未听说的病"
    assert ranked[-1].probability == 0
    assert sum(one.probability for one in ranked) == pytest.approx(1)
    assert assessment.assumed


def test_a_disease_that_somebody_was_told_to_have_speaks_for_it(snapshot: Snapshot) -> None:
    named = ("肺炎", "过敏性鼻炎")
    without = Diagnoser.of(snapshot).rank(shows(snapshot, "咳嗽"), among=named)
    told = Diagnoser.of(snapshot).rank(shows(snapshot, "咳嗽", "过敏性鼻炎"), among=named)

    def rhinitis(found: list) -> float:
        return next(one.probability for one in found if one.name == "过敏性鼻炎")

    assert rhinitis(told) > 2 * rhinitis(without)


def test_a_cold_that_somebody_was_told_to_have_is_not_counted_again_as_what_came_before(snapshot: Snapshot) -> None:
    named = ("上呼吸道感染", "支气管炎")
    without = Diagnoser.of(snapshot).assess(shows(snapshot, "咳嗽", "流涕"), Whom(), named)
    told = Diagnoser.of(snapshot).assess(shows(snapshot, "咳嗽", "流涕", "普通感冒"), Whom(), named)
    assert [e.evidence.name for e in told.weighed if e.evidence].count("前驱上呼吸道感染") == 0

    def cold(assessment: Assessment) -> float:
        return next(one.probability for one in assessment.ranked() if one.words == "上呼吸道感染")

    assert cold(told) > cold(without) - 0.03


# -- words and records ---------------------------------------------------------------------------


def test_lay_words_are_understood_and_nonsense_is_listed(snapshot: Snapshot) -> None:
    evidence, lost = of_names([("拉肚子", True), ("揉眼睛", True), ("反胃", True), ("天空很蓝", True)], snapshot)
    assert [one.name for one in evidence] == ["腹泻", "揉眼", "恶心"]
    assert lost == ["天空很蓝"]


def test_a_result_is_a_finding_by_its_limits_and_a_normal_one_its_absence(snapshot: Snapshot) -> None:
    leukocytes = snapshot.by_name("白细胞计数", ConceptKind.LAB)[0].id

    def states(value: float) -> dict[str, bool]:
        result = Observation(
            Coded("白细胞", concepts=(leukocytes,)), Quantity(value, "10*9/L"), Origin("o1", NOW, "旗医院")
        )
        patient = PatientContext("p", NOW, sex=Sex.MALE, observations=(result,))
        return {one.name: one.present for one in of_patient(patient, snapshot)}

    assert states(15.2)["白细胞升高"] is True
    assert states(6.0)["白细胞升高"] is False
    assert of_patient(PatientContext("p", NOW, observations=UNKNOWN), snapshot) == []


@pytest.mark.parametrize(
    ("text", "finding", "there"),
    [
        ("剖宫产术后10天，突发胸痛。", "近期手术", True),
        ("剖宫产术后10天，突发胸痛。", "产后", True),
        ("顺产后2小时阴道大量流血。", "产后", True),
        ("3年前行剖宫产术。", "产后", None),
        ("3年前行剖宫产术。", "近期手术", None),
        ("2周前行右膝关节置换术。", "近期手术", True),
        ("3天前行腰椎穿刺术。", "近期手术", None),
        ("左小腿肿胀3天。", "单侧下肢肿痛", True),
        ("双下肢水肿。", "单侧下肢肿痛", None),
        ("左上肢肿胀。", "单侧下肢肿痛", None),
        ("咳嗽1月，父亲患肺结核。", "家庭结核接触史", True),
    ],
)
def test_what_a_story_means_beyond_its_words(snapshot: Snapshot, text: str, finding: str, there: bool | None) -> None:
    assert {one.name: one.present for one in of_text(text, snapshot)}.get(finding) is there


def test_a_critical_value_without_a_reference_range_is_not_taken_for_a_low_one(snapshot: Snapshot) -> None:
    """A child's glucose of 28 was shown as hypoglycaemia."""
    glucose = snapshot.by_name("葡萄糖", ConceptKind.LAB)[0].id

    def meant(low: float | None, high: float | None, value: float) -> set[str]:
        point = Point(NOW.isoformat(), value, "", "critical", "", "")
        series = Series("葡萄糖", glucose, "mmol/L", (point,), low, high, "", "", True)
        return {snapshot.name(finding) for finding, _ in findings_of([series], snapshot)}

    assert "血糖降低" not in meant(None, None, 28)
    assert "血糖升高" in meant(3.9, 11.1, 28)
    assert "血糖降低" in meant(3.9, 11.1, 2)


def test_an_operation_of_the_record_is_recent_for_four_weeks(snapshot: Snapshot) -> None:
    replaced = snapshot.by_name("膝关节置换术", ConceptKind.PROCEDURE)[0].id

    def found(days: float) -> set[str]:
        done = Procedure(Coded("右膝关节置换术", (), (replaced,)), Origin("p", NOW - timedelta(days=days)))
        return {one.name for one in of_patient(PatientContext("p", NOW, procedures=(done,)), snapshot)}

    assert "近期手术" in found(14)
    assert "近期手术" not in found(60) | found(-2)


def test_a_lung_clot_after_an_operation_leads(snapshot: Snapshot) -> None:
    story = of_text("剖宫产术后10天，突发胸痛、呼吸困难、咯血，左小腿肿胀。", snapshot)
    assert leading(Diagnoser.of(snapshot).assess(story, Whom(41 * 365.25, Sex.FEMALE, 1)), 1) == ["肺栓塞"]


@pytest.mark.parametrize(
    ("years", "test", "value", "unit", "finding", "there"),
    [
        (14, "葡萄糖", 28, "mmol/L", "血糖升高", True),
        (14, "酸碱度", 7.05, "1", "酸碱度降低", True),
        (14, "钾", 3.0, "mmol/L", "低钾", None),
        (3, "葡萄糖", 5.0, "mmol/L", "血糖升高", None),
        (60, "钾", 4.0, "mmol/L", "低钾", False),
        (60, "血红蛋白", 90, "g/L", "贫血", True),
        (0.01, "收缩压", 70, "mmHg", "血压降低", False),
        (0.01, "收缩压", 55, "mmHg", "血压降低", True),
        (4, "收缩压", 76, "mmHg", "血压降低", True),
        (60, "收缩压", 85, "mmHg", "血压降低", True),
        (60, "收缩压", 165, "mmHg", "血压升高", True),
        (0.01, "呼吸频率", 50, "/min", "呼吸急促", False),
        (3, "呼吸频率", 44, "/min", "呼吸急促", True),
        (60, "呼吸频率", 28, "/min", "呼吸急促", True),
        (0.01, "心率", 140, "/min", "心动过速", None),
    ],
)
def test_a_result_of_a_child_is_held_to_limits_of_that_age_or_to_none(
    snapshot: Snapshot, years: float, test: str, value: float, unit: str, finding: str, there: bool | None
) -> None:
    """Where no range is stated for children, only what is critical says something: nothing is normal unknown."""
    what = Coded(test, (), (snapshot.by_name(test, ConceptKind.LAB)[0].id,))
    born = (NOW - timedelta(days=years * 365.25 + 1)).date()
    results = (Observation(what, Quantity(value, unit), Origin("o", NOW)),)
    patient = PatientContext("p", NOW, sex=Sex.MALE, birth_date=born, observations=results)
    found = {one.name: one.present for one in of_patient(patient, snapshot)}
    assert found.get(finding) is there


@pytest.mark.parametrize(
    ("sex", "test", "value", "unit", "finding", "there"),
    [
        (Sex.MALE, "白细胞计数", 16, "10*9/L", "白细胞升高", True),
        (Sex.MALE, "白细胞计数", 12, "10*9/L", "白细胞升高", None),
        (Sex.MALE, "白细胞计数", 8, "10*9/L", "白细胞升高", False),
        (Sex.MALE, "血红蛋白", 90, "g/L", "贫血", True),
        (Sex.MALE, "血红蛋白", 115, "g/L", "贫血", None),
        (UNKNOWN, "血红蛋白", 200, "g/L", "贫血", False),
        (Sex.FEMALE, "收缩压", 50, "mmHg", "血压降低", True),
        (Sex.FEMALE, "收缩压", 85, "mmHg", "血压降低", None),
        (Sex.FEMALE, "收缩压", 165, "mmHg", "血压升高", True),
        (Sex.FEMALE, "钾", 3.0, "mmol/L", "低钾", True),
    ],
)
def test_a_result_of_somebody_of_unknown_age_is_what_it_is_at_every_age_for_which_limits_are_stated_or_nothing(
    snapshot: Snapshot, sex: Known[Sex], test: str, value: float, unit: str, finding: str, there: bool | None
) -> None:
    what = snapshot.by_name(test, ConceptKind.LAB)[0].id
    found = Results.of(snapshot).of_observation(what, Quantity(value, unit), UNKNOWN, sex)
    assert {snapshot.name(one): said for one, said in found}.get(finding) is there


@pytest.mark.parametrize(
    ("words", "history"),
    [
        ("AECOPD", "慢性阻塞性肺疾病病史"),
        ("慢阻肺急性加重", "慢性阻塞性肺疾病病史"),
        ("COPD急性加重期", "慢性阻塞性肺疾病病史"),
        ("慢支急性发作", "慢性阻塞性肺疾病病史"),
        ("支气管哮喘急性发作", "哮喘病史"),
        ("肝硬化失代偿期", "肝硬化病史"),
    ],
)
def test_who_has_a_flare_has_the_disease(snapshot: Snapshot, words: str, history: str) -> None:
    conditions = (Condition(Coded(words)),)
    patient, _, _ = Terminology(snapshot).resolve(PatientContext("p", NOW, conditions=conditions), ())
    for evidence in (of_patient(patient, snapshot), of_text(f"初步诊断：{words}。", snapshot)):
        assert (history, True) in {(one.name, one.present) for one in evidence}


# -- differentials and examinations --------------------------------------------------------------


def test_curated_differentials_come_first_with_their_points(snapshot: Snapshot) -> None:
    assessment = assessed(snapshot, 25, Sex.FEMALE, "右下腹压痛", "发热")
    appendicitis = snapshot.by_name("急性阑尾炎", ConceptKind.DISEASE)[0].id
    found = differentials(appendicitis, assessment)
    assert found[0].curated
    assert found[0].said
    assert appendicitis not in [one.disease for one in found]


def test_nobody_is_told_from_a_disease_that_his_age_and_sex_do_not_have(snapshot: Snapshot) -> None:
    def others(disease: str, years: float, sex: Sex) -> set[str]:
        concept = snapshot.by_name(disease, ConceptKind.DISEASE)[0].id
        found = differentials(concept, assessed(snapshot, years, sex, "发热"), 30)
        return {snapshot.name(one.disease) for one in found}

    assert "异位妊娠" in others("急性阑尾炎", 25, Sex.FEMALE)
    assert "异位妊娠" not in others("急性阑尾炎", 25, Sex.MALE)
    assert "毛细支气管炎" in others("肺炎", 0.5, Sex.MALE)
    assert "毛细支气管炎" not in others("肺炎", 68, Sex.MALE)


def test_what_a_report_says_is_known_by_its_words(snapshot: Snapshot) -> None:
    said = "双肺未见实变。右侧胸腔积液，心影增大。"
    report = Report(Coded("胸部CT"), said, origin=Origin("r", NOW, "苏木镇卫生院"))
    found = of_patient(PatientContext("p", NOW, reports=(report,)), snapshot)
    words = {one.name: said[one.within.start : one.within.end] for one in found if one.within}
    assert "胸腔积液" in words.values(), words


def test_an_examination_done_within_its_interval_is_not_ordered_again(snapshot: Snapshot) -> None:
    assessment = assessed(snapshot, 58, Sex.MALE, "胸痛", "大汗淋漓")

    def listed(name: str, hours: float) -> list[tuple[str, bool]]:
        at = Origin("r", NOW - timedelta(hours=hours), "苏木镇卫生院")
        report = Report(Coded(name, (), (snapshot.by_name(name, ConceptKind.EXAM)[0].id,)), "未见异常", origin=at)
        found = examinations(assessment, PatientContext("p", NOW, institution_level=2, reports=(report,)))
        assert all(one.worth > 0 for one in found)
        return [(one.item.name, one.done is not None) for one in found]

    assert listed("超声心动图", 100)[-1] == ("超声心动图", True)
    assert ("超声心动图", False) in listed("超声心动图", 130), "it counts for five days"
    assert listed("心电图", 1)[-1] == ("心电图", True), "what has no interval counts for this visit"
    assert ("心电图", False) in listed("心电图", 24)


def test_a_pregnancy_test_is_for_women_who_may_be_pregnant(snapshot: Snapshot) -> None:
    def wanted(years: float, sex: Sex) -> set[str]:
        assessment = assessed(snapshot, years, sex, "转移性右下腹痛", "右下腹压痛", "反跳痛")
        return {one.item.name for one in examinations(assessment, PatientContext("p", NOW), limit=50)}

    test = "β-人绒毛膜促性腺激素"
    assert test in wanted(25, Sex.FEMALE)
    assert test not in wanted(25, Sex.MALE) | wanted(70, Sex.FEMALE) | wanted(5, Sex.FEMALE)


def test_an_examination_that_is_dangerous_in_what_is_suspected_comes_last_with_the_reason(snapshot: Snapshot) -> None:
    attack = snapshot.by_name("支气管哮喘急性发作", ConceptKind.DISEASE)[0].id
    provocation = snapshot.by_name("支气管激发试验", ConceptKind.EXAM)[0].id
    assessment = assessed(snapshot, 36, Sex.FEMALE, "喘息", "呼吸急促", "哮鸣音", "支气管哮喘", "妊娠期")
    seen: list[PatientContext] = []

    def judge(patient: PatientContext, order: Order) -> Review:
        seen.append(patient)
        found = [Finding("x", order.id, "1", Severity.MODERATE, "提示", "", (order.id,))]
        if order.what.concepts == (provocation,):
            found.append(Finding("x", "y", "1", Severity.CONTRAINDICATED, "可诱发致命性支气管痉挛", "", (order.id,)))
        return Review("r", tuple(found))

    found = examinations(assessment, PatientContext("p", NOW), judge=judge)
    assert found[-1].item.concept == provocation
    assert found[-1].is_forbidden
    assert [f.summary for f in found[-1].against] == ["可诱发致命性支气管痉挛"], "what is less than grave is not told"
    assert not any(one.against for one in found[:-1])
    assert not isinstance(seen[0].conditions, Unknown)
    assert attack in {c for condition in seen[0].conditions for c in condition.what.concepts}
    assert seen[0].pregnancy is not None


def test_an_institution_is_offered_first_what_it_has(snapshot: Snapshot) -> None:
    assessment = assessed(snapshot, 58, Sex.MALE, "胸痛", "大汗淋漓")
    found = examinations(assessment, PatientContext("p", NOW, institution_level=1))
    availability = [one.availability.here for one in found]
    assert availability == sorted(availability, reverse=True)


def test_what_the_list_of_the_institution_says_comes_before_its_grade(snapshot: Snapshot) -> None:
    def concept(name: str, kind: ConceptKind) -> str:
        return snapshot.by_name(name, kind)[0].id

    def listing(*concepts: str) -> frozenset[str]:
        return frozenset(concepts)

    chest, angiography = concept("胸部X线", ConceptKind.EXAM), concept("冠状动脉造影", ConceptKind.EXAM)
    three = concept("心梗三项", ConceptKind.LAB)
    sites = (Site("乙医院", listing(chest)), *(Site(name, listing(angiography)) for name in "丙丁戊己"))
    assessment = assessed(snapshot, 58, Sex.MALE, "胸痛", "大汗淋漓")

    def placed(lists: Lists) -> dict[str, Availability]:
        patient = PatientContext("p", NOW, institution_level=1)
        found = examinations(assessment, patient, limit=50, look_up=lambda concepts: lists)
        return {one.item.name: one.availability for one in found}

    own = placed(Lists(listing(three, concept("心电图", ConceptKind.EXAM)), sites))
    assert own["心电图"] == Availability(True, True)
    assert own["肌钙蛋白I"] == Availability(True, True), "who has the panel has what is in it"
    assert own["胸部X线"] == Availability(False, True, ("乙医院",)), "of a grade that usually has it"
    assert own["冠状动脉造影"] == Availability(False, True, ("丙", "丁", "戊")), "three are enough"
    none = placed(Lists(None, sites))
    assert none["胸部X线"] == Availability(True, False), "without a list the grade says it"
    assert none["冠状动脉造影"] == Availability(False, False, ("丙", "丁", "戊"))
