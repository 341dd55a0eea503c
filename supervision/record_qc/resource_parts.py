"""Parts of FHIR resources: concepts, values, times, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from clinical.coded import zoned

Json = Mapping[str, Any]


def local_of(reference: Any) -> str:
    """The id that a reference names; empty without one."""
    return str(reference.get("reference") or "").rpartition("/")[2] if isinstance(reference, Mapping) else ""


def words_of(concept: Any) -> str:
    """What a CodeableConcept (or a Coding in one) says: its text, else the first display, else its code."""
    if not isinstance(concept, Mapping):
        return ""
    displays = (coding.get("display") or "" for coding in concept.get("coding") or ())
    return str(concept.get("text") or next(filter(None, displays), "") or code_of(concept))


def code_of(concept: Any) -> str:
    """Its first code."""
    return next(codes_of(concept), "")


def codes_of(concept: Any) -> Iterator[str]:
    """All its codes."""
    codings = concept.get("coding") or () if isinstance(concept, Mapping) else ()
    return (str(coding["code"]) for coding in codings if coding.get("code"))


def concepts_in(resource: Json, *names: str) -> Iterator[Any]:
    """The concepts of some members, each of which holds one or a list."""
    for name in names:
        given = resource.get(name) or ()
        yield from given if isinstance(given, list) else [given]


def category_of(resource: Json) -> str:
    """The first code of its categories."""
    return next(filter(None, map(code_of, concepts_in(resource, "category"))), "")


def value_of(observation: Json) -> str:
    """The value of an Observation in words."""
    quantity = observation.get("valueQuantity")
    if isinstance(quantity, Mapping):
        return f"{quantity.get('value', '')}{quantity.get('unit') or ''}"
    if "valueBoolean" in observation:
        return "是" if observation["valueBoolean"] else "否"
    plain = (observation.get(f"value{kind}") for kind in ("String", "Integer", "DateTime"))
    return words_of(observation.get("valueCodeableConcept")) or next((str(v) for v in plain if v is not None), "")


def extended(resource: Json, name: str) -> Any:
    """The value of one of our extensions."""
    for one in resource.get("extension") or ():
        if str(one.get("url") or "").endswith(f"/{name}"):
            return next((value for key, value in one.items() if key.startswith("value")), None)
    return None


def amount_of(order: Json) -> float | None:
    """What an order costs, by our extension: a number, or money."""
    told = extended(order, "order-amount")
    value = told.get("value") if isinstance(told, Mapping) else told
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def moment_of(value: Any) -> datetime | None:
    """A time with a zone; a date alone is no time of the day and says nothing of limits."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        return zoned(datetime.fromisoformat(value))
    except ValueError:
        return None
