"""Who somebody is, as an institution wrote it down: names, documents, cards, ways to reach them.

Nothing here decides whether two descriptions mean one person; it says what is written, checks what can be checked
by itself (the number of an identity card) and keeps apart what is missing and what is not.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from enum import StrEnum
from typing import Final

from clinical.logic import UNKNOWN, Known
from clinical.patient import Sex
from clinical.value import Value

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_PROVINCES: Final = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)
_NEW, _OLD = re.compile(r"[1-9][0-9]{16}[0-9X]"), re.compile(r"[1-9][0-9]{14}")
_EARLIEST: Final = 1850
_CENTENARIANS: Final = ("996", "997", "998", "999")
_BIRTH: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


class IdCardError(ValueError):
    """A text that is no number of an identity card; the message (Chinese) says why and never repeats it."""


class IdCard(Value, frozen=True):
    """A number of a Chinese identity card whose parts and check digit are right: ``number`` has 18 characters, also
    where an old card had 15; ``region`` is the code of the county of first registration."""

    number: str
    region: str
    birth: date
    sex: Sex


def check_digit(body: str) -> str:
    """The 18th character that belongs to 17 digits (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def id_card(text: str) -> IdCard:
    """Read the number of an identity card: 18 characters with check digit, or 15 of a card from before 1999. Width,
    blanks and a small x do not matter. Cards of foreigners with permanent residence since 2023 (9…) and residence
    permits of people from Hong Kong, Macao and Taiwan follow the same form. Raises ``IdCardError``."""
    number = plain_number(text)
    if _OLD.fullmatch(number):
        century = "18" if number[12:] in _CENTENARIANS else "19"
        body = number[:6] + century + number[6:]
        number = body + check_digit(body)
    if not _NEW.fullmatch(number):
        raise IdCardError("身份证号应为 18 位 (前 17 位数字，末位数字或 X) 或旧版 15 位数字")
    if check_digit(number[:17]) != number[17]:
        raise IdCardError("身份证号校验位不符，请核对是否录错")
    province = number[1:3] if number[0] == "9" else number[:2]
    if province not in _PROVINCES:
        raise IdCardError("身份证号前两位不是省级行政区划代码")
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return IdCard(number, number[:6], _born(number[6:14]), sex)


def _born(digits: str) -> date:
    try:
        born = date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError:
        raise IdCardError("身份证号第 7 至 14 位不是有效日期") from None
    if born.year < _EARLIEST:
        raise IdCardError("身份证号中的出生年份过早")
    return born


def plain_number(text: str) -> str:
    """A number as it is compared: half width, capital letters, without blanks, hyphens and dots."""
    if text.isascii() and text.isalnum():
        return text.upper()
    return "".join(character for character in unicodedata.normalize("NFKC", text).upper() if character.isalnum())


class DocumentKind(StrEnum):
    """Kinds of identity documents (CV02.01.101, with the birth certificate and the residence documents)."""

    ID_CARD = "id-card"
    HOUSEHOLD = "household-register"
    PASSPORT = "passport"
    MILITARY = "military"
    DRIVING = "driving-licence"
    HONGKONG_MACAO = "hongkong-macao-permit"
    TAIWAN = "taiwan-permit"
    RESIDENCE = "residence-permit"
    BIRTH = "birth-certificate"
    OTHER = "other"


class CardKind(StrEnum):
    """Cards that institutions and authorities hand out: ``VISIT`` (就诊卡, 病案号) counts only where it was issued,
    ``INSURANCE`` (医保卡, 医保电子凭证) and ``HEALTH`` (居民健康卡, 电子健康卡) everywhere."""

    VISIT = "visit"
    INSURANCE = "insurance"
    HEALTH = "health"


class Document(Value, frozen=True):
    kind: DocumentKind
    number: str


class Card(Value, frozen=True):
    """``issuer`` is whose numbers these are; empty: of the institution that reports them."""

    kind: CardKind
    number: str
    issuer: str = ""


class Demographics(Value, frozen=True):
    """What an institution has written down of a person. Empty means that nobody said. ``birth`` is a date as far as
    it is known: ``1980``, ``1980-05`` or ``1980-05-12``; ``multiple_birth`` the order among twins, 0 unknown."""

    name: str = ""
    other_names: tuple[str, ...] = ()
    sex: Known[Sex] = UNKNOWN
    birth: str = ""
    documents: tuple[Document, ...] = ()
    cards: tuple[Card, ...] = ()
    phones: tuple[str, ...] = ()
    address: str = ""
    registered_address: str = ""
    ethnicity: str = ""
    nationality: str = ""
    marital_status: str = ""
    occupation: str = ""
    education: str = ""
    employer: str = ""
    blood_abo: str = ""
    blood_rh: str = ""
    contact_name: str = ""
    contact_relation: str = ""
    contact_phone: str = ""
    multiple_birth: int = 0
    deceased: str = ""

    def id_card(self) -> IdCard | None:
        """The identity card whose number is right, with the household register's number for want of one; None when
        there is none."""
        for kind in (DocumentKind.ID_CARD, DocumentKind.HOUSEHOLD):
            for document in self.documents:
                if document.kind is kind:
                    try:
                        return id_card(document.number)
                    except IdCardError:
                        continue
        return None

    def birth_date(self) -> Known[date]:
        """The full date of birth; UNKNOWN when only a part of it is known."""
        return date.fromisoformat(self.birth) if len(self.birth) == 10 else UNKNOWN


def partial_date(text: str) -> str:
    """A date as far as it is known, checked: ``1980``, ``1980-05``, ``1980-05-12``. Raises ``ValueError``."""
    found = _BIRTH.fullmatch(text)
    if found is None:
        raise ValueError("write 1980, 1980-05 or 1980-05-12")
    year, month, day = found.groups()
    date(int(year), int(month or 1), int(day or 1))
    return text


def filled(newer: Demographics, older: Demographics) -> Demographics:
    """The newer description, with what only the older one said: what a message leaves out is not taken back. Of
    documents and cards that is each kind that the newer one does not name."""
    empty = Demographics()
    names = Demographics.__struct_fields__
    kept = {n: getattr(newer, n) if getattr(newer, n) != getattr(empty, n) else getattr(older, n) for n in names}
    kinds, issued = {d.kind for d in newer.documents}, {(c.kind, c.issuer) for c in newer.cards}
    kept["documents"] = (*newer.documents, *(d for d in older.documents if d.kind not in kinds))
    kept["cards"] = (*newer.cards, *(c for c in older.cards if (c.kind, c.issuer) not in issued))
    return Demographics(**kept)
