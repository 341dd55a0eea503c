"""The patient that a question supposes: 青霉素过敏的孕妇, 3岁患儿, 痛风患者. Nothing more is known of them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any, Final

from clinical.age import MONTH, YEAR, birth_of
from clinical.coded import Coded, Origin, china_day
from clinical.logic import UNKNOWN, Known
from clinical.patient import Allergy, Condition, PatientContext, Pregnancy, pregnancy_in
from nlp.assertion import Assertion, Who
from nlp.facts import Fact, read
from nlp.lexicon import Lexicon

_AGE: Final = re.compile(r"(?<![\d.])(\d{1,3})\s*(?:周岁|岁)(?!\s*(?:以[上下内]|及|至|[-~～—–到]))")
_MONTHS: Final = re.compile(r"(?<![\d.])(\d{1,2})\s*个?月(?:龄|大|婴儿|患儿|宝宝|的(?:孩子|宝宝|患儿|婴儿))")
_NEWBORN: Final = re.compile(r"新生儿")
_PREGNANT: Final = re.compile(r"孕妇|妊娠(?!剧吐|糖尿病)|怀孕|孕[早中晚\d]|[早中晚]孕")
_LACTATING: Final = re.compile(r"哺乳期?|喂奶|母乳喂养")
_NOT: Final = re.compile(r"(?:非|未|没有?|否认)\s*$")
_OLDEST: Final = 122


def supposed(question: str, lexicon: Lexicon, now: datetime) -> PatientContext | None:
    """Whom a question speaks of; None when it says nothing of anybody."""
    facts = [fact for fact in read(question, lexicon) if _of_patient(fact)]
    allergies = tuple(Allergy(_coded(fact), origin=_origin(fact)) for fact in facts if fact.kind == "allergy")
    conditions = tuple(Condition(_coded(fact), origin=_origin(fact)) for fact in facts if fact.kind == "disease")
    told: dict[str, Any] = {
        "birth_date": _birth(question, china_day(now)),
        "pregnancy": _pregnancy(question),
        "lactating": True if _says(_LACTATING, question) else UNKNOWN,
        "conditions": conditions or UNKNOWN,
        "allergies": allergies or UNKNOWN,
    }
    known = {name: value for name, value in told.items() if value is not UNKNOWN}
    return PatientContext("", now, **known) if known else None


def _of_patient(fact: Fact) -> bool:
    return fact.who is Who.PATIENT and fact.assertion is Assertion.PRESENT and bool(fact.concept)


def _coded(fact: Fact) -> Coded:
    return Coded(fact.name, concepts=(fact.concept,))


def _origin(fact: Fact) -> Origin:
    """Where it is said: findings count that rest on something which is told of somewhere."""
    return Origin(f"question/{fact.start}")


def _birth(question: str, today: date) -> Known[date]:
    years, months = _AGE.search(question), _MONTHS.search(question)
    if years and int(years[1]) <= _OLDEST:
        return birth_of(int(years[1]) * YEAR, today)
    if months:
        return birth_of(int(months[1]) * MONTH, today)
    return today - timedelta(days=7) if _NEWBORN.search(question) else UNKNOWN


def _pregnancy(question: str) -> Known[Pregnancy | None]:
    stated = pregnancy_in(question)
    if stated is not None:
        return stated
    return Pregnancy() if _says(_PREGNANT, question) else UNKNOWN


def _says(pattern: re.Pattern[str], text: str) -> bool:
    return any(not _NOT.search(text, 0, match.start()) for match in pattern.finditer(text))
