"""How long something has lasted, or how long ago it was, in days: 3天, 2小时余, 1年3个月, 半年前, 术后第2天."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

_DIGITS: Final = {c: n for n, c in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "〇": 0,
    "半": 0.5,
    "数": 3,
    "几": 3,
}
_UNITS: Final = {
    "分钟": 1 / 1440,
    "min": 1 / 1440,
    "小时": 1 / 24,
    "h": 1 / 24,
    "天": 1.0,
    "日": 1.0,
    "d": 1.0,
    "晚上": 1.0,
    "周": 7.0,
    "星期": 7.0,
    "礼拜": 7.0,
    "月": 30.0,
    "年": 365.0,
    "载": 365.0,
}
"""Days; a month counts 30 and a year 365, as people who say so mean it."""
_CHINESE: Final = "零一二两三四五六七八九十百半数几〇"
_ONE: Final = rf"(?:(?<!\d)\d{{1,4}}(?:\.\d{{1,2}})?|(?<![{_CHINESE}])[{_CHINESE}]{{1,5}})"
_MORE: Final = r"(?:余|多|来|\+)?"
_UNIT: Final = (
    r"(?:分钟|min|小时|h(?![a-zA-Z])|天|日|d(?![a-zA-Z])|晚上|周(?![期岁径围一二三四五六末])|星期(?![一二三四五六日])|礼拜|"
    r"个?月|年(?!级)|载)"
)
_DURATION: Final = re.compile(
    rf"(?P<low>{_ONE})\s*(?:[-~～—至到]\s*(?P<high>{_ONE})\s*)?{_MORE}(?P<each>个)?(?P<half>半)?{_MORE}\s*"
    rf"(?P<unit>{_UNIT})(?![月日龄])(?P<half2>半(?!年|月|天|夜))?{_MORE}"
    rf"(?:(?P<more>\d{{1,2}}|[一二两三四五六七八九十半])\s*(?P<unit2>个?月|天|周|小时)(?![龄大])余?)?"
    r"(?P<tail>[之以]?前|后|内|之?间(?![断歇隔作])|起|左右)?",
    re.IGNORECASE,
)
_COUNTED: Final = re.compile(
    r"\s*[\d一二两三四五六七八九十数几]+(?:余|多|[-~]\d+)?\s*(?:次|趟|回|顿|片|粒|支|包|袋|遍|剂)"
)
"""What follows a day that is a measure of how often: 一天七八趟."""
_DAY: Final = re.compile(r"(?P<day>昨(?:[日天晚夜晨早午]|(?=起))|前[天日])(?!\d)")


_BEFOREHAND: Final = frozenset({"入院前", "就诊前", "来院前", "来诊前"})


class Kind(StrEnum):
    """What a span of time says: how long (3天), how long ago (3天前), for how long up to now (近3天, 3天来), the how
    manieth day (第3天), how much later (3天后)."""

    LASTING = "lasting"
    AGO = "ago"
    RECENT = "recent"
    NTH = "nth"
    LATER = "later"


class Duration(NamedTuple):
    """A span of time: where it stands, its length in days, what it says."""

    start: int
    end: int
    days: float
    kind: Kind

    @property
    def ago(self) -> bool:
        """Whether it says since when."""
        return self.kind is Kind.AGO


def durations(text: str) -> list[Duration]:
    """Spans of time named in a text, in order. A calendar date (2026年3月5日), an age (3岁) and how often (一天3次)
    are none."""
    found = [one for match in _DURATION.finditer(text) if (one := _duration(text, match)) is not None]
    days = [
        Duration(match.start(), match.end(), 1.0 if match["day"][0] == "昨" else 2.0, Kind.AGO)
        for match in _DAY.finditer(text)
    ]
    return sorted([*found, *days]) if days else found


def _duration(text: str, match: re.Match[str]) -> Duration | None:
    low, high = _value(match["low"]), _value(match["high"]) if match["high"] else None
    if low is None or _is_date(text, match) or _is_often(text, match):
        return None
    unit = _UNITS[match["unit"].removeprefix("个").lower()]
    half = 0.5 if match["half"] or match["half2"] else 0.0
    days = ((high or low) + half) * unit
    if match["more"]:
        days += (_value(match["more"]) or 0.0) * _UNITS[match["unit2"].removeprefix("个")]
    return Duration(match.start(), match.end(), days, _kind(text, match))


def _kind(text: str, match: re.Match[str]) -> Kind:
    tail, lead = match["tail"] or "", text[match.start() - 1 : match.start()]
    if lead == "第":
        return Kind.NTH
    if tail.endswith("前") or text[max(0, match.start() - 3) : match.start()] in _BEFOREHAND:
        return Kind.AGO
    if tail in ("后", "内", "间", "之间"):
        return Kind.LATER
    return Kind.RECENT if lead == "近" or match[0].endswith("来") else Kind.LASTING


def _is_often(text: str, match: re.Match[str]) -> bool:
    """一天3次, 20支/日: how often."""
    before = text[match.start() - 1] if match.start() else ""
    if before in ("/", "每", "．", ".", "q", "Q"):
        return True
    return (
        match["unit"] in ("天", "日", "d") and match["tail"] is None and _COUNTED.match(text, match.end()) is not None
    )


def _is_date(text: str, match: re.Match[str]) -> bool:
    """3月5日, 2026年, 于3月: calendar days, not spans."""
    number, unit = match["low"], match["unit"]
    before = text[match.start() - 1] if match.start() else ""
    if unit == "年" and number.isdigit() and len(number) == 4:
        return True
    if unit in ("日", "月") and (
        (before and before in "年月-/") or text[match.end("unit") : match.end("unit") + 1].isdigit()
    ):
        return True
    if unit != "月" or match["half"] or not number.isdigit():
        return False
    after = text[match.end() : match.end() + 1]
    return before in ("于", "在", "自", "从", "今", "每") or after in ("份", "初", "底", "中", "下", "上", "旬")


def number_of(text: str) -> float | None:
    """A number in digits or Chinese numerals (十二, 半, 两百, 七八); None when it is none."""
    return _value(text.strip())


def _value(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    if len(text) == 2 and text[0] in _DIGITS and text[1] in _DIGITS and "半" not in text:
        return (_DIGITS[text[0]] + _DIGITS[text[1]]) / 2
    total, current = 0.0, 0.0
    for character in text:
        if character in "十百":
            total += (current or 1) * (10 if character == "十" else 100)
            current = 0
        elif character in _DIGITS:
            current = _DIGITS[character]
        else:
            return None
    return total + current
