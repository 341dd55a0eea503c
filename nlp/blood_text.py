"""Names of blood components as they are ordered: without amount and group, with their treatment where names have it.

去白细胞悬浮红细胞 4U(A型RhD阳性) and 悬浮红细胞(去白) name one component, 悬浮红细胞(辐照) an irradiated one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from knowledge.naming import normal_name

_AMOUNT: Final = re.compile(
    r"[×x*]?\d+(?:\.\d+)?(?:个)?(?:治疗(?:剂?量|单位)|成人份|单位|人份|毫升|ml|u(?![a-z]|$)|u(?=(?:ab|[abo])(?:型|rh|[+\-(])|rh|$)|袋|份)"
)
_RHD: Final = re.compile(
    r"rh(?:血型)?(?:\(d\)|d)?(?:血型)?[:]?(?:\([+-]\)|[+-]|阳性|阴性|pos(?:itive)?|neg(?:ative)?)?"
)
_ABO: Final = re.compile(
    r"(?<![a-z])(?:ab|[abo0])型(?:血(?![小浆细液]))?|(?<=[(,])(?:ab|[abo])(?=[),+-])|(?<![a-z0-9])(?:ab|[abo])\(?[+-]\)?(?![a-z])|同型|(?:abo)?血型[:]?"
)
_ABO_BEFORE_RH: Final = re.compile(r"(?<![a-z])(?:ab|[abo])(?=rh)")
_NOT_TREATED: Final = re.compile(r"(?:未|非|不|无)(?:经|需|须|要|用)?(?:辐照|照射|洗涤)")
_EMPTY: Final = re.compile(r"[(\[][,;:/+\-]*[)\]]")
_LEUKOCYTES: Final = re.compile(
    r"去除?白细胞|少白细胞|滤除?白细胞|白细胞滤除|滤白|去白|(?:亚甲蓝)?(?:光化学)?病毒灭活"
)
"""Treatments that decide nothing here."""
_TREATED: Final = ("辐照", "洗涤", "单采", "机采")
"""Treatments that make another component of it, and stand before its name."""
_IRRADIATED: Final = re.compile(r"(?:γ|伽马|x)?(?:射线)?辐[照射]|照射")


def blood_names(text: str) -> Iterator[str]:
    """Names that a component may be known by, the most literal first."""
    if not text.strip():
        return
    yield text
    plain = _NOT_TREATED.sub("", _AMOUNT.sub("", normal_name(text)))
    plain = _ABO.sub("", _RHD.sub("", _ABO_BEFORE_RH.sub("", plain)))
    kept = _EMPTY.sub("", plain).strip(",;:/+-.")
    yield kept
    flat = _IRRADIATED.sub("辐照", re.sub(r"[()\[\],;:/+\-]", "", kept))
    yield flat
    for name in dict.fromkeys((flat, _LEUKOCYTES.sub("", flat))):
        yield _led(name)
    without = re.sub(r"[(\[].*?[)\]]", "", kept)
    if not any(word in flat and word not in without for word in _TREATED):
        yield _led(_LEUKOCYTES.sub("", without))


def _led(name: str) -> str:
    """The name with the treatments that it says anywhere before the rest of it: 悬浮红细胞辐照 → 辐照悬浮红细胞."""
    said = [word for word in _TREATED if word in name]
    rest = name
    for word in said:
        rest = rest.replace(word, "")
    return "".join(said) + rest
