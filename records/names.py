"""Chinese names as they are heard, seen and mistyped: what two ways of writing have in common.

A name is a row of units: single characters of Chinese, whole words of other scripts. Names of Mongolians and other
peoples in Chinese characters have no fixed length, a dot that comes and goes, and are often cut short.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from clinical.value import Value

_DOTS: Final = re.compile(r"[·•・‧∙⋅●．.。,，、'’`*_/|-]")
_NOTE: Final = re.compile(r"[(（\[【<].*?[)）\]】>]|\d+$")
_WORD: Final = re.compile(r"[a-z]+|[\u1800-\u18af]+|\S")
_NOBODY: Final = re.compile(
    r"(?:无名(?:氏|男|女|男子|女子|老人|患者)?|未知|不详|不祥|佚名|无|待定|未命名|未取名|未填|姓名|患者|病人|路人|空|某+|测试.*"
    r"|x+|unknown|unnamed|noname|nobody|anonymous|test.*|null|none|na)[甲乙丙丁]?"
)
_CHILD: Final = (
    r"(?:[长次三大二小]|双胞胎)?(?:儿子|女儿|男婴|女婴|新生儿|婴儿|婴|宝宝|毛毛|毛|大双|小双|子|女|儿|bb|b|baby)"
)
_NEWBORN: Final = re.compile(
    rf"(?P<mother>\S{{2,}}?)(?:[之的]{_CHILD}|新生儿|婴儿|男婴|女婴|宝宝|毛毛|大双|小双|bb|baby)[甲乙ab一二]?"
    rf"|(?:新生儿|婴儿|男婴|女婴|宝宝|baby)[甲乙ab一二]?(?:of)?(?P<after>\S*)"
)
_SEVERAL: Final = re.compile(r"[长次三大二小双甲乙ab一二]")
_COMPOUND: Final = frozenset(
    "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 "
    "夏侯 长孙 宇文 呼延 端木 南宫 独孤 拓跋 完颜 赫连 申屠".split()
)
_LOOKALIKES: Final = (
    "己已巳 戊戌戍戎 未末 土士 曰日 大太犬 王玉主 人入八 千干于 天夫 刀力 贝见 由申田甲 令今 午牛 "
    "辛幸 柬束 候侯 杨扬 陈阵 "
    "洁浩 艳艺 娟捐 秀季 晨辰 杰木 材林 桂佳 伟纬玮炜 风凤 春秦 水冰永 平乎 文丈 萍苹 雪雷 敏敬 凯剀 "
    "斌赋 锋峰烽 晶品 "
    "珍诊 玲铃 佳住 怡治 悦说 琪淇棋 瑶摇 轩杆 泽译 梓辞 晗哈 乌鸟 巴已 孟盂 那娜哪 斯期 高商 布市 额颌 "
    "白自 徐除 孙孔 "
    "郭郎 谢射 宋宗 唐康 曹曾 祭蔡 潘番 哀袁 余佘 薛薜 阎闫 肖萧 付傅 宁丁 治冶 妹姝 亨享 洒酒 旻昊 昱显 荼茶"
).split()
_SURNAMES: Final = {
    surname: share / 1000
    for share, group in (
        (72, "王李"), (66, "张"), (55, "刘"), (46, "陈"), (31, "杨"), (21, "黄赵吴周"), (15, "徐孙马胡朱郭何"),
        (11, "林高罗郑梁"), (9, "谢宋唐许邓韩冯曹彭曾肖田董"),
        (6, "潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范"), (6, "汪廖石金韦贾"),
        (3, "夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"),
    )
    for surname in group
}  # fmt: skip
_RARE_SURNAME: Final = 0.0004
_ONE_GIVEN, _TWO_GIVEN, _LONG = 1 / 500, 1 / 4000, 1 / 40000


class Likeness(StrEnum):
    """How alike two names are, the closest first."""

    EXACT = "exact"
    SWAPPED = "swapped"
    SOUND = "sound"
    NEAR_SOUND = "near-sound"
    LOOK = "look"
    PART = "part"
    ONE = "one"
    SURNAME = "surname"
    DIFFERENT = "different"
    MISSING = "missing"


class Name(Value, frozen=True):
    """A name taken apart. ``text`` is how it is compared, ``units`` its parts, ``syllables`` how each is read without
    tone, ``folded`` the same where dialects make no difference. A newborn without a name has a ``mother`` instead,
    and perhaps a mark that tells it from a twin (长女, 次子)."""

    text: str = ""
    units: tuple[str, ...] = ()
    syllables: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    newborn: bool = False
    mother: str = ""
    one_of_several: bool = False


NO_NAME: Final = Name()


@lru_cache(maxsize=131072)
def name_of(text: str) -> Name:
    """A name taken apart; one without units when it is missing, stands for nobody (无名氏) or for a newborn."""
    plain = unicodedata.normalize("NFKC", text).lower().strip()
    plain = _NOTE.sub("", plain).strip()
    words = _DOTS.sub(" ", plain)
    joined = "".join(words.split())
    if not joined or _NOBODY.fullmatch(joined):
        return NO_NAME
    newborn = _NEWBORN.fullmatch(joined)
    if newborn is not None:
        mother = newborn["mother"] or newborn["after"] or ""
        return Name(newborn=True, mother=mother, one_of_several=_SEVERAL.search(joined[len(mother) :]) is not None)
    units = tuple(_WORD.findall(words))
    syllables = tuple(syllable(unit) for unit in units)
    return Name("".join(units), units, syllables, tuple(_fold(one) for one in syllables))


@lru_cache(maxsize=32768)
def syllable(unit: str) -> str:
    """How a character is commonly read, in letters without tone; a word stays as it is."""
    if len(unit) > 1 or unit.isascii():
        return unit
    return readings(unit)[0]


@lru_cache(maxsize=32768)
def readings(unit: str) -> tuple[str, ...]:
    """All ways a character is read, the commonest first."""
    from pypinyin import Style, pinyin  # its dictionaries take half a second

    found = pinyin(unit, style=Style.NORMAL, heteronym=True)
    return tuple(found[0]) if found and found[0] else (unit,)


@lru_cache(maxsize=4096)
def _fold(syllable: str) -> str:
    """What many speakers do not tell apart: zh/z, ch/c, sh/s, n/l, ing/in, eng/en, ang/an, f/h."""
    for sound, as_ in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable.startswith(sound):
            syllable = as_ + syllable[2:]
    if syllable.startswith("n") and len(syllable) > 1:
        syllable = "l" + syllable[1:]
    return syllable[:-1] if syllable.endswith("ng") else syllable


def _pairs() -> frozenset[tuple[str, str]]:
    return frozenset((a, b) for group in _LOOKALIKES for a in group for b in group if a != b)


_LOOK: Final = _pairs()


def likeness(a: Name, b: Name) -> Likeness:
    """How alike two names are. A missing name, also a newborn's, is ``MISSING``, never different."""
    if not a.units or not b.units:
        return Likeness.MISSING
    if a.text == b.text:
        return Likeness.EXACT
    if len(a.units) > 1 and sorted(a.units) == sorted(b.units):
        return Likeness.SWAPPED
    if len(a.units) == len(b.units):
        return _same_length(a, b)
    if "".join(a.syllables) == "".join(b.syllables):  # 张伟 and Zhang Wei, 张伟明 and Zhang Weiming
        return Likeness.SOUND
    return _cut_short(a, b)


