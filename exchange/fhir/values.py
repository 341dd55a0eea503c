"""FHIR data types to clinical values: codes, times, quantities, references."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from clinical.coded import Coded, Origin, china_day, zoned
from clinical.codes import Code, code_for
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.quantity import Quantity, QuantityError, UnitMismatch
from clinical.value import Value
from exchange.fhir.shapes import ABSENT, Amount, Coding, Concept, ReadError, Ref, Resource, part

Json = dict[str, Any]
_NOTHING: Final = Coded()
_PARTIAL: Final = re.compile(r"[0-9]{4}(?:-[0-9]{2})?")


class Said(Value, frozen=True):
    """What a CodeableConcept kept as sent says: the thing it names and its bare code strings."""

    what: Coded = _NOTHING
    codes: tuple[str, ...] = ()


class Who(Value, frozen=True):
    """Whom a Reference names (or several): the text of a single one, and the first that is an organisation."""

    display: str = ""
    organisation: str | None = None


UNSAID: Final = Said()
"""What a concept says that is missing or null."""


def texts(concept: Concept | None) -> Iterator[str]:
    """All texts of a CodeableConcept: its own, then those of its codings."""
    if concept is not None:
        if concept.text is not None:
            yield concept.text
        yield from (coding.display for coding in concept.coding or () if coding.display is not None)


def code_values(concept: Concept | None) -> list[str]:
    """The bare code strings of a CodeableConcept."""
    if concept is None or concept.coding is None:
        return []
    return [coding.code for coding in concept.coding if coding.code is not None]


@lru_cache(maxsize=65536)
def _coded(concept: Concept) -> Coded:
    """Hospitals name the same drugs, tests and diagnoses all day: each is read once."""
    codes = (_code(coding) for coding in concept.coding or ())
    text = next((t for t in texts(concept) if t.strip()), "")
    return Coded(text, tuple(code for code in codes if code is not None))


def coded(concept: Concept | None) -> Coded:
    """A CodeableConcept with its codes kept as sent."""
    return _NOTHING if concept is None else _coded(concept)


@lru_cache(maxsize=16384)
def said(text: bytes, field: str) -> Said:
    """What a CodeableConcept kept as sent says, read once per text; ``UNSAID`` for none, and for a list of them.
    Raises ``ReadError``."""
    concept = part(text, field)
    if not isinstance(concept, Concept):
        return UNSAID
    return Said(_coded(concept), tuple(code_values(concept)))


@lru_cache(maxsize=16384)
def who(text: bytes, field: str) -> Who:
    """Whom references kept as sent name: few people and departments sign what a hospital sends. Raises
    ``ReadError``."""
    read = part(text, field)
    refs = () if read is None else read if isinstance(read, tuple) else (read,)
    organisation = next((ref.display for ref in refs if _is_organisation(ref)), None)
    return Who(display(read) if isinstance(read, Ref) else "", organisation)


def _code(coding: Coding) -> Code | None:
    if not coding.code:
        return None
    try:
        return code_for(coding.system or "", coding.code)
    except ValueError:
        return None  # a malformed code identifies nothing; the text still may


def moment(value: Any, path: str) -> datetime | None:
    """A dateTime, instant or date with a zone; partial dates stand for their first moment. Raises
    ``ReadError``."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ReadError(path, "须为文本形式的日期时间")
    return moment_of(value, path)


@lru_cache(maxsize=4096)
def moment_of(text: str, path: str) -> datetime:
    """The moment that is written; one request names the same many times. Raises ``ReadError``."""
    try:
        return zoned(datetime.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)))
    except ValueError:
        # What stands there is not repeated: it may be a name in the wrong field.
        raise ReadError(path, "不是日期时间，应如 2026-01-31 或 2026-01-31T08:00:00+08:00") from None


def day(value: str | None, path: str) -> Known[date]:
    """A full date; a partial one (2019, 2019-05) is not precise enough and stays UNKNOWN. Raises ``ReadError``."""
    if value is None or (len(value) in (4, 7) and _PARTIAL.fullmatch(value)):
        return UNKNOWN
    return china_day(moment_of(value, path))


def quantity(amount: Amount | None) -> Known[Quantity]:
    """A FHIR Quantity by its human unit, else its UCUM code; UNKNOWN without a usable number and unit."""
    if amount is None or amount.value is None:
        return UNKNOWN
    for unit in (amount.unit, amount.code):
        if unit:
            try:
                return Quantity(amount.value, unit)
            except QuantityError:
                continue
    return UNKNOWN


def days_of(duration: Known[Quantity]) -> Known[float]:
    """A length of time in days; UNKNOWN in a unit that is none (7 片)."""
    try:
        return UNKNOWN if isinstance(duration, Unknown) else duration.to("d").value
    except UnitMismatch:
        return UNKNOWN


def origin(resource: Resource, time: datetime | None) -> Origin:
    """Reference, time and institution of a resource."""
    kind, id_ = resource.resource_type, resource.id
    ref = f"{kind}/{id_}" if kind is not None and id_ is not None else ""
    return Origin(ref, time, institution(resource))


def reference(resource: Resource) -> str:
    """``MedicationRequest/103`` of a resource; empty without an id."""
    kind, id_ = resource.resource_type, resource.id
    return f"{kind}/{id_}" if kind is not None and id_ is not None else ""


def institution(resource: Resource) -> str:
    """Name of the institution a resource comes from: ``meta.source``'s display has no place in
    FHIR, so performers, requester, custodian or recorder that are organisations count."""
    named = None
    if resource.performer is not ABSENT:
        named = who(bytes(resource.performer), "performer").organisation
    if named is None and resource.requester is not ABSENT:
        named = who(bytes(resource.requester), "requester").organisation
    if named is not None:
        return named
    for ref in (resource.custodian, resource.recorder, resource.managing_organization, resource.service_provider):
        if ref is not None and _is_organisation(ref):
            return ref.display or ""
    return ""


def _is_organisation(ref: Ref) -> bool:
    if ref.display is None:
        return False
    return ref.type == "Organization" or (ref.reference is not None and ref.reference.startswith("Organization/"))


def display(ref: Ref | None) -> str:
    """The text of a Reference."""
    return "" if ref is None or ref.display is None else ref.display


__all__ = [
    "UNSAID",
    "Json",
    "ReadError",
    "Said",
    "Who",
    "code_values",
    "coded",
    "day",
    "days_of",
    "display",
    "institution",
    "moment",
    "moment_of",
    "origin",
    "quantity",
    "reference",
    "said",
    "texts",
    "who",
]
