"""A question that leans on what was said before is asked in full; one that stands by itself is left alone."""

from __future__ import annotations

import pytest

from knowledge.snapshot import Snapshot
from nlp.conversation import Turn, resolved
from nlp.lexicon import Lexicon


@pytest.fixture(scope="module")
def lexicon(snapshot: Snapshot) -> Lexicon:
    return Lexicon.of(snapshot)


@pytest.mark.parametrize(
    ("question", "earlier", "carried"),
    [
        ("那孕妇呢？", ["阿莫西林成人怎么吃"], ["阿莫西林"]),
        ("它的不良反应有哪些", ["华法林怎么用"], ["华法林"]),
        ("能和华法林一起用吗", ["阿莫西林怎么吃"], ["阿莫西林"]),
        ("那儿童剂量呢", ["阿莫西林怎么吃", "那孕妇呢"], ["阿莫西林"]),
        ("需要做什么检查？", ["肺炎怎么治疗"], ["肺炎"]),
        ("那它和阿司匹林合用有风险吗", ["高血压怎么治", "氨氯地平怎么吃"], ["氨氯地平"]),
        ("老年人呢", ["地高辛怎么吃", "华法林能和布洛芬一起吃吗"], ["华法林", "布洛芬"]),
        ("肾功能不全呢", ["头孢曲松儿童剂量", "新生儿呢"], ["头孢曲松"]),
        ("高血压怎么治疗", ["阿莫西林怎么吃"], []),
        ("其中青霉素皮试怎么做", ["高血压怎么治疗"], []),
        ("尤其是儿童，头孢克肟怎么吃", ["高血压怎么治疗"], []),
    ],
)
def test_what_was_spoken_of_is_carried_on(
    question: str, earlier: list[str], carried: list[str], lexicon: Lexicon
) -> None:
    found = resolved(question, [Turn("user", text) for text in earlier], lexicon)
    assert list(found.carried) == carried
    assert all(name in found.query for name in carried)
    assert found.query.startswith(question)


def test_another_drug_is_asked_the_same(lexicon: Lexicon) -> None:
    found = resolved("那布洛芬呢", [Turn("user", "痛风急性期能用秋水仙碱吗")], lexicon)
    assert found.carried == ("痛风发作",)
    assert "能用" in found.query
    assert "秋水仙碱" not in found.query


def test_the_drug_of_an_answer_is_the_one_that_is_meant(lexicon: Lexicon) -> None:
    turns = [Turn("user", "痛风急性期用什么药"), Turn("assistant", "可用秋水仙碱。[1]")]
    assert resolved("该药肾功能不全怎么调整", turns, lexicon).carried == ("秋水仙碱",)


def test_the_page_says_what_a_question_leaves_out(lexicon: Lexicon, snapshot: Snapshot) -> None:
    drug, disease = snapshot.by_name("阿莫西林")[0].id, snapshot.by_name("肺炎")[0].id
    assert resolved("儿童剂量是多少", [], lexicon, {"drug": drug}).carried == ("阿莫西林",)
    assert resolved("能和华法林合用吗", [], lexicon, {"drug": drug}).carried == ("阿莫西林",)
    assert resolved("怎么鉴别", [], lexicon, {"disease": disease}).carried == ("肺炎",)
    assert resolved("阿莫西林怎么吃", [], lexicon, {"drug": drug}).carried == ()
