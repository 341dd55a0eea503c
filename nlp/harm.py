"""Questions that no amount may answer: how much kills, and how to harm oneself or others.

A clinician's question about a patient who did or may do so (有自杀倾向的患者, 服毒后抢救) is none, nor is one about
what is only called by death (心肌梗死, 死亡率).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from knowledge.model import Predicate
from nlp import cues

_AT_END: Final = r"(?=[吗么啊呢吧?？。！!，,；;\s]|$)"
_DIE: Final = r"(?<![梗坏猝濒假病])死"
"""Death as such, no 梗死 or 坏死."""
_KILLS: Final = (
    r"(?:(?:会不会|能不能|会|能|可以|可|才|就|要|足以)(?:把人|让人|使人|吃|喝|毒|药|弄)?死(?![胎腔骨产因于亡])"
    rf"|[吃喝毒药弄]死|{_DIE}(?:人|掉|得了|不了|{_AT_END})"
    rf"|(?:会|能|可以|导致|引起)死亡(?![率风])|致[死命]{_AT_END}|丧命|送命|没命|毙命)"
)
_HOW_MUCH: Final = r"(?:多少(?![度岁天年])|几[片粒颗瓶盒板支克]|多大[剂用]?量|[什啥]么剂量)"
_LETHAL: Final = re.compile(
    rf"{_HOW_MUCH}.{{0,16}}?{_KILLS}|{_HOW_MUCH}.{{0,10}}致[死命](?!性)"
    r"|致[死命]的?(?:最[小低])?剂?量|半数致死|最小致死|\bLD50\b"
    rf"|(?:\d+|[一两二三四五六七八九十百几半整])\s*[片粒颗瓶盒板][^，,。；;]{{0,12}}?{_KILLS}"
    r"|lethal (?:dose|amount)|how (?:much|many)\b.{0,60}\b(?:to die|to kill|will kill|would kill|fatal)",
    re.IGNORECASE,
)
"""How much kills."""
_MEASURED: Final = re.compile("血[钾钠糖压钙氧镁]|体温|心率|血红蛋白|血小板|白细胞|肌酐|失血|出血")
_TAKEN: Final = re.compile("[吃喝服吞打推注]|药")
"""What is measured kills too; nobody asks how much of it to take."""
_AN_ACT: Final = (
    "(?!风险|倾向|意念|观念|想法|念头|行为|未遂|危险|评估|预防|干预|预警|史|的?(?:患者|病人|患儿|人群|发生|可能))"
)
_HOW: Final = re.compile(
    r"(?:怎么|怎样|如何|咋)(?:样|才能|才会|才|可以|能|会|去)*"
    r"(?:(?:没有?|无)痛苦?|快速|快点|安静|尽快|不痛苦?)?[地的]?"
    r"(?:自杀|自尽|自残|自我了断|结束(?:自己的?)?生命|寻死|去死|死掉|死得|[毒药弄吃]死"
    rf"|死{_AT_END}){_AN_ACT}"
    r"|(?:什么|啥|哪[种些个])(?:药|毒|农药|东西)[^，,。；;]{0,8}?"
    rf"(?:[会能]死(?!亡)|死人|[毒药]死|{_DIE}得|自杀){_AN_ACT}"
    rf"|[吃喝服吞](?:什么|啥).{{0,4}}(?<!不)(?<!不会){_DIE}(?![亡因胎])"
    r"|安乐死(?:怎么|用什么|药)|kill (?:my|your|him|her)self",
    re.IGNORECASE,
)
"""How to do it."""
_WILL: Final = re.compile(
    r"(?<![没不别得])(?:(?:想|打算|准备)(?:去)?"
    rf"(?:死(?=[了吧，,。；;！!?？\s]|$)|自杀|轻生|自尽|自残|寻死|结束(?:自己的?)?生命|一了百了)){_AN_ACT}"
    r"|不想活|活不下去|不想再活|活够了|活着没(?:有)?意思|寻短见|want to die",
    re.IGNORECASE,
)
"""Somebody who means to."""
_OTHERS: Final = re.compile("患者|患儿|病人|产妇|孕妇|老人|[他她]|抢救|救治|解救|洗胃|中毒|预防|评估|筛查|识别|干预")
"""Who asks about another, or what to do about it, is a clinician or a relative in need of an answer."""
_AMOUNTS: Final = frozenset({Predicate.DOSE_RANGE, Predicate.DOSE_BOUND, Predicate.FREQUENCY_LIMIT})


def asks_for_harm(question: str) -> bool:
    """Whether a question asks how much kills, or says or asks how to harm oneself or another."""
    if _LETHAL.search(question) and (_MEASURED.search(question) is None or _TAKEN.search(question)):
        return True
    return bool(_HOW.search(question) or _WILL.search(question)) and _OTHERS.search(question) is None


def must_help(question: str, before: Iterable[str]) -> bool:
    """Whether help is to be offered instead of an answer. Who said so ``before`` is told no amounts either."""
    if asks_for_harm(question):
        return True
    return not _AMOUNTS.isdisjoint(cues.predicates(question)) and any(asks_for_harm(one) for one in before)
