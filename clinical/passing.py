"""Diagnoses that pass by themselves: a pneumonia of last spring is no reason for an antibiotic today."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from clinical.coded import zoned
from clinical.codes import Icd10
from clinical.logic import Unknown
from clinical.patient import Condition, pregnancy_in

_SOON: Final = timedelta(days=30)
_TERM: Final = timedelta(days=294)
_CHILDBEARING: Final = timedelta(days=280)
_TRIMESTER: Final = timedelta(days=90)
_ACUTE_CODES: Final = re.compile(
    r"A(?:0\d|[2-9]\d)|B(?:0[0-9]|2[5-9]|3[0-4]|5\d|8\d)|H(?:10|6[05-9])|J(?:0\d|1\d|2[0-2]|36)|K(?:35|36|37|52)|"
    r"L0[0-8]|L50|M54|N(?:10|30|39)|R\d\d|S\d\d|T\d\d|Z\d\d"
)
_ACUTE_WORDS: Final = re.compile(
    r"急性|感冒|呼吸道感染|肺炎|支气管炎|胃肠炎|肠炎|尿路感染|膀胱炎|扁桃体炎|咽炎|喉炎|中耳炎|结膜炎|荨麻疹|蜂窝织炎|"
    r"骨折|扭伤|挫伤|外伤|裂伤|发热|咳嗽|腹泻|腹痛|头痛|头晕|胸痛|腰痛|乏力|查体|体检|待查"
)
_LASTING_WORDS: Final = re.compile(r"慢性|间质性|放射性|急性(?:心肌梗死|冠脉综合征|白血病|淋巴细胞|髓)|病史|史$")
_PREGNANT: Final = re.compile(r"妊娠|怀孕|早孕|孕\d|孕期|宫内孕")


def is_over(condition: Condition, now: datetime) -> bool:
    """Whether a diagnosis that somebody recorded once may no longer be taken to hold: an acute one after a month, a
    pregnancy when it must have ended. One without a time may hold."""
    since = condition.origin.time
    if since is None:
        return False
    age = zoned(now) - zoned(since)
    if _PREGNANT.search(condition.what.text):
        return age > _remaining(condition.what.text)
    return age > _SOON and _is_acute(condition)


def _remaining(text: str) -> timedelta:
    """How long a pregnancy may still last that is described so."""
    said = pregnancy_in(text)
    if said is None:
        return _CHILDBEARING
    if not isinstance(said.gestational_days, Unknown):
        return _TERM - timedelta(days=said.gestational_days)
    trimester = said.trimester()
    return _CHILDBEARING if isinstance(trimester, Unknown) else _CHILDBEARING - (trimester - 1) * _TRIMESTER


def _is_acute(condition: Condition) -> bool:
    text = condition.what.text
    if _LASTING_WORDS.search(text):
        return False
    if _ACUTE_WORDS.search(text):
        return True
    return any(isinstance(code, Icd10) and _ACUTE_CODES.match(code.value) for code in condition.what.codes)


__all__ = ["is_over"]
