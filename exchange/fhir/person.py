"""FHIR Patient resources and what they say of who somebody is, both ways.

Identifiers are told apart by their system, by the HL7 type code, or by the Chinese word that stands as type; one that
says nothing of itself and is a right identity card number is taken for one.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Sex
from clinical.person import (
    Card,
    CardKind,
    Demographics,
    Document,
    DocumentKind,
    IdCardError,
    id_card,
    partial_date,
)
from exchange.fhir.shapes import Coding, Concept, ReadError, shaped

Json = dict[str, Any]
ID_CARD_SYSTEM: Final = "urn:oid:2.16.156.10011.1.3"
HEALTH_CARD_SYSTEM: Final = "urn:oid:2.16.156.10011.1.19"
_EXTENSION: Final = "https://yigong.cn/fhir/StructureDefinition/person-"
_SYSTEMS: Final[dict[str, DocumentKind | CardKind]] = {
    ID_CARD_SYSTEM: DocumentKind.ID_CARD,
    "urn:oid:1.2.156.112604": DocumentKind.ID_CARD,
    HEALTH_CARD_SYSTEM: CardKind.HEALTH,
    "urn:oid:2.16.156.10011.1.2": CardKind.VISIT,
}
_TYPE_CODES: Final[dict[str, DocumentKind | CardKind]] = {
    "NI": DocumentKind.ID_CARD,
    "NNCHN": DocumentKind.ID_CARD,
    "PPN": DocumentKind.PASSPORT,
    "MI": DocumentKind.MILITARY,
    "DL": DocumentKind.DRIVING,
    "BCT": DocumentKind.BIRTH,
    "BR": DocumentKind.BIRTH,
    "PRC": DocumentKind.RESIDENCE,
    "HC": CardKind.HEALTH,
    "JHN": CardKind.HEALTH,
    "MB": CardKind.INSURANCE,
    "SN": CardKind.INSURANCE,
    "SS": CardKind.INSURANCE,
    "MR": CardKind.VISIT,
    "PI": CardKind.VISIT,
    "PT": CardKind.VISIT,
}
"""HL7 table 0203."""
_WORDS: Final[tuple[tuple[str, DocumentKind | CardKind], ...]] = (
    ("身份证", DocumentKind.ID_CARD),
    ("户口", DocumentKind.HOUSEHOLD),
    ("护照", DocumentKind.PASSPORT),
    ("军官", DocumentKind.MILITARY),
    ("士兵", DocumentKind.MILITARY),
    ("驾驶", DocumentKind.DRIVING),
    ("港澳", DocumentKind.HONGKONG_MACAO),
    ("台湾", DocumentKind.TAIWAN),
    ("台胞", DocumentKind.TAIWAN),
    ("出生", DocumentKind.BIRTH),
    ("居留", DocumentKind.RESIDENCE),
    ("居住证", DocumentKind.RESIDENCE),
    ("医保", CardKind.INSURANCE),
    ("社保", CardKind.INSURANCE),
    ("健康卡", CardKind.HEALTH),
    ("健康档案", CardKind.VISIT),
    ("就诊卡", CardKind.VISIT),
    ("病案", CardKind.VISIT),
    ("门诊号", CardKind.VISIT),
    ("住院号", CardKind.VISIT),
)
_TITLES: Final[dict[DocumentKind | CardKind, tuple[str, str]]] = {
    DocumentKind.ID_CARD: ("NI", "居民身份证"),
    DocumentKind.HOUSEHOLD: ("", "居民户口簿"),
    DocumentKind.PASSPORT: ("PPN", "护照"),
    DocumentKind.MILITARY: ("MI", "军官证"),
    DocumentKind.DRIVING: ("DL", "驾驶证"),
    DocumentKind.HONGKONG_MACAO: ("", "港澳居民来往内地通行证"),
    DocumentKind.TAIWAN: ("", "台湾居民来往大陆通行证"),
    DocumentKind.RESIDENCE: ("PRC", "居留证件"),
    DocumentKind.BIRTH: ("BCT", "出生医学证明"),
    DocumentKind.OTHER: ("", "其他证件"),
    CardKind.VISIT: ("MR", "就诊卡"),
    CardKind.INSURANCE: ("MB", "医保卡"),
    CardKind.HEALTH: ("HC", "居民健康卡"),
}
_EXTRAS: Final = (
    ("nationality", "国籍"),
    ("ethnicity", "民族"),
    ("occupation", "职业"),
    ("education", "文化程度"),
    ("employer", "工作单位"),
    ("blood_abo", "ABO血型"),
    ("blood_rh", "Rh血型"),
)
"""Attributes of the national data set that FHIR's Patient has no place for: field, name."""


