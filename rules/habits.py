"""Whether the patient drinks or smokes, as diagnoses and the recorded history say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.coded import Coded, Origin
from clinical.finding import Datum
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import ClinicalStatus
from clinical.quantity import Quantity
from clinical.value import Value
from rules.model import Case

_Words = tuple[str, re.Pattern[str]]
_DRINKING: Final = ("disease:alcohol-dependence", "disease:alcoholic-liver-disease", "disease:alcohol-intoxication")
_WITHDRAWAL: Final = "disease:alcohol-withdrawal"
_SMOKING: Final = ("disease:nicotine-dependence",)
_ALCOHOL_WORDS: Final = ("酒", re.compile(r"饮酒|喝酒|酗酒|嗜酒|酒精(?:使用|滥用|依赖)"))
_TOBACCO_WORDS: Final = ("烟", re.compile(r"吸烟|抽烟|烟龄|烟草"))
"""Words about a habit, with a character that all of them hold."""
_NEVER: Final = re.compile(r"^(?:无|否|不|从|未|没|戒|阴性|0(?!\.))|否认|已戒|戒[酒烟]?\s*\d")
_STILL: Final = re.compile(r"未戒|没戒")
_LIGHT: Final = re.compile(r"偶|少量|社交|应酬|节日|逢年")


class Habit(Value, frozen=True):
    """Whether the patient has it; ``light`` when only now and then."""

    present: bool
    light: bool = False
    datum: Datum = Datum("")


def drinks(case: Case) -> Known[Habit]:
    """Alcohol; one treated for withdrawal does not drink now."""
    return case.once("drinks", lambda: _drinks(case))


def _drinks(case: Case) -> Known[Habit]:
    conditions = case.patient.conditions
    known = () if isinstance(conditions, Unknown) else conditions
    if _WITHDRAWAL in case.conditions or any("戒断" in c.what.text for c in known):
        return Habit(False)
    return _habit(case, _DRINKING, _ALCOHOL_WORDS, "饮酒")


def smokes(case: Case) -> Known[Habit]:
    """Tobacco."""
    return case.once("smokes", lambda: _habit(case, _SMOKING, _TOBACCO_WORDS, "吸烟"))


def _habit(case: Case, diseases: tuple[str, ...], words: _Words, what: str) -> Known[Habit]:
    """A diagnosis first, then what the history says of it; UNKNOWN when neither tells."""
    for disease in diseases:
        held = case.conditions.get(disease)
        if held is not None:
            return Habit(True, datum=Datum.at("诊断", held.what.text, held.origin))
    for text, said, origin in _history(case, words):
        if said:
            light = bool(_LIGHT.search(said))
            present = light or bool(_STILL.search(said)) or not _NEVER.search(said)
            return Habit(present, light, Datum.at(f"{what}史", text, origin))
    return UNKNOWN


def _history(case: Case, about: _Words) -> Iterator[tuple[str, str, Origin]]:
    """(as written, what it says, origin) of entries about the habit: 饮酒史 = 每日半斤, 吸烟史20年."""
    mark, words = about
    observations, conditions = case.patient.observations, case.patient.conditions
    for o in () if isinstance(observations, Unknown) else observations:
        if mark in o.what.text and words.search(o.what.text):
            value = o.value
            said = value if isinstance(value, str) else _amount(value, o.what, words)
            yield f"{o.what.text} {said}".strip(), said, o.origin
    for c in () if isinstance(conditions, Unknown) else conditions:
        if mark in c.what.text and c.status is ClinicalStatus.ACTIVE and words.search(c.what.text):
            yield c.what.text, c.what.text, c.origin


def _amount(value: Known[Quantity], what: Coded, words: re.Pattern[str]) -> str:
    """A number says how much; without a value only what stands beside the name of the habit does."""
    if isinstance(value, Unknown):
        return words.sub("", what.text).replace("史", "")
    return f"{value.value:g} {value.unit}"
