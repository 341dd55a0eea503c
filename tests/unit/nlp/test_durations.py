"""How long something lasted, as doctors write it."""

from __future__ import annotations

import pytest

from nlp.durations import Kind, durations, number_of


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("咳嗽3天", 3),
        ("胸痛2小时余", 2 / 24),
        ("腹痛半天", 0.5),
        ("呕吐1天半", 1.5),
        ("头晕半月", 15),
        ("视物模糊1月余", 30),
        ("糖尿病10余年", 3650),
        ("高血压十来年", 3650),
        ("腹泻两三天", 2.5),
        ("确诊1年3个月", 455),
        ("头痛72h", 3),
    ],
)
def test_a_span_counts_in_days(text: str, days: float) -> None:
    (found,) = durations(text)
    assert found.days == pytest.approx(days)
    assert text[found.start : found.end]


@pytest.mark.parametrize(
    "text", ["2026年3月5日入院", "于3月发病", "每日3次", "一天七八趟", "20支/日", "3岁时", "8月龄", "化疗6周期"]
)
def test_a_date_an_age_and_how_often_are_no_spans(text: str) -> None:
    assert durations(text) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3天前出现发热", Kind.AGO),
        ("近2天咳嗽", Kind.RECENT),
        ("近2年间断上腹痛", Kind.RECENT),
        ("3月来消瘦", Kind.RECENT),
        ("2天间有呕吐", Kind.LATER),
        ("术后第2天", Kind.NTH),
        ("2周后拆线", Kind.LATER),
        ("昨日起皮疹", Kind.AGO),
        ("病程8年", Kind.LASTING),
    ],
)
def test_what_a_span_says_is_told_apart(text: str, kind: Kind) -> None:
    (found,) = durations(text)
    assert found.kind is kind


def test_numbers_are_read_in_chinese() -> None:
    assert [number_of(text) for text in ("十二", "两百", "半", "七八", "12.5", "天")] == [
        12,
        200,
        0.5,
        7.5,
        12.5,
        None,
    ]
