"""Names that list several things: where one ends and the next begins, and whether they are several at all.

右甲状腺腺叶切除+左甲状腺部分切除 is one operation of the standard, 子宫下段剖宫产术+子宫肌瘤切除术 are two.
"""

from __future__ import annotations

import re
from typing import Final

from nlp.term_text import View, view

_JOINED: Final = re.compile(r"[+、,;；，＋]|(?<=术)(?:及|并|和|联合)(?=.{3,}术)")
_OUTER: Final = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_LEAST: Final = 2
_CLEAR: Final = 0.05
"""How much better the parts must fit than the whole."""
_MOST: Final = 12


def parts(text: str, subject: str) -> list[str]:
    """What a name may list; empty when it lists nothing. For operations each part says what is done, and a part
    without a site is at the site of the one before (左锁骨下动脉球囊扩张+支架置入术)."""
    plain = _OUTER.sub("", text) or text
    found = [part.strip() for part in _JOINED.split(plain)]
    found = [part for part in found if len(part) >= _LEAST]
    if not 1 < len(found) <= _MOST:
        return []
    return _operations(found) if subject == "procedure" else found


def several(whole: float, each: list[float]) -> bool:
    """Whether a name means its parts, by how well the whole and each part fit something of the standard (0 to 1)."""
    return min(each) >= whole + _CLEAR or sum(each) / len(each) >= whole + 2 * _CLEAR


def _operations(found: list[str]) -> list[str]:
    made: list[str] = []
    site = ""
    for part in found:
        read = view(part, "procedure")
        if not any(facet == "action" for facet, _ in read.marks):
            return []
        own = _site(read)
        made.append(part if own or not site else site + part)
        site = own or site
    return made


def _site(read: View) -> str:
    """Characters of a name before the first word that says how or what is done."""
    at = min((found for _, word in read.marks if (found := read.common.find(word)) >= 0), default=0)
    return read.common[:at]
