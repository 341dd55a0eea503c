"""Records taken apart by their headings."""

from __future__ import annotations

from nlp.sections import section_of, sections


def named(text: str, outer: str = "") -> list[tuple[str, str]]:
    return [(one.name, text[one.start : one.end].strip()) for one in sections(text, outer)]


def test_headings_in_a_line_and_in_brackets() -> None:
    text = "主诉：发热3天。【既往史】糖尿病10年。体格检查：T 38℃"
    assert named(text) == [("主诉", "发热3天。"), ("既往史", "糖尿病10年。"), ("查体", "T 38℃")]


def test_what_stands_before_the_first_heading_belongs_to_the_outer_one() -> None:
    assert named("咳嗽。过敏史：无", "现病史") == [("现病史", "咳嗽。"), ("过敏史", "无")]


def test_notes_by_problem_are_taken_apart() -> None:
    assert [name for name, _ in named("S：咳嗽2天。O：T37.2℃。A：支气管炎。P：氨溴索30mg tid")] == [
        "现病史",
        "查体",
        "诊断",
        "处方",
    ]


def test_a_heading_nobody_listed_is_known_by_its_words() -> None:
    assert section_of("骨科专科查体") == "查体"
    assert section_of("药物及食物过敏史：") == "过敏史"
    assert section_of("随访") == "随访", "what was found at a visit is no order"


def test_blanks_without_end_take_no_time() -> None:
    assert sections(" " * 50_000) == []


def test_a_heading_alone_on_its_line_or_before_a_blank_needs_no_colon() -> None:
    text = "现病史\n咳嗽3天。\n既往史 糖尿病10年。\n二、体格检查\nT 38℃"
    assert named(text) == [("现病史", "咳嗽3天。"), ("既往史", "糖尿病10年。"), ("查体", "T 38℃")]


def test_a_heading_within_a_sentence_is_none() -> None:
    assert named("其既往史 不详，\n诊断依据不足。", "现病史") == [("现病史", "其既往史 不详，\n诊断依据不足。")]


def test_the_parts_of_a_first_course_are_known() -> None:
    text = "病例特点：1.老年男性。拟诊讨论：考虑肺炎。诊断依据：发热。鉴别诊断：肺结核。"
    assert [name for name, _ in named(text)] == ["病例特点", "诊断依据", "诊断依据", "鉴别诊断"]