class _Shape(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pass


class _Name(_Shape, frozen=True):
    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: tuple[str, ...] = ()


class _Identifier(_Shape, frozen=True):
    use: str | None = None
    type: Concept | None = None
    system: str | None = None
    value: str | None = None


class _Telecom(_Shape, frozen=True):
    system: str | None = None
    value: str | None = None


class _Address(_Shape, frozen=True):
    use: str | None = None
    text: str | None = None
    state: str | None = None
    city: str | None = None
    district: str | None = None
    line: tuple[str, ...] = ()


class _Contact(_Shape, frozen=True):
    name: _Name | None = None
    telecom: tuple[_Telecom, ...] = ()
    relationship: tuple[Concept, ...] = ()


class _Extension(_Shape, frozen=True):
    url: str = ""
    value_string: str | None = None
    value_code: str | None = None
    value_coding: Coding | None = None
    value_codeable_concept: Concept | None = None


class _Patient(_Shape, frozen=True):
    name: tuple[_Name, ...] = ()
    gender: str | None = None
    birth_date: str | None = None
    identifier: tuple[_Identifier, ...] = ()
    telecom: tuple[_Telecom, ...] = ()
    address: tuple[_Address, ...] = ()
    contact: tuple[_Contact, ...] = ()
    marital_status: Concept | None = None
    multiple_birth_integer: int | None = None
    multiple_birth_boolean: bool | None = None
    deceased_date_time: str | None = None
    deceased_boolean: bool | None = None
    extension: tuple[_Extension, ...] = ()


def demographics(patient: Json) -> Demographics:
    """What a Patient resource (parsed JSON) says of who somebody is. Raises ``ReadError`` that names the field."""
    given = shaped(patient, _Patient, "Patient")
    names = [
        text
        for name in sorted(given.name, key=lambda one: one.use not in (None, "official", "usual"))
        if (text := _text(name))
    ]
    documents, cards = _numbers(given.identifier)
    addresses = {address.use or "": _written(address) for address in reversed(given.address)}
    contact = given.contact[0] if given.contact else _Contact()
    extras = {field: _extra(given.extension, field) for field, _ in _EXTRAS}
    return Demographics(
        name=names[0] if names else "",
        other_names=tuple(names[1:]),
        sex=_sex(given.gender),
        birth=_birth(given.birth_date),
        documents=documents,
        cards=cards,
        phones=_phones(given.telecom),
        address=next((text for use, text in addresses.items() if use not in ("old", "billing") and text), ""),
        registered_address=addresses.get("billing", ""),
        marital_status=_said(given.marital_status),
        contact_name=_text(contact.name) if contact.name else "",
        contact_relation=_said(contact.relationship[0]) if contact.relationship else "",
        contact_phone=next(iter(_phones(contact.telecom)), ""),
        multiple_birth=given.multiple_birth_integer or int(given.multiple_birth_boolean or 0),
        deceased=given.deceased_date_time or ("true" if given.deceased_boolean else ""),
        **extras,
    )


def _text(name: _Name) -> str:
    """A name as it is written; from its parts family first, with blanks only where the script has them."""
    if name.text and name.text.strip():
        return name.text.strip()
    parts = [part for part in (name.family, *name.given) if part]
    return (" " if all(part.isascii() for part in parts) else "").join(parts).strip()


def _sex(gender: str | None) -> Known[Sex]:
    return Sex(gender) if gender in (Sex.MALE.value, Sex.FEMALE.value) else UNKNOWN


def _birth(text: str | None) -> str:
    if not text:
        return ""
    try:
        return partial_date(text)
    except ValueError as error:
        raise ReadError("Patient.birthDate", str(error)) from None


def _phones(telecom: tuple[_Telecom, ...]) -> tuple[str, ...]:
    kinds = (None, "phone", "sms")
    return tuple(one.value.strip() for one in telecom if one.value and one.value.strip() and one.system in kinds)


def _written(address: _Address) -> str:
    parts = (address.state, address.city, address.district, *address.line)
    return (address.text or "").strip() or "".join(part for part in parts if part).strip()


def _numbers(given: tuple[_Identifier, ...]) -> tuple[tuple[Document, ...], tuple[Card, ...]]:
    documents: list[Document] = []
    cards: list[Card] = []
    for one in given:
        value = (one.value or "").strip()
        if not value or one.use == "old":
            continue
        kind = _kind(one, value)
        if isinstance(kind, DocumentKind):
            documents.append(Document(kind, value))
        elif kind is not None:
            cards.append(Card(kind, value, (one.system or "") if kind is CardKind.VISIT else ""))
    return tuple(documents), tuple(cards)


def _kind(one: _Identifier, value: str) -> DocumentKind | CardKind | None:
    """What an identifier is; None for one that nothing is known of but that it is the sender's own."""
    if one.system in _SYSTEMS:
        return _SYSTEMS[one.system]
    codings = one.type.coding or () if one.type else ()
    said = " ".join(filter(None, (one.type.text if one.type else "", *(coding.display for coding in codings))))
    word = next((kind for word, kind in _WORDS if word in said), None)
    code = next((_TYPE_CODES[c.code] for c in codings if c.code in _TYPE_CODES), None)
    if word or code:
        return word or code
    try:
        id_card(value)
    except IdCardError:
        return CardKind.VISIT if one.system else None
    return DocumentKind.ID_CARD


def _said(concept: Concept | None) -> str:
    if concept is None:
        return ""
    codings = concept.coding or ()
    return concept.text or next((c.display or c.code or "" for c in codings), "")


def _extra(extensions: tuple[_Extension, ...], field: str) -> str:
    """An attribute of ours, by its own url or one that ends with its name (…/ethnicity)."""
    name = field.replace("_", "-")
    for one in extensions:
        if one.url == _EXTENSION + name or one.url.rsplit("/", 1)[-1].lower() in (name, f"patient-{name}"):
            coding = one.value_coding
            coded = (coding.display or coding.code) if coding else _said(one.value_codeable_concept)
            return one.value_string or coded or one.value_code or ""
    return ""


def patient(given: Demographics) -> Json:
    """A Patient resource (JSON, without id) that says the same; empty fields are left out."""
    names = [{"use": "official", "text": given.name}] if given.name else []
    names += [{"use": "old", "text": text} for text in given.other_names]
    addresses = [{"use": "home", "text": given.address}] if given.address else []
    addresses += [{"use": "billing", "text": given.registered_address}] if given.registered_address else []
    whole: Json = {
        "resourceType": "Patient",
        "name": names,
        "gender": "" if isinstance(given.sex, Unknown) else given.sex.value,
        "birthDate": given.birth,
        "identifier": [_document(d) for d in given.documents] + [_card(c) for c in given.cards],
        "telecom": [{"system": "phone", "value": phone} for phone in given.phones],
        "address": addresses,
        "maritalStatus": {"text": given.marital_status} if given.marital_status else {},
        "contact": _contact(given),
        "multipleBirthInteger": given.multiple_birth,
        "extension": _extensions(given),
    }
    if given.deceased:
        said = {"deceasedBoolean": True} if given.deceased == "true" else {"deceasedDateTime": given.deceased}
        whole |= said
    return {key: value for key, value in whole.items() if value}


def _document(document: Document) -> Json:
    system = ID_CARD_SYSTEM if document.kind is DocumentKind.ID_CARD else ""
    return _identifier(document.kind, document.number, system)


def _card(card: Card) -> Json:
    system = HEALTH_CARD_SYSTEM if card.kind is CardKind.HEALTH else card.issuer
    return _identifier(card.kind, card.number, system)


def _identifier(kind: DocumentKind | CardKind, number: str, system: str) -> Json:
    code, title = _TITLES[kind]
    coding = [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code}] if code else []
    type_ = {"text": title} | ({"coding": coding} if coding else {})
    return {"type": type_, "value": number} | ({"system": system} if system else {})


def _contact(given: Demographics) -> list[Json]:
    told: Json = {
        "name": {"text": given.contact_name} if given.contact_name else {},
        "relationship": [{"text": given.contact_relation}] if given.contact_relation else [],
        "telecom": [{"system": "phone", "value": given.contact_phone}] if given.contact_phone else [],
    }
    kept = {key: value for key, value in told.items() if value}
    return [kept] if kept else []


def _extensions(given: Demographics) -> list[Json]:
    said = ((field.replace("_", "-"), getattr(given, field)) for field, _ in _EXTRAS)
    return [{"url": _EXTENSION + name, "valueString": text} for name, text in said if text]
