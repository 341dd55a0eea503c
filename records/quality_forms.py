"""Forms that values of records must have, by name: numbers with check digits, codes, dates, texts that say something.

A rule asks for a form by its name and for nothing else: there are no patterns of one's own, whose cost nobody bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Any, Final, TypeGuard

from clinical.coded import CHINA, zoned
from clinical.codes import Atc, Code, DrugInsurance, Icd9Cm3, Icd10, Loinc, Oid
from clinical.patient import Sex
from clinical.person import IdCard, IdCardError, id_card
from clinical.units import is_known

Form = Callable[[str], bool]
Moment = tuple[datetime, datetime]
"""First and last instant that a date of any precision may mean."""

_MOBILE: Final = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
_LANDLINE: Final = re.compile(r"(?:0\d{2,3})?[2-9]\d{6,7}(?:\d{1,6})?|400\d{7}|1\d{4}")
_POSTCODE: Final = re.compile(r"\d{6}")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}:\S{1,400}")
_FHIR_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})")
_PERSON: Final = re.compile(r"[\u3400-\u9fff\u1800-\u18af\uf900-\ufaffA-Za-z·•.'’ -]{2,60}|[\u3400-\u9fff]")
_GARBLED: Final = re.compile(r"\ufffd|\?{3,}|锟斤拷|烫烫烫|屯屯屯|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NOBODY: Final = re.compile(
    r"无名氏?.{0,4}|未知|不详|测试.*|.*测试|test.*|患者|病人|姓名|某某.*|.某某?|xx+|aa+|匿名", re.IGNORECASE
)
_NOTHING: Final = frozenset(
    {
        *("无", "不详", "未知", "未填", "空", "测试", "其他", "待补", "待填写", "同上", "同前", "略", "见病历"),
        *("null", "none"),
    }
    | {"n/a", "na", "nan", "test", "undefined", "1", "0", "00", "-", "--", "/", ".", "。", "*", "?", "？"}
)
_CREDIT: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS: Final = tuple(3**place % 31 for place in range(17))
_SEXES: Final = {Sex.MALE: "male", Sex.FEMALE: "female"}
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


@lru_cache(maxsize=8192)
def _card(text: str) -> IdCard | None:
    try:
        found = id_card(text)
    except IdCardError:
        return None
    return found if found.number == text else None


def is_id_card(text: str) -> bool:
    """Whether a text is a citizen's number of 18 characters (GB 11643), written as it must be."""
    return _card(text) is not None


def card_birth(text: str) -> str | None:
    """Date of birth that a citizen's number tells (``1980-02-28``); None when it is none."""
    found = _card(text)
    return None if found is None else found.birth.isoformat()


def card_sex(text: str) -> str | None:
    """Sex that a citizen's number tells, as FHIR calls it; None when it is none."""
    found = _card(text)
    return None if found is None else _SEXES.get(found.sex)


def is_phone(text: str) -> bool:
    """A mobile or landline number of China, with or without blanks, dashes and country code."""
    plain = re.sub(r"[\s()（）-]", "", text)
    return bool(_MOBILE.fullmatch(plain) or _LANDLINE.fullmatch(plain.removeprefix("+86")))


def is_credit_code(text: str) -> bool:
    """统一社会信用代码 (GB 32100) of 18 characters with its check character."""
    if len(text) != 18 or any(sign not in _CREDIT for sign in text):
        return False
    total = sum(_CREDIT.index(sign) * weight for sign, weight in zip(text, _CREDIT_WEIGHTS, strict=False))
    return text[17] == _CREDIT[(31 - total % 31) % 31]


def is_institution_code(text: str) -> bool:
    """A code of an institution: 统一社会信用代码, or the 22 characters of WS 218."""
    return is_credit_code(text) or bool(re.fullmatch(r"[0-9A-Z]{8}-?[0-9X][0-9A-Z]{13}", text))


def is_person_name(text: str) -> bool:
    """What can be somebody's name: not 无名氏, 测试, 患者 or signs and digits."""
    plain = text.strip()
    return bool(_PERSON.fullmatch(plain)) and not _NOBODY.fullmatch(plain)


