"""Passages: what the release says, as sentences that a clinician can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from nlp.passages import Passage, departments, passages
from nlp.sentences import FAMILIES, said
from nlp.wording import age, ages, between, duration, number
from tests import search_world as world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Passage]:
    found = list(passages(world.compiled(tmp_path_factory.mktemp("world") / "r.ygr")))
    assert len({p.id for p in found}) == len(found)
    return {p.id: p for p in found}


def about(made: dict[str, Passage], concept: str, predicate: Predicate) -> Passage:
    (found,) = [p for p in made.values() if p.concept == concept and p.predicate == predicate.value]
    return found


@pytest.mark.parametrize(
    ("id_", "text"),
    [
        ("dose", "阿莫西林：成人 口服 单次0.25–0.5 g，每日不超过2 g。"),
        ("dose-child", "布洛芬：儿童(6个月至12岁) 口服 单次5–10 mg/kg，每日不超过40 mg/kg(最多1200 mg)。"),
        ("pair", "维生素K拮抗剂与非甾体抗炎药合用：出血风险明显增加（严重风险）。机制：抗凝与黏膜损伤相加。处理：改对乙酰氨基酚。"),
        ("pregnant", "妊娠期（孕早期、晚期）使用华法林：严重风险。有害。处理：换药。"),
        ("kidney", "肾小球滤过率(eGFR)<30 ml/min/1.73m²时使用二甲双胍：禁用。有害。处理：换药。严重程度：严重。"),
        ("kidney-2", "肾小球滤过率(eGFR)30–45 ml/min/1.73m²时使用二甲双胍：减量，每日不超过1000 mg。有害。处理：换药。严重程度：严重。"),
        ("old", "65岁及以上使用布洛芬：严重风险。有害。处理：换药。"),
        ("low", "钾低危急值：立即补钾并心电监护。心律失常。"),
        ("plan", "肺炎首选用阿莫西林 口服 每次1 g tid，疗程7天。无并发症的门诊成人。监测：72小时评估。"),
    ],
)  # fmt: skip
def test_a_statement_is_a_sentence_with_names_words_and_units(made: dict[str, Passage], id_: str, text: str) -> None:
    assert made[id_].text == text


def test_a_passage_tells_where_it_stands_and_how_far_it_may_be_trusted(made: dict[str, Passage]) -> None:
    p = made["plan"]
    assert (p.title, p.heading, p.kind) == ("肺炎 阿莫西林 治疗方案", "治疗方案", "disease")
    assert (p.source_title, p.edition, p.year, p.section) == ("社区获得性肺炎指南", "2021版", 2021, "【注意事项】")
    assert (p.evidence, p.standing, p.source_kind) == ("high", "starter", "guideline")


def test_short_statements_of_one_subject_make_one_passage(made: dict[str, Passage]) -> None:
    loaded = about(made, world.PNEUMONIA, Predicate.HAS_SYMPTOM)
    assert loaded.text == "肺炎的症状：发热、咳嗽。" or loaded.text == "肺炎的症状：咳嗽、发热。"
    assert set(loaded.objects) == {"symptom:cough", "symptom:fever"}
    assert loaded.standing == "unreviewed"


def test_a_diagnosis_that_nobody_queries_is_not_said_to_be_treated(snapshot: Snapshot) -> None:
    found = [p for p in passages(snapshot) if p.predicate == Predicate.INDICATED_FOR]
    (antidiabetics,) = [p for p in found if snapshot.name(p.concept) == "降糖药"]
    assert antidiabetics.text.startswith("降糖药用于糖尿病。审方时有下列诊断之一，不视为无适应证（依据临床常规）：")
    assert "不孕症" in antidiabetics.text
    assert not [p.text for p in found if "用于不孕症" in p.text or "适应范围" in p.text]


def test_drugs_and_diagnoses_beside_which_nobody_asks_are_told_apart(snapshot: Snapshot) -> None:
    found = [p for p in passages(snapshot) if p.predicate == Predicate.INDICATED_FOR and "合用药品" in p.text]
    kinds = {snapshot.concept(one).kind for p in found for one in p.objects}  # type: ignore[union-attr]
    assert found
    assert ConceptKind.DISEASE not in kinds


def test_findings_are_told_the_most_frequent_first(made: dict[str, Passage]) -> None:
    assert about(made, world.GOUT, Predicate.HAS_FINDING).text == "痛风的表现：必有：咳嗽（夜间为重）；可见：发热。"


def test_limits_of_a_test_stand_together_with_its_critical_values(made: dict[str, Passage]) -> None:
    text = about(made, world.POTASSIUM, Predicate.REFERENCE_RANGE).text
    assert text == "钾参考区间(正常值)：18岁及以上 3.5–5.3 mmol/L（危急值<2.8或>6.2）。"


def test_every_section_of_an_article_is_a_passage(made: dict[str, Passage]) -> None:
    first, second = made["article:pneumonia#0"], made["article:pneumonia#1"]
    assert (first.title, first.text) == ("肺炎 定义", "肺炎是终末气道、肺泡和肺间质的炎症。")
    assert (first.source, second.source, second.predicate) == (world.GUIDE, "", "")


def test_what_is_used_in_a_disease_belongs_to_its_departments(tmp_path: Path) -> None:
    found = departments(world.compiled(tmp_path / "r.ygr"))
    assert found[world.PNEUMONIA] == ("呼吸内科", "儿科")
    assert found[world.ASTHMA] == ("呼吸内科",)
    assert set(found[world.AMOXICILLIN]) == {"呼吸内科", "儿科"}
    assert world.METFORMIN not in found


def test_the_same_release_gives_the_same_passages(tmp_path: Path) -> None:
    snapshot = world.compiled(tmp_path / "r.ygr")
    assert list(passages(snapshot)) == list(passages(snapshot))


def test_every_predicate_has_a_sentence_of_its_own() -> None:
    assert set(FAMILIES) == set(Predicate)


def test_a_predicate_that_no_family_knows_is_said_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(FAMILIES, Predicate.WASHOUT)
    made = Statement("x", "a", Predicate.WASHOUT, "b", {"note": "等两周"})
    assert said(made, "甲", "乙") == ("washout", "甲与乙。说明：等两周。")


def test_nothing_of_a_shipped_statement_is_lost(snapshot: Snapshot) -> None:
    """What a curator wrote in words stands in the passage, whichever pattern says it."""
    unsaid = {
        "icd10",
        "kind",
        "label",
        "limit",
        "measure",
        "comparison",
        "side",
        "of",
        "unit",
        "rate_unit",
        "conc_unit",
    }
    for number_, s in enumerate(snapshot.all_statements()):
        if number_ % 7 or FAMILIES[s.predicate].group:
            continue
        text = said(s, snapshot.name(s.subject), snapshot.name(s.object) if s.object else "")[1]
        for field, value in s.qualifiers.items():
            if isinstance(value, str) and not value.isascii() and field not in unsaid:
                assert value.rstrip("。；;，") in text, (s.predicate, field, text)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (number(0.05), "0.05"),
        (number(1_000_000.0), "1000000"),
        (age(28), "28天"),
        (age(182.625), "6个月"),
        (ages(None, 6574.5), "18岁以下"),
        (ages(0.0, None), ""),
        (duration(0.5), "30分钟"),
        (duration(36), "36小时"),
        (duration(336), "14天"),
        (between(None, 30, "ml/min", included=False), "<30 ml/min"),
        (between(2, 2, "g"), "2 g"),
    ],
)
def test_figures_read_as_people_write_them(told: str, expected: str) -> None:
    assert told == expected
