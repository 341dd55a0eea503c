"""A record's facts as the context that a review reads."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.logic import UNKNOWN
from clinical.patient import ClinicalStatus, PatientContext, Sex
from clinical.quantity import Quantity
from knowledge.snapshot import Snapshot
from nlp.context import context_of
from nlp.facts import read
from nlp.lexicon import Lexicon
from nlp.persons import person_in

NOW = datetime(2026, 3, 31, 9, 0)
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def of(text: str, snapshot: Snapshot, section: str = "") -> PatientContext:
    return context_of(read(text, Lexicon.of(snapshot), section), NOW, snapshot, text)


def test_only_what_the_patient_has_becomes_a_condition(snapshot: Snapshot) -> None:
    found = of("高血压。否认糖尿病。父亲患冠心病。考虑肺炎。警惕脑出血。", snapshot)
    assert found.conditions is not UNKNOWN
    assert [one.what.text for one in found.conditions] == ["高血压"]


def test_what_is_over_is_no_active_condition(snapshot: Snapshot) -> None:
    found = of("糖尿病史5年，肺结核病史20年，已愈。", snapshot, "既往史")
    assert [one.status for one in found.conditions] == [ClinicalStatus.ACTIVE, ClinicalStatus.INACTIVE]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("呕吐腹泻1天半，无尿6小时。", ["无尿"]),
        ("少尿3天，双下肢水肿。", ["少尿"]),
        ("下腹胀痛，尿潴留，予导尿。", ["尿潴留"]),
        ("无尿频、尿急、尿痛，尿量不少。", None),
        ("3年前曾无尿，透析后恢复。咳嗽3天。", None),
        ("若出现无尿，随时就诊。", None),
    ],
)
def test_a_symptom_that_is_a_condition_too_is_on_the_list(
    text: str, named: list[str] | None, snapshot: Snapshot
) -> None:
    found = of(text, snapshot).conditions
    if named is None:
        assert found is UNKNOWN or not {"无尿", "少尿"} & {one.what.text for one in found}
    else:
        assert [snapshot.name(c) for one in found for c in one.what.concepts] == named


def test_what_nobody_speaks_of_stays_unknown(snapshot: Snapshot) -> None:
    found = of("咳嗽3天。", snapshot)
    assert found.allergies is found.medications is found.pregnancy is found.sex is UNKNOWN


def test_denied_allergies_are_known_to_be_none(snapshot: Snapshot) -> None:
    assert of("否认药物过敏史。", snapshot, "过敏史").allergies == ()
    (found,) = of("青霉素过敏。", snapshot, "过敏史").allergies
    assert found.what.concepts


def test_results_carry_their_units_and_missing_ones_are_not_made_up(snapshot: Snapshot) -> None:
    found = of("T37.8，血钾3.1mmol/L，总胆固醇6.2。", snapshot, "辅助检查")
    values = {one.what.text: one.value for one in found.observations}
    assert values["体温"] == Quantity(37.8, "Cel")
    assert values["钾"] == Quantity(3.1, "mmol/L")
    assert values["总胆固醇"] == "6.2"


def test_drugs_taken_now_are_orders_and_stopped_ones_are_not(snapshot: Snapshot) -> None:
    found = of("停用华法林，改用利伐沙班20mg qd 口服。", snapshot)
    (order,) = found.medications
    assert order.dosage.dose == Quantity(20, "mg")
    assert (order.dosage.route, order.dosage.times_per_day) == ("口服", 1)


def test_a_dose_per_kilogram_is_no_dose_yet(snapshot: Snapshot) -> None:
    (order,) = of("口服阿奇霉素10mg/kg qd。", snapshot).medications
    assert order.dosage.dose is UNKNOWN
    assert order.dosage.times_per_day == 1


def test_a_pregnancy_has_its_days_and_a_denied_one_is_none(snapshot: Snapshot) -> None:
    assert of("孕32周，双下肢水肿。", snapshot).pregnancy.gestational_days == 224
    assert of("否认妊娠可能。", snapshot).pregnancy is None


@pytest.mark.parametrize(
    ("text", "sex", "born"),
    [
        ("患者，女，65岁，因胸痛入院", Sex.FEMALE, date(1961, 3, 31)),
        ("患儿，男，1岁2月，发热", Sex.MALE, date(2025, 1, 31)),
        ("孕妇，28岁，G2P1", Sex.FEMALE, date(1998, 3, 31)),
        ("性别：男 年龄：40岁", Sex.MALE, date(1986, 3, 31)),
        ("父亲70岁时死于胃癌", UNKNOWN, UNKNOWN),
        ("患儿，男，1.5岁，发热", Sex.MALE, date(2024, 9, 30)),
        ("患儿，女，12岁3个月", Sex.FEMALE, date(2013, 12, 31)),
        ("患儿，男，3月龄", Sex.MALE, date(2025, 12, 31)),
        ("患儿，男，３岁半", Sex.MALE, date(2022, 9, 30)),
        ("患者，女，二十八岁", Sex.FEMALE, date(1998, 3, 31)),
        ("患者，女，一百零二岁", Sex.FEMALE, date(1924, 3, 31)),
        ("患者，男，2026年3月因65岁体检", Sex.MALE, UNKNOWN),
        ("患者，女，2026年出生，男婴随诊", Sex.FEMALE, UNKNOWN),
        ("患儿，男，1．5岁", Sex.MALE, UNKNOWN),
        ("患者，男，999岁", Sex.MALE, UNKNOWN),
        ("患者，女，二〇二六岁", Sex.FEMALE, UNKNOWN),
        ("患儿，123天男婴", Sex.MALE, UNKNOWN),
    ],
)
def test_sex_and_age_are_the_patients_own(text: str, sex: object, born: object) -> None:
    found = person_in(text, NOW.date())
    assert (found.sex, found.birth_date) == (sex, born)


@given(
    st.integers(1000, 10**9),
    st.sampled_from(["岁", "周岁", "个月", "月龄", "岁半", "岁3个月", "天男婴"]),
    st.sampled_from(["患者 ", "患者，女，", "年龄：", "男，", "", "孕妇"]),
    st.booleans(),
)
def test_a_figure_that_no_age_has_is_not_read_by_its_last_digits(
    figure: int, unit: str, lead: str, wide: bool
) -> None:
    said = str(figure).translate(_WIDE) if wide else str(figure)
    assert person_in(f"{lead}{said}{unit}", NOW.date()).birth_date is UNKNOWN


@given(st.integers(0, 110), st.sampled_from(["岁", "周岁"]), st.booleans())
def test_an_age_is_read_whole(years: int, unit: str, wide: bool) -> None:
    said = str(years).translate(_WIDE) if wide else str(years)
    born = person_in(f"患者，女，{said}{unit}，咳嗽", NOW.date()).birth_date
    assert born == date(2026 - years, 3, 31)


def test_who_is_said_to_be_eighteen_has_had_that_birthday_and_a_newborn_is_as_old_as_told(snapshot: Snapshot) -> None:
    assert of("患者，男，18岁。", snapshot).birth_date == date(2008, 3, 31)
    assert of("患儿，男，生后3天。", snapshot).birth_date == date(2026, 3, 28)
