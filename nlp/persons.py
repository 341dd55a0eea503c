"""Sex and age of the patient, where a record says them: 患者，女，65岁; 患儿，男，1岁2月; 老年男性; 孕妇，28岁."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from clinical.age import MONTH, YEAR, birth_of
from clinical.logic import UNKNOWN, Known
from clinical.patient import Sex
from clinical.value import Value
from nlp.durations import number_of

_SEXES: Final = {"男": Sex.MALE, "女": Sex.FEMALE}
_ONE: Final = "[一二三四五六七八九]"
_TENS: Final = rf"(?:{_ONE}?十{_ONE}?)"
_N: Final = (
    r"(?:(?<!\d)(?<!\d[.．·])\d{1,3}(?:\.\d{1,2})?|"
    rf"(?<![零〇两百千万十一二三四五六七八九])(?:一百(?:零{_ONE}|{_TENS})?|{_TENS}|{_ONE}{{1,2}}|两))"
)
"""A number as ages have it, whole: not the last digits of a greater one (2026岁), nor what follows a point."""
_AGE: Final = (
    rf"(?P<years>{_N})\s*(?:周岁|岁)(?P<half>半)?(?:余|\s*零?(?P<over>\d{{1,2}})\s*个?月)?"
    rf"|(?<!岁)(?<!岁[\s零])(?P<months>{_N})\s*(?:个月|月龄|月大)"
    r"|(?:生后|日龄)\s*(?P<days>\d{1,2})\s*天"
    r"|(?<![\d.．])(?P<days2>\d{1,2})\s*(?:天(?:男|女)婴|日龄)"
)
_WHO: Final = r"(?:患者|患儿|病人|产妇|孕妇|孕产妇)"
_FEMALE: Final = "(?P<mother>孕妇|产妇|孕产妇)"
_SEX: Final = re.compile(
    rf"性别\s*[:：]?\s*(?P<told>男|女)|{_WHO}\s*(?:系|为|[，,])?\s*(?P<first>男|女)(?!儿)|"
    rf"(?:^|[，,。；;\s])(?P<bare>男|女)(?:性|童|婴|孩)?\s*[，,]\s*(?={_N}\s*(?:岁|周岁|个月|月|天))|"
    rf"(?:老年|中年|青年|中老年|高龄|青壮年|育龄|岁|月龄|月大|新生儿|早产儿)\s*(?P<after>男|女)(?:性|童|婴|孩)?|"
    rf"(?P<child>男|女)(?:婴|童|孩)|{_FEMALE}"
)
_TOLD: Final = re.compile(
    rf"(?:年龄\s*[:：]?\s*|{_WHO}[^。；;\n]{{0,8}}?|(?:男|女)(?:性|童|婴|孩)?\s*[，,]?\s*|^\s*)(?:{_AGE})(?!\s*(?:时|起|前|后|开始))"
)
_KIN: Final = re.compile(r"(?:父|母|兄|弟|姐|妹|子女|丈夫|妻子|祖|叔|舅|姑|姨|儿子|女儿)[^，,。；;]{0,6}$")
_NEAR: Final = 12
_OLDEST: Final = 130 * YEAR
"""An age beyond which nobody has lived is a slip of the pen, and says nothing."""


class Person(Value, frozen=True):
    """What a record says of who the patient is. ``birth_date`` is reckoned from the age: right to the age given."""

    sex: Known[Sex] = UNKNOWN
    birth_date: Known[date] = UNKNOWN


def person_in(text: str, day: date) -> Person:
    """Sex and age of the patient as a record of a day says them; UNKNOWN where it does not."""
    return Person(_sex(text), _born(text, day))


def _sex(text: str) -> Known[Sex]:
    for match in _SEX.finditer(text):
        word = match["told"] or match["first"] or match["bare"] or match["after"] or match["child"]
        if not _of_kin(text, match.start()):
            return _SEXES[word] if word else Sex.FEMALE
    return UNKNOWN


def _born(text: str, day: date) -> Known[date]:
    for match in _TOLD.finditer(text):
        if not _of_kin(text, match.start()):
            return _birth(match, day)
    return UNKNOWN


def _of_kin(text: str, place: int) -> bool:
    return _KIN.search(text, max(0, place - _NEAR), place) is not None


def _birth(match: re.Match[str], day: date) -> Known[date]:
    days = match["days"] or match["days2"]
    if days:
        return day - timedelta(days=int(days))
    years, months = _number(match["years"]), _number(match["months"]) + _number(match["over"])
    months += 6 if match["half"] else 0
    age = years * YEAR + months * MONTH
    return birth_of(age, day) if age < _OLDEST else UNKNOWN


def _number(text: str | None) -> float:
    return (number_of(text) or 0.0) if text else 0.0