def _same_length(a: Name, b: Name) -> Likeness:
    if all(_sounds(x, y) for x, y in zip(a.units, b.units, strict=True)):
        return Likeness.SOUND
    if a.folded == b.folded:
        return Likeness.NEAR_SOUND
    other = [(x, y) for x, y in zip(a.units, b.units, strict=True) if x != y]
    if all((x, y) in _LOOK or _sounds(x, y) or _fold(syllable(x)) == _fold(syllable(y)) for x, y in other):
        return Likeness.LOOK
    if sorted(a.syllables) == sorted(b.syllables):
        return Likeness.SWAPPED
    if len(other) == 1 and len(a.units) > 1:
        return Likeness.ONE
    return _by_surname(a, b)


def _cut_short(a: Name, b: Name) -> Likeness:
    """Names of different length: a long one lost a unit, or only its beginning or end was written."""
    short, long = sorted((a, b), key=lambda name: len(name.units))
    lost = len(long.units) - len(short.units)
    one_away = lost == 1 and OSA.distance(short.units, long.units) == 1
    if len(long.units) >= 4 and one_away:
        return Likeness.PART
    ends = (long.text[: len(short.text)], long.text[-len(short.text) :])
    if len(short.units) > 1 and (one_away or (len(long.units) >= 4 and short.text in ends)):
        return Likeness.ONE
    return _by_surname(a, b)


def _by_surname(a: Name, b: Name) -> Likeness:
    return Likeness.SURNAME if _sounds(a.units[0], b.units[0]) else Likeness.DIFFERENT


def _sounds(a: str, b: str) -> bool:
    """Whether two characters are, or can be, read the same."""
    return a == b or not set(readings(a) if len(a) == 1 else (a,)).isdisjoint(readings(b) if len(b) == 1 else (b,))


def prior_share(name: Name) -> float:
    """What share of people bear this name, as far as its form tells: by the surname's share and how many given names
    of this length there are."""
    if not name.units:
        return 1.0
    surname = 2 if name.text[:2] in _COMPOUND else 1
    given = len(name.units) - surname
    if given > 2 or name.text.isascii() or given < 1:
        return _LONG
    share = _SURNAMES.get(name.units[0], _RARE_SURNAME) if surname == 1 else _RARE_SURNAME / 4
    return share * (_ONE_GIVEN if given == 1 else _TWO_GIVEN)
