"""FHIR data types to clinical values: codes, times, quantities, references. Plain dict walking:
on the hot path a typed resource model costs eighty times as much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from clinical.coded import Coded, Origin, zoned
from clinical.codes import code_for
from clinical.logic import UNKNOWN, Known
from clinical.quantity import Quantity, QuantityError

Json = dict[str, Any]


class ReadError(Exception):
    """A resource does not have the shape FHIR gives it. ``path`` names the field (FHIRPath)."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path, self.message = path, message

    def within(self, path: str) -> ReadError:
        """The same error seen from further out. Readers name fields within what they read, and only a
        failure pays for the whole path."""
        return ReadError(f"{path}.{self.path}" if self.path else path, self.message)


def mapping(value: Any, path: str) -> Json:
    """The value as an object. Raises ``ReadError`` when it is something else."""
    if not isinstance(value, dict):
        raise ReadError(path, f"must be an object, not {_kind(value)}")
    return value


def listing(value: Any, path: str) -> list[Any]:
    """The value as an array; absent is empty. Raises ``ReadError`` when it is something else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ReadError(path, f"must be an array, not {_kind(value)}")
    return value


def texts(concept: Any) -> Iterator[str]:
    """All texts of a CodeableConcept: its own, then those of its codings."""
    if isinstance(concept, dict):
        if isinstance(concept.get("text"), str):
            yield concept["text"]
        yield from (c["display"] for c in codings(concept) if isinstance(c.get("display"), str))


def codings(concept: Any) -> list[Json]:
    """Codings of a CodeableConcept; anything misshapen is left out."""
    found = concept.get("coding") if isinstance(concept, dict) else None
    return [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []


def code_values(concept: Any) -> list[str]:
    """The bare code strings of a CodeableConcept."""
    return [c["code"] for c in codings(concept) if isinstance(c.get("code"), str)]


def coded(concept: Any, path: str = "code") -> Coded:
    """A CodeableConcept with its codes kept as sent. Raises ``ReadError`` when it is no object."""
    return Coded() if concept is None else _coded(orjson.dumps(mapping(concept, path)))


@lru_cache(maxsize=65536)
def _coded(concept: bytes) -> Coded:
    """Hospitals name the same drugs, tests and diagnoses all day: each is read once."""
    found = orjson.loads(concept)
    codes = (_code(c) for c in codings(found))
    return Coded(next((t for t in texts(found) if t.strip()), ""), tuple(c for c in codes if c is not None))


def _code(coding: Json) -> Any:
    system, value = coding.get("system"), coding.get("code")
    if not isinstance(value, str) or not value:
        return None
    try:
        return code_for(system if isinstance(system, str) else "", value)
    except ValueError:
        return None  # a malformed code identifies nothing; the text still may


def moment(value: Any, path: str) -> datetime | None:
    """A dateTime, instant or date with a zone; partial dates stand for their first moment."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ReadError(path, f"must be a dateTime, not {_kind(value)}")
    try:
        return _moment(value)
    except ValueError:
        raise ReadError(path, f"{value!r} is no dateTime: write 2026-01-31 or 2026-01-31T08:00:00+08:00") from None


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime:
    """One request names the same moment many times."""
    return zoned(datetime.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)))


def day(value: Any, path: str) -> Known[date]:
    """A full date; a partial one (2019, 2019-05) is not precise enough and stays UNKNOWN."""
    if value is None or (isinstance(value, str) and len(value) in (4, 7)):
        return UNKNOWN
    found = moment(value, path)
    return UNKNOWN if found is None else found.date()


def quantity(value: Any, path: str) -> Known[Quantity]:
    """A FHIR Quantity by its human unit, else its UCUM code; UNKNOWN without a usable number and unit."""
    if value is None:
        return UNKNOWN
    found = mapping(value, path)
    number = found.get("value")
    if number is None:
        return UNKNOWN
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ReadError(f"{path}.value", f"must be a number, not {_kind(number)}")
    for unit in (found.get("unit"), found.get("code")):
        if isinstance(unit, str) and unit:
            try:
                return Quantity(float(number), unit)
            except QuantityError:
                continue
    return UNKNOWN


def origin(resource: Json, time: datetime | None) -> Origin:
    """Reference, time and institution of a resource."""
    named = not _INSTITUTIONS.isdisjoint(resource)
    return Origin(reference(resource), time, institution(resource) if named else "")


def reference(resource: Json) -> str:
    """``MedicationRequest/103`` of a resource; empty without an id."""
    kind, id_ = resource.get("resourceType"), resource.get("id")
    return f"{kind}/{id_}" if isinstance(kind, str) and isinstance(id_, str) else ""


def institution(resource: Json) -> str:
    """Name of the institution a resource comes from: ``meta.source``'s display has no place in
    FHIR, so performers, requester, custodian or recorder that are organisations count."""
    for field in _INSTITUTION_FIELDS:
        entries = resource.get(field)
        if entries is None:
            continue
        for entry in entries if isinstance(entries, list) else (entries,):
            if isinstance(entry, dict) and isinstance(entry.get("display"), str) and _is_organisation(entry):
                return str(entry["display"])
    return ""


_INSTITUTION_FIELDS: Final = (
    *("performer", "requester", "custodian", "recorder", "managingOrganization", "serviceProvider"),
)
_INSTITUTIONS: Final = frozenset(_INSTITUTION_FIELDS)


def _is_organisation(entry: Json) -> bool:
    return str(entry.get("reference", "")).startswith("Organization/") or entry.get("type") == "Organization"


def _kind(value: Any) -> str:
    return {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}.get(type(value), "a number")
