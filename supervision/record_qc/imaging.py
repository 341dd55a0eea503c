"""Examinations by name: with what, of which part; and whether notes speak of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from clinical.medical_record import Document
from supervision.record_qc.subject import Subject, sentence

_WAYS: Final = {
    "CT": re.compile(r"CT|断层", re.IGNORECASE),
    "磁共振": re.compile(r"MR|磁共振|核磁", re.IGNORECASE),
    "超声": re.compile(r"超声|B超|彩超|多普勒|UCG|心超"),
    "X线": re.compile(r"X线|X光|DR\b|平片|胸片|摄片|位片|[片](?=示|提示|未见)"),
    "心电图": re.compile(r"心电|ECG|EKG", re.IGNORECASE),
    "内镜": re.compile(r"[胃肠喉支气管膀胱宫腔阴道]镜|内镜"),
}
_TOMOGRAPHY: Final = frozenset({"CT", "磁共振"})
_PARTS: Final = {
    "头": re.compile(r"头|颅|脑|垂体"),
    "胸": re.compile(r"胸|肺|纵隔"),
    "泌尿": re.compile(r"泌尿|双肾|输尿管|膀胱|前列腺"),
    "心": re.compile(r"心脏|心彩|心超|射血|LVEF|室壁|瓣"),
    "下肢": re.compile(r"下肢|腘|股静脉|股动脉"),
    "乳": re.compile(r"乳"),
    "腹": re.compile(r"腹|肝|胆|胰|脾|肾|肠|胃|阑尾"),
    "盆": re.compile(r"盆|子宫|附件|前列腺|膀胱|直肠"),
    "颈": re.compile(r"颈|甲状腺"),
    "腰": re.compile(r"腰|椎"),
}


_PLANNED: Final = re.compile(r"(?:拟|待|查|完善|预约|完成|安排|建议|进一步|[急加]做|明日|申请)[^，,。；;：:\n]{0,8}$")
_SHOWN: Final = re.compile(r"[^，,。；;\n]{0,10}?(?:示|提示|见|回报|结果|正常|异常|[:：])")
_NEAR: Final = 14
_AROUND: Final = 60
"""So many characters from its name an examination's part may be named."""


class Asked(NamedTuple):
    """An examination: with what, and which part of the body (empty: not told)."""

    way: str
    part: str


def asked(name: str) -> Asked | None:
    """The examination that a name means; None for what is none of these."""
    way = next((way for way, pattern in _WAYS.items() if pattern.search(name)), None)
    return (
        None
        if way is None
        else Asked(way, next((part for part, pattern in _PARTS.items() if pattern.search(name)), ""))
    )


def is_tomography(one: Asked | None) -> bool:
    """Whether it is CT or magnetic resonance, which the national indicators count."""
    return one is not None and one.way in _TOMOGRAPHY


def told_of(subject: Subject, documents: Iterable[Document], one: Asked) -> bool:
    """Whether some document speaks of such an examination of that part."""
    way, part = _WAYS[one.way], _PARTS.get(one.part)
    for passage in subject.texts(documents):
        for match in way.finditer(passage.text):
            around = passage.text[max(0, match.start() - _AROUND) : match.end() + _AROUND]
            if _is_told(passage.text, match) and (part is None or part.search(around)):
                return True
    return False


def sentences_on(subject: Subject, documents: Iterable[Document], one: Asked) -> Iterator[str]:
    """The sentences of documents that speak of such an examination, of whatever part."""
    for passage in subject.texts(documents):
        for match in _WAYS[one.way].finditer(passage.text):
            yield sentence(passage.text, match.start(), match.end())


def _is_told(text: str, name: re.Match[str]) -> bool:
    """Whether an examination is told as done: not only planned, with nothing said of what it showed."""
    shown = _SHOWN.match(text, name.end()) is not None
    return shown or not _PLANNED.search(text[max(0, name.start() - _NEAR) : name.start()])
