"""A sentence is shown only when its passages hold what it says."""

from __future__ import annotations

import pytest

from knowledge.snapshot import Snapshot
from nlp.answer_checks import Checks
from nlp.answer_text import Said, Sentences
from nlp.lexicon import Lexicon
from nlp.passages import Passage


@pytest.fixture(scope="module")
def lexicon(snapshot: Snapshot) -> Lexicon:
    return Lexicon.of(snapshot)


def passage(snapshot: Snapshot, name: str, heading: str, text: str, *objects: str) -> Passage:
    ids = tuple(snapshot.by_name(one)[0].id for one in objects)
    return Passage("p", snapshot.by_name(name)[0].id, f"{name} {heading}", heading, text, "ingredient", objects=ids)


@pytest.fixture
def checks(snapshot: Snapshot, lexicon: Lexicon) -> Checks:
    held = [
        passage(snapshot, "阿莫西林", "用法用量", "阿莫西林：成人 口服 每次0.5 g tid，每日不超过3 g。"),
        passage(snapshot, "甲氨蝶呤", "妊娠用药", "妊娠期使用甲氨蝶呤：禁忌。可致流产和畸形。处理：停用。", "妊娠"),
        passage(snapshot, "甲氨蝶呤", "用法用量", "甲氨蝶呤：成人 口服 每次10 mg，每周1次。"),
    ]
    return Checks(dict(enumerate(held, 1)), lexicon, ["患者68岁，能用阿莫西林吗"], ["李雷"])


@pytest.mark.parametrize(
    ("text", "cites"),
    [
        ("阿莫西林成人口服，每次500mg，每8小时1次。", (1,)),
        ("患者68岁，阿莫西林每日不超过3g。", (1,)),
        ("妊娠期禁用甲氨蝶呤，可致流产和畸形。", (2,)),
        ("甲氨蝶呤每周1次，每次10mg口服。", (3,)),
    ],
)
def test_what_the_passages_say_is_shown(checks: Checks, text: str, cites: tuple[int, ...]) -> None:
    assert checks.fault(Said(text, cites)) is None


@pytest.mark.parametrize(
    ("text", "cites", "why"),
    [
        ("阿莫西林成人口服，每次0.5g。", (), "未标注出处"),
        ("阿莫西林成人口服，每次0.5g。", (1, 9), "编号不存在"),
        ("阿莫西林成人口服，每次5g，tid。", (1,), "查不到"),
        ("甲氨蝶呤每日1次，每次10mg口服。", (3,), "查不到"),
        ("甲氨蝶呤成人口服，每次0.5g，tid。", (1, 3), "不在该药"),
        ("布洛芬成人口服。", (1,), "没有的药品"),
        ("妊娠期可以使用甲氨蝶呤。", (2,), "相反"),
        ("阿莫西林成人禁用，每次0.5g。", (1,), "相反"),
        ("阿莫西林需要冷藏避光保存并定期检查外观性状。", (1,), "不符"),
        ("阿莫西林每次0.5g，电话13812345678。", (1,), "身份"),
        ("李雷可用阿莫西林，每次0.5g。", (1,), "身份"),
    ],
)
def test_what_they_do_not_say_is_dropped_with_its_reason(
    checks: Checks, text: str, cites: tuple[int, ...], why: str
) -> None:
    dropped = checks.fault(Said(text, cites))
    assert dropped is not None
    assert why in dropped.reason


def test_of_a_dropped_sentence_nothing_is_told_but_what_was_not_found(checks: Checks) -> None:
    dropped = checks.fault(Said("阿莫西林每次5g，tid。", (1,)))
    assert dropped is not None
    assert dropped.detail == "5g"


# -- sentences while they are written ------------------------------------------------------------


def cut(text: str, size: int, *, whole: bool = True) -> list[Said]:
    made = Sentences()
    said = [one for at in range(0, len(text), size) for one in made.feed(text[at : at + size])]
    return [*said, *made.close(whole=whole)]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_sentences_are_the_same_however_they_arrive(size: int) -> None:
    text = "成人一次0.5g[1]。孕妇慎用。[2][3]\n\n以下情况禁用：\n- 妊娠[1]\n- **哺乳**[2,4]；\n成人可用【2】。"
    assert cut(text, size) == [
        Said("成人一次0.5g。", (1,)),
        Said("孕妇慎用。", (2, 3)),
        Said("以下情况禁用：妊娠。", (1,)),
        Said("以下情况禁用：哺乳；", (2, 4)),
        Said("成人可用。", (2,)),
    ]


def test_a_sentence_that_was_cut_off_is_none() -> None:
    assert cut("一次0.5g[1]。一日不", 3, whole=False) == [Said("一次0.5g。", (1,))]
    assert cut("一次0.5g[1]。一日三次[1]", 3) == [Said("一次0.5g。", (1,)), Said("一日三次。", (1,))]


def test_a_claim_behind_a_semicolon_needs_a_citation_of_its_own() -> None:
    assert cut("可用[1]；剂量10g", 4)[1] == Said("剂量10g。", ())
