"""A description of a person as it is compared: normal forms, what is no number, and by what it is found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Sex
from clinical.person import CardKind, Demographics, DocumentKind, plain_number
from clinical.value import Value
from records.births import UNSAID, Birth, allows, birth_of, part_of
from records.names import NO_NAME, Name, name_of

_REGION: Final = re.compile(r"^.*?(?:省|自治区|特别行政区)|^.*?(?:市|盟|自治州)(?=.*[县旗区市])")
_ABROAD: Final = re.compile(r"^(?:0086|86)(?=1[3-9]\d{9}$)")
_NO_PHONES: Final = frozenset(("13800138000", "13812345678", "13912345678", "12345678901", "13612345678"))
MOST_BLOCKS: Final = 16


class Profile(Value, frozen=True):
    """A description as it is compared. ``birth`` is (year, month, day), 0 where unknown; ``card`` an identity card
    number that is right, ``wrong_card`` one that is not; ``suspect`` when sex or birth contradict the own card.
    ``mother`` is whom a newborn is called after, else whoever is to be told; ``several`` says: twins."""

    names: tuple[Name, ...] = ()
    sex: Known[Sex] = UNKNOWN
    birth: Birth = UNSAID
    card: str = ""
    wrong_card: str = ""
    suspect: bool = False
    documents: frozenset[tuple[str, str]] = frozenset()
    cards: frozenset[tuple[str, str, str]] = frozenset()
    phones: frozenset[str] = frozenset()
    address: str = ""
    mother: Name = NO_NAME
    several: bool = False

    @property
    def name(self) -> Name:
        return self.names[0] if self.names else NO_NAME


def profile(given: Demographics, tenant: str) -> Profile:
    """A description of an institution as it is compared. Cards without issuer are the institution's own."""
    own = given.id_card()
    said = birth_of(given.birth)
    sex, birth, suspect = given.sex, said, False
    if own is not None:
        of_card = (own.birth.year, own.birth.month, own.birth.day)
        suspect = not allows(said, of_card) or (isinstance(given.sex, Sex) and given.sex is not own.sex)
        birth = of_card if part_of(said, of_card) else said
        sex = own.sex if isinstance(given.sex, Unknown) else given.sex
    names = tuple(name_of(text) for text in (given.name, *given.other_names) if text)
    first = names[0] if names else NO_NAME
    return Profile(
        names=names,
        sex=sex,
        birth=birth,
        card=own.number if own is not None else "",
        wrong_card="" if own is not None else _wrong_card(given),
        suspect=suspect,
        documents=frozenset(_documents(given)),
        cards=frozenset(_cards(given, tenant)),
        phones=frozenset(_phones(given)),
        address=_address(given.address or given.registered_address),
        mother=name_of(first.mother or given.contact_name),
        several=given.multiple_birth > 0 or first.one_of_several,
    )


def _wrong_card(given: Demographics) -> str:
    found = (plain_number(d.number) for d in given.documents if d.kind is DocumentKind.ID_CARD)
    return next((number for number in found if len(number) >= 15 and len(set(number)) > 3), "")


def _documents(given: Demographics) -> Iterator[tuple[str, str]]:
    for document in given.documents:
        number = plain_number(document.number)
        if document.kind not in (DocumentKind.ID_CARD, DocumentKind.HOUSEHOLD) and _is_number(number):
            yield document.kind.value, number


def _cards(given: Demographics, tenant: str) -> Iterator[tuple[str, str, str]]:
    for card in given.cards:
        number = plain_number(card.number)
        if _is_number(number):
            yield card.kind.value, (card.issuer or tenant) if card.kind is CardKind.VISIT else "", number


def _is_number(number: str) -> bool:
    """Whether a number tells anybody apart: not 0000, not 无."""
    return len(number) >= 4 and len(set(number)) > 1 and any(c.isdigit() for c in number)


def _phones(given: Demographics) -> Iterator[str]:
    for text in (*given.phones, given.contact_phone):
        plain = plain_number(text)
        if not plain.isdecimal():
            plain = "".join(character for character in plain if character.isdecimal())
        digits = _ABROAD.sub("", plain)
        if len(digits) >= 7 and len(set(digits[-8:])) > 2 and digits not in _NO_PHONES:
            yield digits


def _address(text: str) -> str:
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    return _REGION.sub("", _REGION.sub("", plain))


class Block(Value, frozen=True):
    """A value by which candidates are found. ``alone`` when no two persons share it by chance, so that newcomers who
    have it in common must be taken in one after the other."""

    purpose: str
    value: str
    alone: bool = False


def blocks(given: Profile) -> list[Block]:
    """By what a description is found again, at most ``MOST_BLOCKS``: the most telling first."""
    found = [Block("id-card", given.card, True)] if given.card else []
    found += [Block(f"document/{kind}", number, True) for kind, number in sorted(given.documents)][:2]
    found += [Block(f"card/{kind}", f"{issuer}/{number}", True) for kind, issuer, number in sorted(given.cards)][:4]
    found += [Block("phone", phone, True) for phone in sorted(given.phones)[:3]]
    for name in given.names[:1]:
        found += _name_blocks(name, given.birth)
    return found[:MOST_BLOCKS]


def _name_blocks(name: Name, birth: Birth) -> Iterator[Block]:
    """A slip in the name leaves its first or last syllable with the birthday, one in the birthday leaves the name
    with the year or with month and day. A rare name is found by itself."""
    year, month, day = birth
    if name.newborn and day:
        yield Block("newborn", f"{name.mother} {year}-{month}-{day}", True)
    if not name.units:
        return
    whole = " ".join(sorted(name.folded))
    if year:
        yield Block("name-year", f"{whole} {year}", True)
    if day:
        yield Block("name-day", f"{whole} {month}-{day}")
        for end in sorted({name.folded[0], name.folded[-1]}):
            yield Block("birth-syllable", f"{end} {year}-{month}-{day}")
    yield Block("name", name.text)
