"""What a doctor reads out of a record, the service reads too."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.language import gold, held_out, measure
from knowledge.snapshot import Snapshot
from nlp.facts import Fact, read
from nlp.lexicon import Lexicon


@pytest.fixture(scope="module")
def lexicon(snapshot: Snapshot) -> Lexicon:
    return Lexicon.of(snapshot)


def named(facts: list[Fact], name: str) -> Fact:
    return next(fact for fact in facts if fact.name == name or fact.text == name)


def test_a_denied_list_is_denied_to_its_end(lexicon: Lexicon) -> None:
    facts = read("3天前无明显诱因出现发热，无咳嗽、咳痰，不伴恶心呕吐。", lexicon, "现病史")
    assert {fact.text: fact.assertion.value for fact in facts} == {
        "发热": "present",
        "咳嗽": "absent",
        "咳痰": "absent",
        "恶心": "absent",
        "呕吐": "absent",
    }


@pytest.mark.parametrize("text", ["无痛性肉眼血尿", "非霍奇金淋巴瘤", "双下肢无力"])
def test_a_word_of_denial_within_a_name_denies_nothing(lexicon: Lexicon, text: str) -> None:
    assert [fact.assertion for fact in read(text, lexicon)] == ["present"]


def test_a_complaint_without_cause_is_there_and_its_causes_are_possible(lexicon: Lexicon) -> None:
    facts = read("胸痛待查：主动脉夹层？肺栓塞不除外", lexicon, "诊断")
    assert [fact.assertion.value for fact in facts] == ["present", "possible", "possible"]


def test_what_is_only_feared_or_planned_is_not_there(lexicon: Lexicon) -> None:
    facts = read("如出现胸痛即来诊，必要时查心电图。", lexicon, "医嘱")
    assert {fact.assertion.value for fact in facts} == {"hypothetical"}


def test_the_familys_illness_is_not_the_patients(lexicon: Lexicon) -> None:
    facts = read("本人高血压10年，父亲患糖尿病。", lexicon, "既往史")
    assert (named(facts, "高血压").who, named(facts, "糖尿病").who) == ("patient", "family")


@pytest.mark.parametrize(
    "text", ["外婆、母亲及患者本人均有高血压。", "患者及其弟均患高血压。", "患者本人、外婆及母亲都有高血压。"]
)
def test_what_is_told_of_a_relative_and_the_patient_is_told_twice(lexicon: Lexicon, text: str) -> None:
    facts = read(text, lexicon, "家族史")
    assert [(fact.name, fact.who.value) for fact in facts] == [("高血压", "family"), ("高血压", "patient")]
    assert [fact.who.value for fact in read("患者与母亲同住，有高血压。", lexicon, "现病史")] == ["patient"]


def test_past_and_over_are_told_apart(lexicon: Lexicon) -> None:
    facts = read("糖尿病史5年，肺结核病史20年，已愈。", lexicon, "既往史")
    assert (named(facts, "糖尿病").when, named(facts, "肺结核病").when) == ("past", "resolved")
    assert named(facts, "糖尿病").days == 1825


def test_a_stopped_drug_is_past_and_its_successor_is_not(lexicon: Lexicon) -> None:
    facts = read("1周前停用华法林，改用利伐沙班20mg qd。", lexicon, "现病史")
    assert [fact.when.value for fact in facts if fact.kind == "drug"] == ["past", "current"]


def test_an_allergy_is_no_drug_that_is_taken(lexicon: Lexicon) -> None:
    facts = read("青霉素过敏，口服阿莫西林后出现皮疹。否认食物过敏。", lexicon)
    assert [fact.kind for fact in facts][:2] == ["allergy", "drug"]
    assert facts[-1].kind == "allergy"
    assert facts[-1].assertion == "absent"


def test_a_history_gives_the_disease_and_a_use_gives_the_drug(lexicon: Lexicon) -> None:
    assert [(fact.kind, fact.name) for fact in read("高血压病史", lexicon)] == [("disease", "高血压")]
    assert [(fact.kind, fact.name) for fact in read("服用阿司匹林", lexicon)] == [("drug", "阿司匹林")]


@pytest.mark.parametrize("text", ["引流管通畅", "术后第2天", "今日查体", "肠鸣音4次/分", "对头孢他啶敏感"])
def test_words_that_only_look_like_names_are_none(lexicon: Lexicon, text: str) -> None:
    assert read(text, lexicon) == []


def test_a_side_and_a_site_are_given_to_what_is_there(lexicon: Lexicon) -> None:
    (pain,) = read("左侧腰部绞痛", lexicon)
    assert (pain.side, pain.site) == ("left", "左侧腰部")
    facts = read("右下腹压痛、反跳痛", lexicon, "查体")
    assert {fact.site for fact in facts} == {"右下腹"}
    assert named(facts, "右下腹压痛").concept


def test_a_blood_pressure_is_two_tests_at_one_place(lexicon: Lexicon) -> None:
    facts = read("BP 160/95mmHg", lexicon)
    assert [(fact.name, fact.value) for fact in facts] == [("收缩压", 160), ("舒张压", 95)]
    assert facts[0].start == facts[1].start


def test_an_abbreviation_counts_where_it_fits(lexicon: Lexicon) -> None:
    assert [fact.name for fact in read("PE？", lexicon, "诊断")] == ["肺栓塞"]
    assert read("PE", lexicon, "现病史") == []
    assert read("口服5mg", lexicon) == [], "milligrams are no disease"


def test_places_are_those_of_the_whole_record(lexicon: Lexicon) -> None:
    text = "主诉：发热3天。\n既往史：糖尿病10年。过敏史：青霉素过敏。"
    facts = read(text, lexicon)
    assert [fact.section for fact in facts] == ["主诉", "既往史", "过敏史"]
    assert all(text[fact.start : fact.end] == fact.text for fact in facts)


_PIECES = st.sampled_from(
    "发热 咳嗽 高血压 阿司匹林 WBC 右下腹 压痛 无 否认 考虑 ？ 父亲 既往 史 已愈 停用 3天前 10年 T 38.5℃ 120/80 0.5g tid ， 。 （ ） 、 \n".split(
        " "
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=30).map("".join)),
    st.sampled_from(("", "既往史", "医嘱", "过敏史")),
)
def test_any_text_is_read_and_spans_are_what_stands_there(lexicon: Lexicon, text: str, section: str) -> None:
    facts = read(text, lexicon, section)
    assert all(text[fact.start : fact.end] == fact.text != "" for fact in facts)
    assert [fact.start for fact in facts] == sorted(fact.start for fact in facts)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("held", "names", "facts"), [(False, 0.94, 0.85), (True, 0.92, 0.78)], ids=["developed", "held-out"]
)
def test_the_gold_fragments_are_read_no_worse_than_before(
    lexicon: Lexicon, held: bool, names: float, facts: float
) -> None:
    found = measure(lexicon, [one for one in gold() if held_out(one) == held])
    assert found.names.f1 >= names
    assert found.facts.f1 >= facts
