"""Which of its meanings a name has where it stands: 叶酸 5.1ng/ml is a test, 叶酸片5mg a drug."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final

from nlp import values
from nlp.drug_phrases import form_after
from nlp.lexicon import Hit
from nlp.senses import Sense

_DOSED: Final = re.compile(
    r"\s*(?:[(（][^()（）]{0,8}[)）])?\s*(?:\d+(?:\.\d+)?|[半一二两三四])\s*"
    r"(?:mg|g|μg|ug|ml|mL|万?[uU](?![/A-Za-z])|IU(?!/)|万?单位|片|粒|支|袋|滴|喷|吸|丸|瓶|枚)(?!\s*/\s*(?:d?[lL]|ml|mL))"
)
_TAKEN: Final = re.compile(
    r"(?:口服|服用?|予|用|给|静滴|静推|肌注|输|加|停|改|吃|注射|推注|静点|滴|泵入|吸入|含服?)(?:了|过)?[\"“]?$"
)
_ALLERGIC: Final = re.compile(r"过敏(?![性原体]|试验|科)")
_JOINED: Final = re.compile(r"[、及和与或/“”\"\s]*(?:类|等|药物|药品|药|食物)?[、及和与或/“”\"\s]*")
_TOLERATING: Final = re.compile(r"(?<![不未])[可能]以?(?:耐受|使用|服用|用)[^，,。；;:：]*$")
_TOLERATED: Final = re.compile(r"(?:类|等|药物|药|均|都|也|尚)*[可能]以?(?:耐受|使用|服用|用)")
_CLAUSE: Final = 20
"""So far before a name its clause is looked at."""
_DEGREE: Final = re.compile(r"(?:轻度|中度|重度|少量|大量|中重度|轻中度|轻微|微量)[\"“]?$")
_PLANNED: Final = re.compile(r"(?:急诊|行|择期|限期|拟|需|建议|外科|待)$")
_DIAGNOSIS: Final = re.compile(r"\s*(?:[?？、，,；;。]|$|\d{1,2}[.、]|待|可能|病史|不除外)")
_SIGN: Final = re.compile(r"\s*(?:[(（][+＋\-－—\d]|阳性|阴性|[+＋]|\d{1,3}%)")
_LOOKED: Final = re.compile(r"检查|平扫|示|提示|[:：]|增强")
_LIKELY_PERCENT: Final = 30.0
"""A differential count without unit is a share from here on: N 88."""


def allergic(text: str, hits: Sequence[Hit], section: str) -> frozenset[int]:
    """Numbers of the hits that somebody is allergic to: those of the list right before 过敏; under 过敏史 all but
    what is said to be borne."""
    if section == "过敏史":
        return frozenset(number for number, hit in enumerate(hits) if not _borne(text, hit))
    found: set[int] = set()
    starts = [hit.start for hit in hits]
    for match in _ALLERGIC.finditer(text):
        place, at = match.start(), bisect_left(starts, match.start()) - 1
        while at >= 0 and at not in found and _JOINED.fullmatch(text, hits[at].end, place):
            found.add(at)
            place, at = hits[at].start, at - 1
    return frozenset(found)


def _borne(text: str, hit: Hit) -> bool:
    """可耐受X, X可用: a drug that is borne is no allergen."""
    before = _TOLERATING.search(text, max(0, hit.start - _CLAUSE), hit.start)
    return before is not None or _TOLERATED.match(text, hit.end) is not None


def sense_of(hit: Hit, text: str, section: str, is_allergic: bool) -> Sense | None:
    """The first meaning of a name that fits what stands around it; None when none does. What somebody is allergic to
    is an allergen."""
    if is_allergic:
        allergen = next((one for one in hit.senses if one.kind == "allergy"), None)
        if allergen is not None or hit.senses[0].kind == "drug":
            return allergen or hit.senses[0]._replace(kind="allergy")
    fitting = [one for one in hit.senses if not one.gate or _GATES[one.gate](hit, text, section)]
    if len(fitting) > 1 and {one.kind for one in fitting} >= {"test", "drug"}:
        kind = "drug" if _drug_meant(hit, text, section) else "test"
        return next(one for one in fitting if one.kind == kind)
    return fitting[0] if fitting else None


def counts_only_planned(sense: Sense, hit: Hit, text: str) -> bool:
    """Whether a name says something only as a plan: the bare word 手术, unless somebody does it."""
    return sense.gate == "planned" and _PLANNED.search(text, max(0, hit.start - 4), hit.start) is None


def _drug_meant(hit: Hit, text: str, section: str) -> bool:
    form = form_after(text, hit.end)
    if _DOSED.match(text, form):
        return True
    if values.value_after(text, hit.end) is not None:
        return False
    return _taken(hit, text) or form > hit.end or section in ("处方", "用药史")


def _taken(hit: Hit, text: str) -> bool:
    return _TAKEN.search(text, max(0, hit.start - 5), hit.start) is not None


def _dose(hit: Hit, text: str, section: str) -> bool:
    form = form_after(text, hit.end)
    return form > hit.end or _taken(hit, text) or _DOSED.match(text, form) is not None


def _value(hit: Hit, text: str, section: str) -> bool:
    return values.value_after(text, hit.end) is not None


def _percent(hit: Hit, text: str, section: str) -> bool:
    found = values.value_after(text, hit.end)
    if found is None:
        return False
    return found.unit == "%" or (not found.unit and found.value is not None and found.value > _LIKELY_PERCENT)


def _count(hit: Hit, text: str, section: str) -> bool:
    found = values.value_after(text, hit.end)
    return found is not None and found.unit.startswith("10^")


def _molar(hit: Hit, text: str, section: str) -> bool:
    found = values.value_after(text, hit.end)
    return found is not None and found.unit.endswith("mol/L")


def _sign(hit: Hit, text: str, section: str) -> bool:
    return _SIGN.match(text, hit.end) is not None


def _degree(hit: Hit, text: str, section: str) -> bool:
    return _DEGREE.search(text, max(0, hit.start - 5), hit.start) is not None


def _diagnosis(hit: Hit, text: str, section: str) -> bool:
    return section in ("诊断", "拟诊") and _DIAGNOSIS.match(text, hit.end) is not None


def _exam(hit: Hit, text: str, section: str) -> bool:
    return not _degree(hit, text, section) and _LOOKED.match(text, hit.end) is not None


def _always(hit: Hit, text: str, section: str) -> bool:
    return True


def _never(hit: Hit, text: str, section: str) -> bool:
    return False


_GATES: Final[dict[str, Callable[[Hit, str, str], bool]]] = {
    "brand": _dose,
    "allergy": _never,
    "value": _value,
    "percent": _percent,
    "count": _count,
    "molar": _molar,
    "sign": _sign,
    "dose": _dose,
    "degree": _degree,
    "diagnosis": _diagnosis,
    "exam": _exam,
    "planned": _always,
    "denied": _always,
}
"""When a name that means several things, or nothing, counts (see ``nlp.words``)."""
