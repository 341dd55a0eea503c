"""Words that say how what a record names is meant: denied, in doubt, only supposed or planned, past, over, another's.

Longer words win over shorter ones, and some exist only to keep a shorter one quiet: 无 of 无力 denies nothing.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from nlp.words import pairs

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick


class Cue(StrEnum):
    """What a word does. ``*_AFTER`` speaks of what stands before it, ``*_EITHER`` of what follows in its clause, else
    of what stands before it; ``IF_LONG`` reaches to the end of the sentence. ``ONCE`` (方可) allows something once
    what is denied before it does not come, ``COMING`` (再来) asks to come again when what stands before it comes."""

    QUIET = "quiet"
    NO = "no"
    NO_EITHER = "no-either"
    NO_AFTER = "no-after"
    YES = "yes"
    DOUBT = "doubt"
    DOUBT_EITHER = "doubt-either"
    DOUBT_AFTER = "doubt-after"
    IF = "if"
    IF_LONG = "if-long"
    IF_AFTER = "if-after"
    IF_BACK = "if-back"
    ONCE = "once"
    COMING = "coming"
    FAMILY = "family"
    FAMILY_AFTER = "family-after"
    PATIENT = "patient"
    PAST = "past"
    PAST_AFTER = "past-after"
    OVER = "over"
    OVER_AFTER = "over-after"
    OVER_ALL = "over-all"
    STOPPED = "stopped"
    CHANGED = "changed"
    CERTAIN = "certain"
    NOW = "now"
    STILL = "still"


BY_WORD: Final = {word: Cue(name) for name, words in pairs("cues", bare=True) for word in words.split()}
"""What opens, closes or silences a scope."""
AFTER: Final = frozenset(
    {Cue.NO_AFTER, Cue.DOUBT_AFTER, Cue.IF_AFTER, Cue.FAMILY_AFTER, Cue.PAST_AFTER, Cue.OVER_AFTER}
)
EITHER: Final = {Cue.NO_EITHER: (Cue.NO, Cue.NO_AFTER), Cue.DOUBT_EITHER: (Cue.DOUBT, Cue.DOUBT_AFTER)}
"""What a word that may look both ways means forwards, and backwards."""
SENTENCE: Final = re.compile(r"[。；;！!？?\n]|(?<![\d.])(?=\d{1,2}[.、．)）]\s*[^\d\s])")
COMMA: Final = re.compile(r"[，,:：]|\s{2,}|(?<=[\u4e00-\u9fff）)A-Z]) (?=[\u4e00-\u9fff]|[A-Z]{2})|[(（)）]")
LIMIT: Final = re.compile(
    r"(?:[≥>＞≤<＜]|超过|高于|低于|大于|小于)\s*\d{1,3}(?:\.\d)?\s*(?:℃|°C|度|mmHg|%|mmol/L|g/L)?(?:以上|以下)?\s*[,，]?(?:时|予|给|可|则|即|口服)"
)
"""A limit in an order: what is told behind it is to be done when it is passed."""
HABIT: Final = re.compile(r"吸烟|饮酒|嗜酒|酗酒|抽烟|喝酒|烟酒")
MARKS: Final = re.compile(r"[，,、:：\s]")
TELLING: Final = re.compile(
    r"^[左右双]|停止|减少|量少|消失|不畅|不全|不清|不能|排[尿便]困难|减退|下降|增多|加重|肿大|差|欠|后(?!重)|较前|"
    r"^间断|^反复|^阵发"
)
"""What a name has that tells something of its own: 无 of the clause before seldom denies it (无胸痛，排尿不畅)."""
HAVING: Final = frozenset("口服 服用 静滴 行 予 给予 患 患有 有 见 存在 诉 伴 感 发生 发现 伴有".split())
"""Verbs that a word of denial may stand before: 否认长期服用激素."""
CLAUSE_PAST: Final = (
    "曾",
    "陈旧",
    "已注射",
    "已接种",
    "已输注",
    "上次",
    "前次",
    "停用",
    "既往曾",
    "吃过",
    "服过",
    "用过",
    "打过",
    "服用过",
    "使用过",
    "注射过",
    "做过",
)
"""What lies behind in one clause need not in the next."""
FOLLOWING: Final = frozenset("复查 复测 监测 定期复查 完善 定期".split())
"""Plans that are tales where a record tells what was done: 复查CT未见异常, unless they lie ahead."""
AHEAD: Final = re.compile(r"[\d一二两三半数][^，,。；;]{0,4}后|拟|待|明|次日|嘱|建议|必要|请|计划|择|注意")
BOTH: Final = re.compile(r"[、及和与]|以及")
"""What joins a relative and the patient of whom one thing is told."""
ALIKE: Final = re.compile(r"(?:本人|自己)?(?:均|都|皆|俱|同患|先后|相继|患有|有|无|否认)")
"""What tells it of both."""
AGED: Final = re.compile(r"\d{1,2}(?:岁|月龄)时")
ONCE: Final = re.compile(
    r"后?[方才即再]可(?!见|闻|触|扪|及|能|疑|除外|排除)|"
    r"[后者]?可(?=恢复|出院|停|拔|继续|启动|重启|加量|减量|减药|转出|转入|转科|转院|转普|手术|行|予|给|用|服|逐步|开始|改|撤|脱机|拆线|使用|口服)"
)
"""What may be done once what is denied before it stays away: 无活动性出血可恢复抗凝, 无发热方可出院."""
FIRM: Final = re.compile("后?[方才即再]可|后可|者可")
"""Words of them that are a condition in a tale too."""
COMING: Final = re.compile(
    r"再(?:过?来|就诊|复诊|随诊)|(?<![再上下门急初复])(?:来诊|来院|就诊(?!断)|就医|复诊|返院)|及时"
)
"""When to come again, or what to do at once."""
AGAIN: Final = re.compile(r"再过?来(?!就?诊|我?院|住院)|再(?:复诊|随诊)")
"""Words of them that ask to come again outside of orders too."""
BARE: Final = re.compile(r"[、及和与或等并以伴\s/／“”\"]|病史|症状|表现|病变|现象|情况|之类|家族史|史|征|等症|不适")
JOINED: Final = re.compile(
    r"(?:[、及和与或/／,，\s“”\"]|以及|亦|也|均|都|尚|暂|完全|基本|已|可|结果|检查|试验|征|两次|多次|测定|抗体|发作|体征|[:：]|[(（][^()（）]{0,8}[)）])*"
)


@lru_cache(1)
def automaton() -> tuple[AhoCorasick, list[str]]:
    """All cue words, and the words by number."""
    from ahocorasick_rs import AhoCorasick, MatchKind

    words = sorted(BY_WORD)
    return AhoCorasick(words, matchkind=MatchKind.LeftmostLongest), words
