"""Which of the passages found carry an answer, and whether any do: a passage that shares a word is no answer.

A passage carries a question when it is about the drugs and diseases that the question names (by itself, by a class
of it, or in its words), says the kind of thing that is asked for, and holds the telling words that neither names nor
cues explain. Where none does, nothing is answered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from knowledge.model import ConceptKind, Predicate, Standing
from knowledge.snapshot import Snapshot
from nlp import cues
from nlp.passages import Passage
from nlp.questions import DRUGS, Mention, Question, is_drug
from nlp.search import Found
from nlp.senses import folded
from nlp.tokens import jieba

_OWN, _CLASS, _NAMED = 1.0, 0.85, 0.6
_DISEASES: Final = frozenset({ConceptKind.DISEASE})
_MANY: Final = 2 / 3
"""Of several names so many must be covered, of drugs all."""
_LEAST_WORDS: Final = 0.34
_LEAST_ALONE: Final = 0.6
_SHORTEST_ALONE: Final = 4
"""Without a name: the share of the words, and how many characters of them there must be."""
_WORTH: Final = 0.6
"""What scores less than this share of the best is left out."""
_TRUST: Final = {Standing.REVIEWED.value: 0.1, Standing.STARTER.value: 0.1, Standing.SECONDARY.value: 0.0}
_DULL: Final = frozenset(
    {Predicate.IS_A, Predicate.CONTAINS, Predicate.ITEM_PROFILE, Predicate.TOLD_UNASKED, Predicate.REPEAT_INTERVAL}
)
_BETWEEN: Final = frozenset(
    {Predicate.INTERACTS_WITH, Predicate.IV_INCOMPATIBLE, Predicate.HERB_INCOMPATIBLE, Predicate.DUPLICATE_GROUP}
)
_GENERAL: Final = frozenset({Predicate.CONTRAINDICATED_IN, Predicate.PATHWAY_STEP, Predicate.PLAN})
"""What half of all questions have a word for; where they have one for something else too, that counts more."""
_GENERAL_SHARE: Final = 0.7
_FOR_DRUGS: Final = re.compile(r"什么药|哪[些种个]药|[用吃服]药|药物治疗|吃[什啥]么?")
_NO_DRUG: Final = 0.7
_ALONE_TELLING: Final = frozenset("狗猫鸡猪牛羊马鱼兔钱谁")
"""Words of one character that say what no passage tells."""
_JOINING: Final = frozenset("能要可会不用吗呢去来着过把被给让先再还就也才都很得些")
"""Characters of words that only join others."""
_OF_THINGS: Final = ("n", "j", "l", "i", "v", "an", "eng", "b")
"""Parts of speech (ICTCLAS) that tell something; of verbs those of two characters and more."""
_FILLERS: Final = frozenset(
    "请问 请教 老师 医生 大夫 我院 我科 我们 想问 一下 咨询 知道 告诉 没有 应该 需要 一般 通常 主要 常用 "
    "常见 情况 问题 时候 期间 患者 病人 病患 使用 应用 服用 药物 药品 方面 注意 事项 注意事项 进行 出现 "
    "发生 引起 导致 影响 后果 风险 帮忙 比较 有关 相关 具体 详细 介绍 说明 简述 列出 考虑 处理 处置 目前 "
    "收治 入院 住院 门诊 急诊 科室 临床 家里 大概 左右 到底 究竟 合适 最好 尽量 必须 一定 直接 继续 开始 "
    "结束 给予 采用 选择 选用 推荐 建议 指导 说说 讲讲 谈谈 解释 作用 标准 要求 方法 内容 时间 特点 原因 "
    "意义 目的 平时 经常 容易 起始 提前 早上 晚上 当天 成年人 注射液 注射剂 针剂 胶囊 颗粒 液体 公斤 体重 "
    "毫克 剂量 乡镇 卫生院 基层 医院 大人 男性 女性 有人 家属 孩子 阳性 阴性 结果 水平 级别 类型 种类 "
    "起来 下去 是否 方案 措施 好坏 区别 关系 起效 见效 换成 改成 改用 换用 加用 停用 单用 联用 准备 计划 "
    "打算 发现 提示 显示 诊断为 确定 明确 怀疑 可能 属于 减量 加量 退烧".split()
)


class Ground(NamedTuple):
    """A passage that carries an answer, and how well."""

    passage: Passage
    score: float


class Grounds(NamedTuple):
    """Passages that carry an answer, the best first; without any, ``missing`` names what none of them covers."""

    chosen: list[Ground]
    missing: tuple[str, ...] = ()


def grounds(said: str, question: Question, found: Sequence[Found], snapshot: Snapshot, most: int) -> Grounds:
    """The passages that carry an answer to what was said (without what was carried into it from before)."""
    judge = _Judge(said, question, snapshot)
    carried = [Ground(one.passage, score) for one in found if (score := judge.score(one)) > 0]
    if not carried:
        return Grounds([], judge.missing(one.passage for one in found))
    ranked = sorted(judge.weighed(carried), key=lambda ground: -ground.score)
    return Grounds(_distinct([one for one in ranked if one.score >= _WORTH * ranked[0].score])[:most])


def _distinct(ranked: Iterable[Ground]) -> list[Ground]:
    """Each text once."""
    kept: dict[str, Ground] = {}
    for one in ranked:
        kept.setdefault(" ".join(one.passage.text.split()), one)
    return list(kept.values())


class _Judge:
    """Judges passages by one question."""

    def __init__(self, said: str, question: Question, snapshot: Snapshot) -> None:
        self._snapshot, self._asks = snapshot, _weighed(question.predicates)
        self._for_drugs = _FOR_DRUGS.search(said) is not None
        named = [mention for mention in question.mentions if not mention.cue]
        self._alone = not named
        self._together(sum(is_drug(mention, snapshot) for mention in question.mentions))
        self._named = named or list(question.mentions)
        self._drugs = [is_drug(mention, snapshot) for mention in self._named]
        self._beside = [mention for mention in question.mentions if mention.cue] if named else []
        self._words = _words(said, question.mentions)
        self._treats = Predicate.INDICATED_FOR in self._asks
        self._ill = {one for m in self._named if not is_drug(m, snapshot) for one in (*m.concepts, *m.classes)}

    def _together(self, drugs: int) -> None:
        """What of two drugs is asked for, and of a disease alone."""
        if drugs > 1 and not any(one in self._asks for one in _BETWEEN):
            self._asks = self._asks | {Predicate.INTERACTS_WITH: 1.0}
        if not drugs:  # what a drug may be used for is no answer to what a disease is treated with
            self._asks = {one: weight for one, weight in self._asks.items() if one is not Predicate.INDICATED_FOR}

    def score(self, found: Found) -> float:
        """How well a passage carries an answer; 0 when it does not."""
        passage = found.passage
        text = folded(f"{passage.title} {passage.text}")
        words, asked = self._covered(text), self._asked(passage)
        about = [self._about(mention, passage, text) for mention in self._named]
        sure = sum(one >= _CLASS for one in about) > 1 and asked >= _GENERAL_SHARE
        if not (self._is_about(about, words, asked, passage) and (sure or self._says(words, asked))):
            return 0.0
        beside = sum(self._about(mention, passage, text) > 0 for mention in self._beside)
        named = sum(about) / len(about) if about else words
        dull = _NO_DRUG if self._for_drugs and not self._has(DRUGS, passage) else 1.0
        dull *= 0.5 if passage.predicate in _DULL and not asked else 1.0
        return dull * named * (0.4 + 0.6 * asked) * (0.5 + 0.5 * words) + 0.1 * beside + self._prior(found)

    def weighed(self, carried: Sequence[Ground]) -> list[Ground]:
        """Without what a drug is used for in general, where it is told not to be for the disease asked for."""
        if not any(self._unfit(one.passage) for one in carried):
            return list(carried)
        asked = {one for mention in self._named for one in mention.concepts}
        return [
            one
            for one in carried
            if one.passage.predicate != Predicate.INDICATED_FOR or not asked.isdisjoint(one.passage.objects)
        ]

    def _unfit(self, passage: Passage) -> bool:
        """Whether it tells that a drug is not for the disease that it is asked for."""
        contraindicates = passage.predicate == Predicate.CONTRAINDICATED_IN
        return self._treats and contraindicates and not self._ill.isdisjoint(passage.objects)

    def missing(self, passages: Iterable[Passage]) -> tuple[str, ...]:
        """Names and words of the question that none of some passages covers."""
        texts = [(p, folded(f"{p.title} {p.text}")) for p in passages]
        lost = [m.text for m in self._named if not any(self._about(m, p, text) for p, text in texts)]
        lost += [word for word in self._words if not any(word in text for _, text in texts)]
        return tuple(dict.fromkeys(lost))

    def _is_about(self, about: list[float], words: float, asked: float, passage: Passage) -> bool:
        """Whether it is about what is named: every drug, and of all names enough; a disease may be left out of what
        is said of a drug alone."""
        if not about:
            return bool(self._asks) and sum(map(len, self._words)) >= _SHORTEST_ALONE and words >= _LEAST_ALONE
        covered = [one > 0 for one in about]
        if self._alone:
            return any(covered)
        if not all(is_covered for is_covered, drug in zip(covered, self._drugs, strict=True) if drug):
            return False
        if any(self._drugs) and asked and not self._has(_DISEASES, passage):
            return True
        return sum(covered) >= (len(about) if len(about) < 3 else math.ceil(_MANY * len(about)))

    def _says(self, words: float, asked: float) -> bool:
        """Whether it says what is asked for, and holds enough of the telling words."""
        if self._words and words < _LEAST_WORDS:
            return False
        return bool(asked) or not self._asks or (bool(self._words) and words >= _LEAST_ALONE)

    def _about(self, mention: Mention, passage: Passage, text: str) -> float:
        """Whether a passage is about what was named: itself, its class or its kind, or by name alone."""
        ids = {passage.concept, *passage.objects}
        if not ids.isdisjoint(mention.concepts):
            return _OWN
        kinds = (self._snapshot.lineage[one] for one in ids)
        if not ids.isdisjoint(mention.classes) or any(not kind.isdisjoint(mention.concepts) for kind in kinds):
            return _CLASS
        names = (mention.text, *(self._snapshot.name(one) for one in mention.concepts[:1]))
        return _NAMED if any(folded(name) in text for name in names) else 0.0

    def _asked(self, passage: Passage) -> float:
        """How far a passage says the kind of thing that is asked for, from 0 to 1."""
        if not self._asks:
            return 0.5
        if self._unfit(passage):
            return 1.0
        if passage.predicate:
            return self._asks.get(Predicate(passage.predicate), 0.0)
        said = cues.predicates(passage.heading)
        return max((weight for one, weight in self._asks.items() if one in said), default=0.0)

    def _covered(self, text: str) -> float:
        """Share of the telling words that a text holds, by their length."""
        whole = sum(map(len, self._words))
        return sum(len(word) for word in self._words if word in text) / whole if whole else 1.0

    def _has(self, kinds: frozenset[ConceptKind], passage: Passage) -> bool:
        """Whether it is said of, or for, something of a kind."""
        return any(self._kind(one) in kinds for one in (passage.concept, *passage.objects))

    def _kind(self, concept: str) -> ConceptKind | None:
        known = self._snapshot.concept(concept)
        return None if known is None else known.kind

    @staticmethod
    def _prior(found: Found) -> float:
        return 0.1 * found.score + _TRUST.get(found.passage.standing, -0.1)


def _weighed(asks: dict[Predicate, float]) -> dict[Predicate, float]:
    """What is asked for, with what is general weighing less beside what is not."""
    if asks.keys() <= _GENERAL:
        return asks
    return {one: weight * (_GENERAL_SHARE if one in _GENERAL else 1.0) for one, weight in asks.items()}


def _words(said: str, mentions: Sequence[Mention]) -> tuple[str, ...]:
    """Telling words of a question: neither names nor cues nor filling."""
    text = folded(said)
    for mention in sorted(mentions, key=lambda one: -len(one.text)):
        text = text.replace(folded(mention.text), "，")
    return tuple(dict.fromkeys(word for word, kind in jieba().tag(text) if _tells(word, kind)))


def _tells(word: str, kind: str) -> bool:
    if word in _ALONE_TELLING:
        return True
    if len(word) < 2 or word in _FILLERS or not kind.startswith(_OF_THINGS) or cues.predicates(word):
        return False
    if word.isascii():
        return not cues.in_chinese(word)
    return _JOINING.isdisjoint(word) or (kind.startswith("n") and jieba().has_word(word))
