"""Data types of HL7 v2 as parts of FHIR resources: times, numbers, names, addresses, coded elements."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from exchange.building import ICD_9_CM_3, ICD_10, LOINC, coding, concept, named, slim
from exchange.hl7v2._grammar import Cell, Segment
from exchange.message import Json
from exchange.written import number, when

_SYSTEMS: Final = {
    "I10": ICD_10,
    "I10C": ICD_10,
    "I10P": ICD_10,
    "ICD10": ICD_10,
    "ICD-10": ICD_10,
    "I9CM": ICD_9_CM_3,
    "I9CP": ICD_9_CM_3,
    "ICD9CM3": ICD_9_CM_3,
    "ICD-9-CM-3": ICD_9_CM_3,
    "LN": LOINC,
    "LOINC": LOINC,
    "ATC": "http://www.whocc.no/atc",
    "SCT": "http://snomed.info/sct",
    "SNOMED": "http://snomed.info/sct",
    "YBYP": "http://code.nhsa.gov.cn/drug",
    "NHSA": "http://code.nhsa.gov.cn/drug",
}
"""HL7 table 0396 and what is written in its place; systems of another name keep it."""
_USES: Final = {"H": "home", "B": "work", "O": "work", "C": "temp", "M": "home", "P": "home"}


def time_of(segment: Segment, field: int, component: int = 1) -> str:
    """A field's time stamp. Raises ``MessageError`` that names the field."""
    try:
        return when(segment(field, component))
    except ValueError:
        raise segment.error(field, "不是时间，请写 20260131 或 20260131083000") from None


def day_of(segment: Segment, field: int) -> str:
    """A field's date, without the time that some senders add."""
    return time_of(segment, field).partition("T")[0]


def instant_of(segment: Segment, field: int) -> str:
    """A field's time stamp where FHIR wants an instant: empty when the field says less than the minute."""
    made = time_of(segment, field)
    return made if "T" in made else ""


def sent_at(segment: Segment) -> datetime | None:
    """MSH-7; None when it says no moment."""
    made = time_of(segment, 7)
    return datetime.fromisoformat(made) if "T" in made else None


def number_of(segment: Segment, field: int, component: int = 1) -> float | None:
    """A field's number; None when it is empty. Raises ``MessageError`` for what is none."""
    text = segment(field, component)
    if not text.strip():
        return None
    read = number(text)
    if read is None or read[1]:
        raise segment.error(field, "须为数字，单位另有字段")
    return read[0]


def system_of(name: str) -> str:
    """The FHIR URI of a code system's name in HL7; the name itself for one that we do not know."""
    return _SYSTEMS.get(name.upper(), name)


def concept_of(cell: Cell) -> Json:
    """A coded element (CE, CWE): code, text, system, and the same in another system; empty when it says nothing."""
    code, text, other, other_text = cell(1), cell(2), cell(4), cell(5)
    codes = (coding(system_of(cell(3)), code, text), coding(system_of(cell(6)), other, other_text))
    return concept(cell(9) or text or other_text or code, codes)


def coded_field(segment: Segment, field: int) -> Json:
    """The first repetition of a coded field; empty when it is not there."""
    cells = segment.cells(field)
    return concept_of(cells[0]) if cells else {}


def known_field(segment: Segment, field: int, seen: Known) -> Json:
    """As ``coded_field``, for codes of tests and drugs that come all day: taken apart once. Not for what may name a
    person."""
    raw = segment.raw(field)
    found = seen.get(raw)
    if found is None:
        found = seen[raw] = coded_field(segment, field)
    return {**found}


Known = dict[str, Json]


def text_of(segment: Segment, field: int) -> str:
    """What a coded field is called: its text, else its code."""
    return segment(field, 2) or segment(field, 1)


def lines_of(segment: Segment, field: int) -> str:
    """A text field whose repetitions are its lines."""
    return "\n".join(cell() for cell in segment.cells(field))


def name_of(cell: Cell) -> Json:
    """A person's name (XPN): Chinese names stand whole in the first component as often as in two."""
    family, given = cell(1), cell(2)
    whole = f"{family}{given}" if not (family + given).isascii() else " ".join(p for p in (given, family) if p)
    return slim(text=whole, family=family if given else "", given=[given] if given else None)


def address_of(cell: Cell) -> Json:
    """An address (XAD); the whole of it as one text, from the province down."""
    street, other, city, state, postcode, district = cell(1), cell(2), cell(3), cell(4), cell(5), cell(9)
    parts = (state, city, district, street, other)
    whole = street if street.startswith(state or city or "\0") else "".join(parts)
    return slim(
        use=_USES.get(cell(7)), text=whole, line=[street] if street else None,
        city=city, district=district, state=state, postalCode=postcode,
    )  # fmt: skip


def phone_of(cell: Cell) -> Json:
    """A telephone (XTN): the number as written, or in its parts; or an e-mail address."""
    if cell(4) and "@" in cell(4):
        return slim(system="email", value=cell(4))
    value = cell(1) or cell(12) or "".join(part for part in (cell(5), cell(6), cell(7)) if part)
    mobile = cell(3) in ("CP", "MOBILE") or (len(value) == 11 and value.startswith("1"))
    return slim(system="phone", value=value, use="mobile" if mobile else None) if value else {}


def person_of(cell: Cell) -> Json:
    """A reference to a practitioner (XCN): number and name."""
    family, given = cell(2), cell(3)
    name = f"{family}{given}" if not (family + given).isascii() else " ".join(p for p in (given, family) if p)
    return named("Practitioner", cell(1), name or ("" if cell(1).isascii() else cell(1)))


def people_of(segment: Segment, field: int) -> list[Json]:
    return [person for cell in segment.cells(field) if (person := person_of(cell))]


def organisation_of(segment: Segment, field: int) -> Json:
    """A reference to an organisation by what a field names it: HD (``name^oid``) or XON (``name^^id``)."""
    name = segment(field, 1)
    return named("Organization", segment(field, 2) or segment(field, 3) or name, name)
