"""Names of operations as hospitals write them: parts of a combined one, and each without its approach and side.

腰椎后路减压融合内固定术 and 腰椎融合内固定术 differ in nothing but how the spine is reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from knowledge.naming import normal_name

_JOINED: Final = re.compile(r"[+,、;/]|联合|备(?=.{4,}术)")
_BRACKETS: Final = re.compile(r"[(\[].*?[)\]]")
_REMARK: Final = re.compile(r"[(\[].*?[)\]]|\s|^(?:拟|拟行|行|择期|急诊|限期|全麻下|局麻下|腰麻下)+|[:.。]$|后$")
_APPROACH: Final = re.compile(
    r"(?:单孔|多孔|全)?(?:腹腔镜|胸腔镜|宫腔镜|关节镜|椎间孔镜|显微镜|机器人|达芬奇机器人|神经导航|导航|超声引导|ct引导|x线引导)"
    r"(?:系统|手术系统)?(?:辅助)?下?|(?:经?(?:后|前|侧)(?:外侧|入)?路|微创|开颅|开腹|开胸|显微|减压|植骨|左侧|右侧|双侧|单侧|"
    r"左|右|双|人工|扩大|改良|根治性|经皮)"
)
_LEAST: Final = 5
"""Characters of a name that may be the end of a longer one."""


@lru_cache(maxsize=16384)
def parts(text: str) -> tuple[str, ...]:
    """The operations that a name lists, without remarks; empty where it names none."""
    plain = normal_name(text)
    found = (_REMARK.sub("", part) for part in _JOINED.split(_BRACKETS.sub("", plain) or plain))
    return tuple(part for part in found if len(part) >= _LEAST and "术" in part)


@lru_cache(maxsize=16384)
def essence(text: str) -> frozenset[str]:
    """What is done to what, as characters in any order: without approach, side and the word 术."""
    return frozenset(_APPROACH.sub("", _REMARK.sub("", normal_name(text))).removesuffix("术").removesuffix("手"))


def ends(part: str) -> Iterator[str]:
    """Ends of a name that may be names of their own, the longest first."""
    return (part[start:] for start in range(len(part) - _LEAST + 1))
