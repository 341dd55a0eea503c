"""Amounts, frequencies and other numbers of a text, and which of them another text does not hold.

What an answer says of how much and how often is compared by value: 0.5g is 500 mg, tid is 每8小时1次, 24小时 are a
day. An amount per kilogram is no amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from clinical import units
from clinical.administration import frequency_of
from clinical.logic import Unknown
from nlp.durations import number_of

_FIGURES: Final = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_N: Final = rf"(?:{_FIGURES}|[一二两三四五六七八九十半])"
_TO: Final = r"(?:[-–—~～∼]|至|到)"
_MASS: Final = r"mg|μg|µg|ug|mcg|ng|kg|g|毫克|微克|千克|公斤|克"
_VOLUME: Final = r"ml|mL|ML|dl|dL|μl|L|l|毫升|升"
_STRENGTH: Final = r"万单位|万IU|万U|亿单位|单位|MIU|mIU|kIU|IU|iu|[μum]?mol|mEq|Eq|kcal|U|u"
_COUNTED: Final = r"片|粒|支|袋|瓶|丸|滴|喷|揿|吸|贴|枚|包|剂"
_TIME: Final = r"小时|分钟|个月|周岁|星期|秒钟?|天|日|周|月|年|岁|h|min|d|s"
_OTHER: Final = r"%|‰|℃|°C|mmHg|kPa|cmH2O|mm|cm|Gy|倍|级|期|型|度|代|分|厘米|mOsm|个"
_BELOW: Final = r"1\.73\s*m[2²]|m[2²]|kg|公斤|千克|dl|dL|ml|mL|L|l|μl|HP|24h|小时|分钟|h|min|d|日|天|次|周|月|片|支|g"
_PER: Final = rf"(?:\s*(?:/|每)\s*[(（]?(?:{_BELOW})(?![A-Za-z])(?:[·•*.](?:min|h|d|kg))?[)）]?)*"
_NOT_WORD: Final = r"(?![A-Za-z])"
_UNIT: Final = (
    r"(?:[×xX*]\s*10\s*\^?\s*(?:9|12|3|6)\s*/\s*[LlμumU]+"
    rf"|(?:{_MASS}|{_VOLUME}|{_STRENGTH}|{_COUNTED}|{_TIME}|{_OTHER}){_NOT_WORD}{_PER})"
)
_MANY: Final = (
    rf"(?:{_FIGURES}|[一半二两三四五六七八九十](?=\s*(?:{_COUNTED}|{_TO}))|[两三四五六七八九十](?=\s*(?:{_TIME})))"
)
"""A number of something: 一日 and 二级 are words."""
_AMOUNT: Final = re.compile(
    rf"(?<![A-Za-z\d.^])(?P<low>{_MANY})(?:\s*(?P<first>{_UNIT})?\s*{_TO}\s*(?P<high>{_MANY}))?\s*(?P<unit>{_UNIT})"
)
_DRUG_UNIT: Final = re.compile(rf"(?:{_MASS}|{_VOLUME}|{_STRENGTH}|{_COUNTED}){_NOT_WORD}")
_NO_DOSE: Final = re.compile(r"/(?:d?L|mL|uL)|mL/min|mL/h|mm")
"""Canonical units of concentrations, clearances and rates."""
_NUMBER: Final = re.compile(r"(?<![A-Za-z\d._])(?<![A-Za-z]-)\d+(?:\.\d+)?(?![A-Za-z\d]|\.\d)")
_TIMES: Final = rf"(?P<n>{_N})(?:\s*{_TO}\s*(?P<m>{_N}))?\s*次"
_TIMES_PER: Final = _TIMES.replace("<n>", "<n2>").replace("<m>", "<m2>") + r"\s*/\s*"
_EVERY: Final = (
    (re.compile(rf"(?:每[日天]|(?<![隔\d一二两三四每])[一1]?[日天])\s*{_TIMES}|{_TIMES_PER}[日天d]"), 1.0),
    (re.compile(rf"(?:每周|[一1]周|每星期)\s*{_TIMES}|{_TIMES_PER}周"), 1 / 7),
)
_HOURLY: Final = re.compile(
    rf"(?:每隔?|q)\s*(?P<n>{_N})(?:\s*{_TO}\s*(?P<m>{_N}))?\s*(?:小时|h)(?:\s*[1一]次)?", re.IGNORECASE
)
_DAILY: Final = re.compile(rf"每\s*(?P<n>{_N})\s*(?P<of>[日天周])\s*[1一]次")
_CODED: Final = re.compile(
    r"(?<![A-Za-z])(?:qod|qid|bid|tid|qd|qn|qw|biw|tiw|q[234][dw]|qm)(?![A-Za-z])"
    r"|隔日(?:[1一]次)?|每月[1一]次|每晚(?:[1一]次)?|睡前|顿服|每早|晨服",
    re.IGNORECASE,
)
_ONCE_A_DAY: Final = ("每晚", "睡前", "每早", "晨服", "qn", "顿服")
_CITED: Final = re.compile(r"[\[【［]\s*\d+(?:\s*[,，、;；\-–~～]\s*\d+)*\s*[\]】］]")
_LISTED: Final = re.compile(r"^\s*(?:\d{1,2}(?:[.．](?!\d)|[、)）])|[(（]\d{1,2}[)）])\s*")
_PER_KILOGRAM: Final = re.compile(r"每\s*(?:kg|公斤|千克)(?:体重)?(?:给?予?|用)?\s*$")
_A_DAY: Final = re.compile(r"(?:[每一1][日天]|日剂?量|日最[大高]|24\s*(?:小时|h))[^，,。；;、]{0,10}$")
_A_DOSE: Final = re.compile(r"(?:[每单一1首]次|首剂|顿服)[^，,。；;、]{0,10}$")
_CLOSE: Final = 1e-6


class Amount(NamedTuple):
    """A number (or both ends of a range) with its unit in canonical form. ``drug``: it may be a dose; ``basis`` is
    ``day`` or ``dose`` where the text says what it is for, and a unit ``/d`` becomes one."""

    start: int
    end: int
    values: tuple[float, ...]
    unit: str
    drug: bool
    basis: str = ""

    def has(self, value: float, other: Amount) -> bool:
        """Whether one of its ends is so much, in the unit of the other and not for something else."""
        if self.basis and other.basis and self.basis != other.basis:
            return False
        factor = _factor(self.unit, other.unit)
        return factor is not None and any(_same(own * factor, value) for own in self.values)


class Often(NamedTuple):
    """How many times a day, both ends of a range."""

    start: int
    end: int
    times: tuple[float, ...]


class Numbers(NamedTuple):
    """Everything a text says in numbers; what is part of one kind is in no other."""

    amounts: list[Amount]
    frequencies: list[Often]
    bare: list[tuple[str, float]]


def numbers(text: str) -> Numbers:
    """Amounts, frequencies and other numbers. Citations and the numbers of a list are none."""
    plain = _CITED.sub(lambda m: " " * len(m[0]), text.translate(_WIDE))
    plain = _LISTED.sub(lambda m: " " * len(m[0]), plain)
    often = list(_frequencies(plain))
    rest = _blank(plain, often)
    amounts = list(_amounts(rest))
    rest = _blank(rest, amounts)
    return Numbers(amounts, often, [(m[0], float(m[0])) for m in _NUMBER.finditer(rest)])


def unfounded(said: str, sources: Sequence[str], aside: Sequence[str] = ()) -> list[str]:
    """What a text says in numbers that its sources do not: doses and frequencies must stand in the sources; ages,
    limits and other numbers there or in what was said aside (question, patient)."""
    here = numbers(said)
    given, beside = [numbers(one) for one in sources], [numbers(one) for one in aside]
    both = [*given, *beside]
    missing = [said[a.start : a.end] for a in here.amounts if not _amount_in(a, given if a.drug else both)]
    missing += [said[o.start : o.end] for o in here.frequencies if not _often_in(o, given)]
    known = {value for one in both for value in _values(one)}
    return missing + [word for word, value in here.bare if not any(_same(value, k) for k in known)]


def doses(text: str) -> list[Amount]:
    """Amounts that may be doses."""
    return [amount for amount in numbers(text).amounts if amount.drug]


def _amount_in(amount: Amount, sources: Iterable[Numbers]) -> bool:
    held = [one for source in sources for one in source.amounts]
    return all(any(one.has(value, amount) for one in held) for value in amount.values)


def _often_in(often: Often, sources: Iterable[Numbers]) -> bool:
    held = [times for source in sources for one in source.frequencies for times in one.times]
    return all(any(_same(times, one) for one in held) for times in often.times)


def _values(found: Numbers) -> Iterator[float]:
    for amount in found.amounts:
        yield from amount.values
    yield from (value for _, value in found.bare)


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= _CLOSE * max(abs(a), abs(b), _CLOSE)


# -- reading -----------------------------------------------------------------------------------

_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5E)} | {0x3000: 0x20}


def _blank(text: str, spans: Iterable[Amount | Often]) -> str:
    for one in spans:
        text = text[: one.start] + " " * (one.end - one.start) + text[one.end :]
    return text


def _amounts(text: str) -> Iterator[Amount]:
    for match in _AMOUNT.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        name = _canonical(match["unit"]) + ("/kg" if _PER_KILOGRAM.search(before) else "")
        factor = _factor(_canonical(match["first"]), name) if match["first"] else 1.0
        if factor is None:
            continue
        low, high = _number(match["low"]) * factor, match["high"]
        values = (low, _number(high)) if high else (low,)
        drug = _DRUG_UNIT.match(match["unit"]) is not None and not _NO_DOSE.search(name)
        basis = "day" if name.endswith("/d") else _basis(before)
        yield Amount(match.start(), match.end(), values, name.removesuffix("/d"), drug, basis if drug else "")


def _basis(before: str) -> str:
    day, dose = _A_DAY.search(before), _A_DOSE.search(before)
    if day and dose:
        return "day" if day.start() > dose.start() else "dose"
    return "day" if day else "dose" if dose else ""


def _frequencies(text: str) -> Iterator[Often]:
    for pattern, days in _EVERY:
        for match in pattern.finditer(text):
            found = [match[name] for name in ("n", "m", "n2", "m2") if match[name]]
            yield Often(match.start(), match.end(), tuple(_number(one) * days for one in found))
    for match in _HOURLY.finditer(text):
        hours = [_number(match[name]) for name in ("n", "m") if match[name]]
        yield Often(match.start(), match.end(), tuple(24 / one for one in hours if one))
    for match in _DAILY.finditer(text):
        days = _number(match["n"]) * (7 if match["of"] == "周" else 1)
        yield Often(match.start(), match.end(), (1 / days,) if days else ())
    for match in _CODED.finditer(text):
        times = _times(match[0])
        if times:
            yield Often(match.start(), match.end(), (times,))


def _times(word: str) -> float:
    if word.lower().startswith(_ONCE_A_DAY):
        return 1.0
    found = frequency_of("隔日" if word.startswith("隔日") else word)
    return 0.0 if isinstance(found, Unknown) else found.times_per_day


def _number(text: str) -> float:
    return number_of(text.replace(",", "")) or 0.0


@lru_cache(2048)
def _canonical(unit: str) -> str:
    plain = units.clean(unit).replace("24h", "d")
    return units.plain_unit(_POWER.sub(r"10*\1", plain))


_POWER: Final = re.compile(r"^[×xX*]10\^?(\d+)")


@lru_cache(8192)
def _factor(source: str, target: str) -> float | None:
    """What a number in one unit is multiplied with to be in another; None when they do not fit."""
    if source == target:
        return 1.0
    try:
        multiplier, divisor = units.conversion(source, target)
    except (units.QuantityError, ValueError):
        return None
    return multiplier / divisor