def says_something(text: str) -> bool:
    """A text that is no mere place holder: not 无, 不详, null, -, 测试."""
    plain = text.strip()
    return bool(plain) and plain.casefold() not in _NOTHING and not _NOBODY.fullmatch(plain)


def is_legible(text: str) -> bool:
    """A text that was not broken by a wrong character set: no replacement signs, no 锟斤拷, no ???."""
    return not _GARBLED.search(text)


def _coded(kind: type[Code]) -> Form:
    @lru_cache(maxsize=4096)
    def fits(text: str) -> bool:
        try:
            kind(text)
        except ValueError:
            return False
        return True

    return fits


def _matching(pattern: re.Pattern[str]) -> Form:
    return lambda text: bool(pattern.fullmatch(text))


@lru_cache(maxsize=65536)
def moment_of(text: str) -> Moment | None:
    """First and last instant of a FHIR date or dateTime of any precision; without a zone it is China's. None when
    it is none."""
    if "T" in text:
        try:
            found = zoned(datetime.fromisoformat(text))
        except ValueError:
            return None
        return found, found
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else 0 for part in match.groups())
    try:
        return _span(year, month, day, CHINA)
    except ValueError:
        return None


def _span(year: int, month: int, day: int, zone: timezone) -> Moment:
    first = datetime.combine(date(year, month or 1, day or 1), time(), zone)
    if day:
        return first, first + _DAY - _SECOND
    after = date(year + (month in (0, 12)), 1 if month in (0, 12) else month + 1, 1)
    return first, datetime.combine(after, time(), zone) - _SECOND


def ends(value: Any) -> Moment | None:
    """First and last instant of a value that may be a date; None when it is none."""
    if isinstance(value, datetime):
        return value, value
    if isinstance(value, tuple):
        return value
    return moment_of(value) if isinstance(value, str) else None


def is_number(value: Any) -> TypeGuard[float]:
    """A number of JSON, which true is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def listed(value: Any) -> list[Any]:
    """A member of JSON as a list: one that is missing is empty, a single one the only one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_date_time(text: str) -> bool:
    return bool("T" not in text or _TIME.fullmatch(text)) and moment_of(text) is not None


FORMS: Final[Mapping[str, tuple[str, Form]]] = {
    "id-card": ("18位居民身份证号 (GB 11643，含校验位)", is_id_card),
    "phone": ("手机号或固定电话", is_phone),
    "postcode": ("6位邮政编码", _matching(_POSTCODE)),
    "email": ("电子邮箱", _matching(_EMAIL)),
    "uri": ("URI", _matching(_URI)),
    "fhir-id": ("FHIR资源编号", _matching(_FHIR_ID)),
    "credit-code": ("统一社会信用代码 (GB 32100，含校验位)", is_credit_code),
    "institution-code": ("医疗机构代码 (统一社会信用代码或 WS 218)", is_institution_code),
    "date": ("日期 (2026-11-24)", lambda text: "T" not in text and moment_of(text) is not None),
    "date-time": ("日期或带时区的时间", _is_date_time),
    "time": ("带时区、精确到秒的时间", lambda text: bool(_TIME.fullmatch(text)) and moment_of(text) is not None),
    "icd-10": (f"ICD-10编码 ({Icd10.form})", _coded(Icd10)),
    "icd-9-cm-3": (f"手术操作编码 ({Icd9Cm3.form})", _coded(Icd9Cm3)),
    "loinc": (f"LOINC编码 ({Loinc.form})", _coded(Loinc)),
    "atc": (f"ATC编码 ({Atc.form})", _coded(Atc)),
    "drug-insurance": (f"医保药品编码 ({DrugInsurance.form})", _coded(DrugInsurance)),
    "oid": (f"OID ({Oid.form})", _coded(Oid)),
    "unit": ("可识别的计量单位", is_known),
    "person-name": ("真实姓名 (不是无名氏、测试等)", is_person_name),
    "real-text": ("有内容的文字 (不是无、不详、测试等)", says_something),
    "legible": ("无乱码的文字", is_legible),
}
"""Name of a form → what it is in Chinese, and whether a text has it."""
