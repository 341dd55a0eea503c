"""Drug names as hospitals write them, taken apart: stem, dosage form, strength, remarks.

Pure text: which of the candidate readings names a drug is the terminology's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from clinical.forms import BY_LENGTH, FORMS
from clinical.logic import UNKNOWN, Known
from clinical.quantity import QuantityError, Strength, parse_strength
from clinical.value import Value
from knowledge.naming import normal_name

_PREFIX_FORMS: Final = {
    "注射用": "注射剂",
    "吸入用": "吸入溶液",
    "外用": "",
    "口服": "",
    "小儿": "",
    "滴眼用": "滴眼液",
    "静脉注射用": "注射剂",
    "静注": "注射剂",
    "冻干": "注射剂",
    "进口": "",
    "国产": "",
    "皮下注射用": "注射剂",
    "吸入性": "",
}
_PLAIN_PREFIXES: Final = tuple(p for p in _PREFIX_FORMS if p != "小儿")
_VEHICLES: Final = ("氯化钠", "葡萄糖", "葡萄糖氯化钠", "木糖醇", "氯化钠葡萄糖", "灭菌")
_SALT_WORDS: Final = """
盐酸 硫酸 磷酸 氢溴酸 枸橼酸 柠檬酸 酒石酸 重酒石酸 马来酸 富马酸 苹果酸 琥珀酸 乳酸 门冬氨酸 苯磺酸
甲磺酸 甲苯磺酸 对甲苯磺酸 醋酸 乙酸 丙酸 戊酸 十一酸 草酸 水杨酸 二水杨酸 双水杨酸 谷氨酸 葡萄糖酸
乳糖酸 硬脂酸 依托 硝酸 氢溴 精氨酸 赖氨酸 半水 一水 无水 二水 丁溴 丁二磺酸 糠酸 二丙酸 丁酸 棕榈酸
己酸 环戊丙酸 羟萘酸 扑酸 双羟萘酸 磺丁基醚 二盐酸 单盐酸 富马酸氢 琥珀酸氢 延胡索酸 山梨酸 巯乙磺酸
"""
_SALT_PREFIXES: Final = tuple(sorted(_SALT_WORDS.split(), key=len, reverse=True))
_SALT_TAILS: Final = """
钠 钾 钙 镁 锌 二钠 二钾 半钠 一水 一水合物 二水合物 三水合物 水合物 盐酸盐 硫酸盐 磷酸盐 马来酸盐
富马酸盐 酒石酸盐 枸橼酸盐 甲磺酸盐 苯磺酸盐 琥珀酸盐 醋酸盐 硝酸盐 氨丁三醇 葡甲胺 精氨酸 赖氨酸
匹酯 酯 磷酸酯 磷酸酯钠 琥珀酸钠 氢溴酸盐 乳糖酸盐 门冬氨酸盐 三水 无水物
"""
_TAILS_BY_LENGTH: Final = tuple(sorted(_SALT_TAILS.split(), key=len, reverse=True))
_MARKS: Final = re.compile(
    r"^[\W_]*(?:\((?:甲|乙|丙|基|国|省|非|自费|医保|集采|国采|带量|谈判|4\+7|\d+)\)|[△▲*●#☆★◎○◆■□※])+"
)
_TAIL: Final = re.compile(
    r"(?:\((?:[ivx]+|甲|乙|丙|基|集采|国采|进口|国产|[一二三四五六]|[a-z0-9]{1,6})\)"
    r"|(?<=[^a-z])[ⅰⅱⅲⅳⅴivx]{1,3}|[#*△▲]|[ (,，;；]*(?:先煎|后下|包煎|另煎|另炖|烊化|冲服|久煎)\)?)$"
)
_LEAD: Final = re.compile(r"^\d+(?:\.\d+)?(?:%|mg|g|ml)(?=\D)")
_PERCENT: Final = re.compile(r"^(\d{1,2}(?:\.\d+)?)%(?=\D)")
_STRENGTH: Final = re.compile(
    r"(?<![a-z0-9.])(?:[:：(])?(?:\d+(?:\.\d+)?/){0,3}\d+(?:\.\d+)?\s*(?:万?a?xaiu|抗xaiu|万?iu|万?单位|万u|u|mg|g|ug|μg|µg|mcg|ml|l|%|mmol|mol|kg|ng|片|粒|丸|支|袋|瓶|贴|喷|揿|吸|s|t)"
)
_SPACED: Final = re.compile(r"(?<=[A-Za-z])\s+(?=\d+(?:\.\d+)?\s*(?:m?g|ug|μg|ml|万|iu|IU|u)\b)")
"""The space that keeps a letter of a name from its strength: 两性霉素B 25mg."""
_BRACKET: Final = re.compile(r"[(\[{<「『《]([^()\[\]{}<>「」『』《》]*)[)\]}>」』》]")
_UNCLOSED: Final = re.compile(r"[(\[{<《][^)\]}>》]*$")


class DrugText(Value, frozen=True):
    """A drug name taken apart.

    ``stem`` is the name without brackets, strength and packaging; ``remarks`` what stood in
    brackets; ``strength`` the amount in one unit or UNKNOWN; ``percent`` what stands before the name of
    a solution (10%氯化钾注射液), grams in 100 mL.
    """

    stem: str
    remarks: tuple[str, ...] = ()
    strength: Known[Strength] = UNKNOWN
    percent: Known[float] = UNKNOWN


@lru_cache(maxsize=16384)
def read_drug(text: str) -> DrugText:
    """Take a drug name apart. Never fails: what is not understood stays in the stem."""
    plain = normal_name(_SPACED.sub("(", text))
    marked = _MARKS.match(plain)
    plain = plain[marked.end() :] if marked and marked.end() < len(plain) else plain
    remarks = tuple(r for r in _BRACKET.findall(plain) if r)
    bare = _LEAD.sub("", _UNCLOSED.sub("", _BRACKET.sub("", plain)))
    at = _STRENGTH.search(bare)
    stem = bare[: at.start()] if at and at.start() >= 2 else bare
    percent = _PERCENT.match(plain)
    return DrugText(
        stem.strip("-,:;*/+·_ ") or plain,
        remarks,
        _strength(text, stem, remarks),
        float(percent[1]) if percent else UNKNOWN,
    )


def _strength(text: str, stem: str, remarks: tuple[str, ...]) -> Known[Strength]:
    """From what follows the name, else from a remark that is nothing but a strength."""
    plain = normal_name(text)
    after = plain[plain.find(stem) + len(stem) :] if stem in plain else ""
    for candidate in (_BRACKET.sub("", after), after.strip("()[]"), *remarks):
        if candidate and re.search(r"\d", candidate):
            try:
                return parse_strength(candidate.lstrip(":,*-"))
            except QuantityError:
                continue
    return UNKNOWN


@lru_cache(maxsize=65536)
def readings(stem: str) -> tuple[tuple[str, str], ...]:
    """(name, dosage form) readings of a stem, the least changed first.

    ``盐酸二甲双胍缓释片`` → itself; ``盐酸二甲双胍`` + 缓释片; ``二甲双胍`` + 缓释片.
    """
    found: dict[tuple[str, str], None] = {(stem, ""): None}
    for bare, form in _without_form(stem):
        found[(bare, form)] = None
        for name in salt_free(bare):
            found[(name, form)] = None
    for name in salt_free(stem):
        found[(name, "")] = None
    return tuple(found)


def _without_form(stem: str) -> Iterator[tuple[str, str]]:
    """Prefixes (注射用) and suffixes (缓释片, 氯化钠注射液) taken off, one after the other."""
    form, name = "", stem
    for prefix in sorted(_PLAIN_PREFIXES, key=len, reverse=True):
        if name.startswith(prefix) and len(name) > len(prefix) + 1:
            form, name = _PREFIX_FORMS[prefix], name[len(prefix) :]
            yield name, form
            break
    name = _strip_tail(name)
    if name != stem:
        yield name, form
    for word in BY_LENGTH:
        if name.endswith(word) and len(name) > len(word) + 1:
            yield from _bare(name[: -len(word)], form or FORMS[word])


def _bare(name: str, form: str) -> Iterator[tuple[str, str]]:
    """A name without its form, then without its tail, then without the vehicle of an infusion."""
    yield name, form
    short = _strip_tail(name)
    if short != name:
        yield short, form
    for vehicle in sorted(_VEHICLES, key=len, reverse=True):
        if form == "注射剂" and short.endswith(vehicle) and len(short) > len(vehicle) + 1:
            yield short[: -len(vehicle)], form


def _strip_tail(name: str) -> str:
    """Without Roman numerals, grades and stray figures at the end (``片(Ⅱ)``, ``30/70`` stay words)."""
    match = _TAIL.search(name)
    return name[: match.start()] if match and match.start() >= 2 else name


def salt_free(name: str) -> Iterator[str]:
    """The name without salt words before and behind, in every combination that leaves two characters."""
    heads = [name, *(name[len(p) :] for p in _SALT_PREFIXES if name.startswith(p) and len(name) > len(p) + 1)]
    for head in heads:
        if head != name:
            yield head
        for suffix in _TAILS_BY_LENGTH:
            if head.endswith(suffix) and len(head) > len(suffix) + 1:
                yield head[: -len(suffix)]


_CHEMICAL: Final = frozenset(
    "左右去异甲乙丙丁戊己氟氯溴碘硝氨羟苯双二三四五单多聚复反顺消旋α-β酸钠钾钙镁苄环氧脱氢硫磷吡嘧噻咪唑呋萘吲头地非阿醇碱黄酮酐苷烯烷胺脂0123456789"
)


def may_be_maker(prefix: str) -> bool:
    """Whether what stands before a drug name may be dropped as a maker's name.

    A prefix that ends like part of a chemical name (左, 去甲, 复方, 氟) never is: dropping it
    would turn one drug into another.
    """
    return len(prefix) >= 2 and prefix[-1] not in _CHEMICAL and not prefix.endswith(("复方", "小儿", "注射用", "新"))


def is_maker(prefix: str) -> bool:
    """Whether a prefix says itself that it is a maker (…药业, …制药): asked where what is left is only
    what other drugs are dissolved in, so that dropping a drug's name would hide the drug."""
    return may_be_maker(prefix) and prefix.endswith(_MAKERS)


_MAKERS: Final = ("药业", "制药", "药厂", "医药", "生物", "集团", "股份", "科技", "公司", "化药", "生化", "大输液")


@lru_cache(maxsize=16384)
def cut_forms(stem: str) -> tuple[str, ...]:
    """Names in whose form the text was cut off in the middle: ``…肠溶胶`` → ``…`` (systems that
    keep only the first fourteen characters do this)."""
    found = []
    for word in BY_LENGTH:
        for length in range(len(word) - 1, 0, -1):
            part = word[:length]
            if len(part) >= 2 and stem.endswith(part) and len(stem) > length + 1:
                found.append(stem[:-length])
                break
    return tuple(dict.fromkeys(found))
