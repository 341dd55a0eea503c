"""Risks by published scores: what is certain although items are missing, the course of creatinine, whom a score is
for. And models trained on synthetic cases (made up by a formula; they say nothing of real patients)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import nan
from pathlib import Path
from typing import Any

import pytest

from base.security import SigningKey
from benchmarks.synthetic_risk import FEATURES, cases
from clinical.coded import Coded, Origin
from clinical.patient import Condition, Observation, PatientContext, Sex
from clinical.quantity import Quantity
from inference.drift import LEAST, SHIFTED, Watch, bins_of, psi
from inference.kidney_course import creatinine_course
from inference.learned import LAB, Feature, Model
from inference.learning import Case, Trained, TrainingError, Wanted, measured, split, train
from inference.model_store import ModelError, active, opened, store
from inference.risk import TOPICS, Risk, risks
from inference.risk_table import read_table
from inference.score import MEASURES, Level
from knowledge.compile import Content, compile_release
from knowledge.model import Concept, ConceptKind, Source
from knowledge.snapshot import Snapshot

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
WANTED = Wanted("mortality", "mortality", "住院死亡(合成数据)", "合成结局", "logistic", author="测试")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    names = sorted({name for row in MEASURES.values() for name in row[4]})
    labs = [
        Concept(f"lab:{n}", ConceptKind.LAB, n, attributes={"molar_mass": 113.12} if n == "血肌酐" else {})
        for n in names
    ]
    diseases = [Concept(f"disease:{n}", ConceptKind.DISEASE, n) for n in ("妊娠", "肺炎")]
    path = tmp_path_factory.mktemp("risk") / "r"
    compile_release(Content([*labs, *diseases], [], sources=[Source("s", "s", "label")]), path)
    return Snapshot(path, "r")


def result(name: str, value: float, unit: str, hours: float = 1) -> Observation:
    at = Origin("o", NOW - timedelta(hours=hours), "旗医院")
    return Observation(Coded(name, (), (f"lab:{name}",)), Quantity(value, unit), at)


def patient(*observations: Observation, born: date = date(1950, 1, 1), **more: Any) -> PatientContext:
    return PatientContext("p", NOW, sex=Sex.MALE, birth_date=born, observations=observations, **more)


def risk(snapshot: Snapshot, topic: str, who: PatientContext, *models: Model) -> Risk:
    (found,) = risks(who, snapshot, models, [topic], own=False)
    return found


VERY_ILL = (
    result("呼吸频率", 30, "/min"),
    result("收缩压", 86, "mmHg"),
    result("心率", 135, "/min"),
    result("血氧饱和度", 89, "%"),
)


# What is certain


def test_four_vital_signs_are_enough_to_know_that_it_is_critical(snapshot: Snapshot) -> None:
    found = risk(snapshot, "deterioration", patient(*VERY_ILL))
    assert (found.level, found.alarm) == (Level.CRITICAL, True)
    (basis,) = found.bases
    assert not basis.result.complete
    assert basis.result.lowest == 9, "89 % is as wanted where oxygen is held low on purpose, which nobody ruled out"
    assert "床旁" in found.advice


def test_normal_signs_with_consciousness_unknown_are_not_called_low_risk_for_certain(snapshot: Snapshot) -> None:
    well = (result("呼吸频率", 16, "/min"), result("收缩压", 125, "mmHg"), result("血氧饱和度", 98, "%"))
    found = risk(snapshot, "deterioration", patient(*well))
    assert (found.level, found.alarm) == (Level.LOW, False)
    assert found.bases[0].ceiling is Level.CRITICAL


def test_one_sign_short_of_the_limit_raises_no_alarm(snapshot: Snapshot) -> None:
    found = risk(snapshot, "sepsis", patient(result("呼吸频率", 24, "/min")))
    assert not found.alarm
    assert risk(snapshot, "sepsis", patient(result("呼吸频率", 24, "/min"), result("收缩压", 95, "mmHg"))).alarm


def test_yesterdays_signs_raise_nothing_today(snapshot: Snapshot) -> None:
    old = [
        result(o.what.text, o.value.value, o.value.unit, hours=30) for o in VERY_ILL if isinstance(o.value, Quantity)
    ]
    found = risk(snapshot, "deterioration", patient(*old))
    assert (found.level, found.alarm, found.bases) == (None, False, ())
    assert "没有可用的数据" in found.left_out[0]


def test_a_score_for_adults_says_nothing_of_a_child(snapshot: Snapshot) -> None:
    found = risk(snapshot, "deterioration", patient(*VERY_ILL, born=date(2020, 1, 1)))
    assert (found.level, found.alarm) == (None, False)
    assert "6岁" in found.left_out[0]
    pregnant = patient(
        *VERY_ILL, born=date(1995, 1, 1), conditions=(Condition(Coded("妊娠", (), ("disease:妊娠",))),)
    )
    assert not risk(snapshot, "deterioration", pregnant).alarm


@pytest.mark.parametrize("topic", TOPICS)
def test_nobody_of_whom_nothing_is_known_is_at_any_level(snapshot: Snapshot, topic: str) -> None:
    found = risk(snapshot, topic, PatientContext("p", NOW))
    assert (found.level, found.alarm) == (None, False)


# The course of creatinine


@pytest.mark.parametrize(
    ("course", "baseline", "risen"),
    [
        ([(1, 130), (30, 90)], 90, True),
        ([(1, 110), (30, 90)], 90, False),
        ([(1, 116.5), (40, 90)], 90, True),
        ([(1, 130), (72, 90)], 90, None),
        ([(1, 130), (24 * 30, 80), (24 * 60, 100)], 90, None),
        ([(1, 130), (24 * 3, 120), (24 * 30, 80)], 120, None),
    ],
    ids=["48 h", "too little", "26.5 exactly", "slower", "median of the year", "the week before the year"],
)
def test_the_baseline_and_the_rise(
    snapshot: Snapshot, course: list[tuple[float, float]], baseline: float, risen: bool | None
) -> None:
    found = creatinine_course(patient(*(result("血肌酐", v, "umol/L", hours=h) for h, v in course)), snapshot)
    assert found is not None
    assert (found.baseline, found.risen) == (baseline, risen)


@pytest.mark.parametrize("course", [[], [(1, 130)], [(60, 130), (80, 90)], [(1, 130), (24 * 400, 80)]])
def test_without_a_recent_value_or_an_earlier_one_there_is_no_course(
    snapshot: Snapshot, course: list[tuple[float, float]]
) -> None:
    told = patient(*(result("血肌酐", v, "umol/L", hours=h) for h, v in course))
    assert creatinine_course(told, snapshot) is None


@pytest.mark.parametrize(
    ("now", "level", "alarm"),
    [(100, Level.NONE, False), (140, Level.MODERATE, True), (200, Level.HIGH, True), (300, Level.CRITICAL, True)],
)
def test_kidney_injury_is_staged_from_the_course_and_told_from_stage_one(
    snapshot: Snapshot, now: float, level: Level, alarm: bool
) -> None:
    mg = result("血肌酐", 90 / 88.4, "mg/dL", hours=24 * 5)
    found = risk(snapshot, "aki", patient(result("血肌酐", now, "umol/L"), mg))
    assert (found.level, found.alarm) == (level, alarm)
    assert [d.what for d in found.bases[0].data] == ["血肌酐", "血肌酐"]


# Models of one's own


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(cases(2400), FEATURES, WANTED, "d")


def test_a_model_learns_in_order_of_time_and_its_card_tells_all(trained: Trained) -> None:
    card = trained.card
    assert card.parts["train"].last <= card.parts["calibrate"].first
    assert card.parts["calibrate"].last <= card.parts["test"].first
    assert card.metrics["auroc"] > 0.65
    assert card.metrics["auroc_low"] < card.metrics["auroc"] < card.metrics["auroc_high"]
    assert card.metrics["brier"] < card.metrics["brier_base"]
    assert 0.7 < card.metrics["observed_expected"] < 1.4
    assert sum(b.cases for b in card.calibration) == card.parts["test"].cases
    assert 0.2 < card.missing["乳酸(mmol/L)"] < 0.4
    assert card.usable
    assert any("未经外部验证" in limit for limit in card.limits)


@pytest.mark.slow
def test_boosting_takes_missing_values_as_they_are() -> None:
    made = train(cases(2400), FEATURES, replace(WANTED, kind="boosting"))
    assert made.card.metrics["auroc"] > 0.6
    assert Model(made.card, made.estimator).share([[nan] * len(FEATURES)])


def test_what_is_pure_chance_is_kept_but_never_used(tmp_path: Path) -> None:
    draw = random.Random(3)
    noise = [Case(c.at, c.patient, c.values, draw.random() < 0.1) for c in cases(1500)]
    made = train(noise, FEATURES, WANTED)
    assert not made.card.usable
    store(tmp_path, made, SigningKey.generate())
    assert active(tmp_path) == {}


@pytest.mark.parametrize(
    ("few", "said"),
    [(cases(60), "cases to train on"), ([Case(c.at, "", c.values, False) for c in cases(900)], "0 events")],
)
def test_too_little_data_trains_nothing_and_says_how_much_is_needed(few: list[Case], said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        train(few, FEATURES, WANTED)


def test_a_patient_counts_in_one_part_only() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    many = [Case(start + timedelta(days=n), f"p{n % 40}", (), False) for n in range(200)]
    parts = split(many)
    seen = [{case.patient for case in part} for part in parts.values()]
    assert sum(map(len, seen)) == len(set().union(*seen))


def test_figures_of_a_perfect_and_of_a_blind_guess() -> None:
    outcomes = [True, False] * 50
    perfect = measured(outcomes, [0.9 if o else 0.1 for o in outcomes], 0.5)
    assert (perfect["auroc"], perfect["sensitivity"], perfect["ppv"]) == (1, 1, 1)
    assert perfect["brier"] == pytest.approx(0.01)
    blind = measured(outcomes, [0.5] * 100, 0.6)
    assert blind["auroc"] == 0.5
    assert (blind["brier"], blind["brier_base"], blind["alarms"]) == (0.25, 0.25, 0)


@pytest.fixture
def kept(trained: Trained, tmp_path: Path) -> tuple[Path, SigningKey]:
    key = SigningKey.generate()
    return store(tmp_path, trained, key), key


def test_a_stored_model_predicts_as_before_and_its_card_can_be_read(
    kept: tuple[Path, SigningKey], trained: Trained, tmp_path: Path
) -> None:
    place, key = kept
    assert active(tmp_path) == {"mortality": place}
    model = opened(place, [key.public])
    row = [[80.0, 1.0, 5.0, 300.0, 140.0]]
    assert model.share(row) == Model(trained.card, trained.estimator).share(row)
    page = (place / "card.md").read_text("utf-8")
    assert "AUROC" in page.upper()
    assert "## 局限" in page


@pytest.mark.parametrize("name", ["model.bin", "card.json", "signature"])
def test_a_model_that_was_changed_or_signed_by_others_is_not_opened(kept: tuple[Path, SigningKey], name: str) -> None:
    place, key = kept
    content = (place / name).read_bytes()
    (place / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError):
        opened(place, [key.public])
    (place / name).write_bytes(content)
    with pytest.raises(ModelError):
        opened(place, [SigningKey.generate().public])
    assert opened(place, [key.public])


def test_a_prediction_says_what_it_read_and_without_results_there_is_none(
    trained: Trained, snapshot: Snapshot
) -> None:
    model = Model(trained.card, trained.estimator)
    ill = patient(result("乳酸", 9, "mmol/L"), result("血肌酐", 4, "mg/dL"))
    found = model.predict(ill, snapshot)
    assert found.probability is not None
    assert found.above
    assert (found.known, found.of) == (4, 5)
    assert [d.what for d in found.data] == ["乳酸", "血肌酐"]
    assert "不替代临床判断" in found.note
    nothing = model.predict(patient(), snapshot)
    assert (nothing.probability, nothing.above) == (None, False)
    assert risk(snapshot, "mortality", ill, model).alarm


def test_drift_is_seen_in_what_changed_and_only_there(trained: Trained) -> None:
    same, shifted = (Watch(trained.card.bins) for _ in range(2))
    titles = [f.title for f in FEATURES]
    for watch, shift in ((same, 0.0), (shifted, 2.0)):
        for case in cases(800, seed=9, shift=shift):
            watch.see(dict(zip(titles, case.values, strict=True)), 0.1)
    assert max(same.indexes().values()) < 0.1
    told = shifted.indexes()
    assert told["乳酸(mmol/L)"] > SHIFTED
    assert told["钠(mmol/L)"] < 0.1
    assert same.mean() == pytest.approx(0.1)


def test_an_index_by_hand_and_too_few_cases() -> None:
    # (0.5 - 0.8) ln(0.5 / 0.8) + (0.5 - 0.2) ln(0.5 / 0.2) = 0.1410 + 0.2749
    assert psi((0.8, 0.2), (50, 50)) == pytest.approx(0.4159, abs=1e-4)
    assert psi((0.8, 0.2), (1, LEAST - 2)) == 0
    made = bins_of([1.0, 2.0, 3.0, nan])
    assert made.shares[-1] == 0.25
    assert made.place(nan) == len(made.shares) - 1


# Tables


def written(folder: Path, *lines: str) -> Path:
    path = folder / "cases.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_a_table_names_its_tests_with_units_and_leaves_empty_what_is_unknown(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    path = written(
        tmp_path, "患者,时间,结局,年龄,性别,血肌酐(μmol/L)", "a,2026-01-02,1,70,女,", "b,2026-01-01T08:00,0,50,男,88"
    )
    found, features = read_table(path, snapshot)
    assert features[2] == Feature(LAB, "血肌酐", "umol/L")
    assert found[1].values == (50, 0, 88)
    assert found[0].values[2] != found[0].values[2]
    assert (found[0].event, found[1].event) == (True, False)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["时间,年龄", "2026-01-01,1"], "结局"),
        (["时间,结局", "2026-01-01,1"], "no column is a feature"),
        (["时间,结局,血肌酐", "2026-01-01,1,1"], "with its unit"),
        (["时间,结局,没有的检验(mg/L)", "2026-01-01,1,1"], "knows no test"),
        (["时间,结局,血肌酐(frobs)", "2026-01-01,1,1"], "frobs"),
        (["时间,结局,年龄", "2026-13-01,1,1"], "cases.csv:2 时间"),
        (["时间,结局,年龄", "2026-01-01,perhaps,1"], "must be 1 or 0"),
        (["时间,结局,年龄", "2026-01-01,1,old"], "cases.csv:2 年龄"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(tmp_path: Path, snapshot: Snapshot, lines: list[str], said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        read_table(written(tmp_path, *lines), snapshot)
