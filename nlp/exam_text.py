"""Names of imaging as hospitals write them, to what was imaged, how, and with contrast or without.

全腹部CT增强扫描 and 全腹增强CT differ in nothing but the words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from clinical.value import Value
from knowledge.naming import normal_name

_MODALITIES: Final = (
    ("pet", r"pet[-/]?(?:ct|mr)?i?"),
    ("cta", r"cta|ct血管(?:造影|成像)"),
    ("mra", r"mra|磁共振血管(?:造影|成像)"),
    ("mri", r"磁共振成像|磁共振|核磁共振|核磁|mri|mr"),
    ("ct", r"计算机断层(?:扫描)?|ct"),
    ("us", r"彩色多普勒超声|彩色超声|彩超|b超|超声"),
    ("xr", r"x线(?:摄影|摄片|平片|检查)?|x光片?|dr摄?片?|平片|拍片|摄片"),
)
_CONTRAST: Final = re.compile(r"平扫[+及和加]?增强|增强|钆|造影剂|对比剂")
_NOISE: Final = re.compile(
    r"18f|fdg|dwi|swi|flair|弥散加权|磁敏感加权|[(\[].*?[)\]]|扫描|平扫|检查|显像|成像|部位?|常规|普通|多排|螺旋|层?|\s|[-+/,，、]"
)


class Imaging(Value, frozen=True):
    """One imaging examination: modality, contrast, and the characters of what is imaged, in any order."""

    modality: str
    contrast: bool
    site: frozenset[str]


@lru_cache(maxsize=16384)
def imaging(text: str) -> Imaging | None:
    """What an imaging examination's name says; None when it names no modality or no site."""
    plain = normal_name(text)
    for modality, words in _MODALITIES:
        found = re.search(words, plain)
        if found:
            contrast = bool(_CONTRAST.search(plain))
            site = _NOISE.sub("", _CONTRAST.sub("", plain[: found.start()] + plain[found.end() :]))
            return Imaging(modality, contrast, frozenset(site)) if site else None
    return None
