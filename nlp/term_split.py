"""Names that list several things: where one ends and the next begins, and whether they are several at all.

右甲状腺腺叶切除+左甲状腺部分切除 is one operation of the standard, 子宫下段剖宫产术+子宫肌瘤切除术 are two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from nlp.term_text import View, view

_JOINED: Final = re.compile(r"[+、,;；，＋]|(?<=术)(?:及|并|和|联合)(?=.{3,}术)")
_OUTER: Final = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_LISTED: Final = re.compile(r"(?<![0-9第])[1-9][、.．](?=[\u4e00-\u9fff]|\d型)")
"""The numbers of a list; without a sign behind it a number belongs to the name (1型糖尿病)."""
_DONE: Final = re.compile(r"术$|镜检$|检查$|[A-Za-z]{3,}")
"""What something that is done ends with or is called, where no word for an act stands."""
_LEAST: Final = 2
_CLEAR: Final = 0.16
_LIKELY: Final = 0.5
"""How much better the parts must fit than the whole, and what the ranker's own opinion counts beside how alike they
look: over four fifths of the pairs, in cross-validation, most names came out exactly right so."""
_MOST: Final = 12


class Fit(NamedTuple):
    """How well a name fits something of the standard (0 to 1): how alike they look, what the ranker thinks."""

    alike: float
    likely: float


def parts(text: str, subject: str) -> list[str]:
    """What a name may list; empty when it lists nothing. For operations each part says what is done, and a part
    without a site is at the site of the one before (左锁骨下动脉球囊扩张+支架置入术)."""
    plain = _OUTER.sub("", text) or text
    if _LISTED.match(plain):
        plain = _LISTED.sub("+", plain)
    found = [part.strip(" 。.") for part in _JOINED.split(plain)]
    found = [part for part in found if len(part) >= _LEAST]
    if not 1 < len(found) <= _MOST:
        return []
    return _operations(found) if subject == "procedure" else found


def several(whole: Fit, each: Sequence[Fit]) -> bool:
    """Whether a name means its parts, by how well the whole and each part fit something of the standard."""
    alike, likely = (sum(one) / len(each) for one in zip(*each, strict=True))
    return bool(alike - whole.alike + _LIKELY * (likely - whole.likely) >= _CLEAR)


def _operations(found: list[str]) -> list[str]:
    made: list[str] = []
    site = ""
    for part in found:
        read = view(part, "procedure")
        if not any(facet == "action" for facet, _ in read.marks) and not _DONE.search(part):
            return []
        own = _site(read)
        made.append(part if own or not site else site + part)
        site = own or site
    return made


def _site(read: View) -> str:
    """Characters of a name before the first word that says how or what is done."""
    at = min((found for _, word in read.marks if (found := read.common.find(word)) >= 0), default=0)
    return read.common[:at]
