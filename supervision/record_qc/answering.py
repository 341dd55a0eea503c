"""What was found on an order: reports that name it, by reference or by its number, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from supervision.record_qc.resource_parts import Json, code_of, local_of, words_of

_FOUND: Final = frozenset({"DiagnosticReport", "Observation"})
_NOT_YET: Final = frozenset({"registered", "entered-in-error", "cancelled"})
"""Reports of which nothing came, or nothing yet."""
Answers = Mapping[str, frozenset[str]]
"""References to what was found (``DiagnosticReport/7``), by the id of the ServiceRequest."""


def answers(resources: Iterable[Json]) -> Answers:
    """What was found on each request of an institution that was answered."""
    asked: dict[str, list[Json]] = {}
    told: list[Json] = []
    for one in resources:
        if one.get("resourceType") == "ServiceRequest":
            for number in {str(one["id"]), *_numbers(one)}:
                asked.setdefault(number, []).append(one)
        elif one.get("resourceType") in _FOUND and one.get("status") not in _NOT_YET:
            told.append(one)
    found: dict[str, set[str]] = {}
    for one in told:
        for order in _answered(one, asked):
            found.setdefault(order, set()).update(_parts(one))
    return {order: frozenset(parts) for order, parts in found.items()}


def _answered(told: Json, asked: Mapping[str, Sequence[Json]]) -> Iterator[str]:
    """Requests that a report names. Of several that share the number it names, the one for the same thing."""
    for named in told.get("basedOn") or ():
        identifier = named.get("identifier") or {}
        several = asked.get(local_of(named) or str(identifier.get("value") or ""), ())
        meant = several if len(several) == 1 else [one for one in several if _same(one.get("code"), told.get("code"))]
        yield from (str(one["id"]) for one in meant)


def _same(one: object, other: object) -> bool:
    return words_of(one) == words_of(other) or (code_of(one) != "" and code_of(one) == code_of(other))


def _parts(told: Json) -> Iterator[str]:
    yield f"{told['resourceType']}/{told['id']}"
    yield from (f"Observation/{local_of(one)}" for one in told.get("result") or ())


def _numbers(request: Json) -> Iterator[str]:
    return (str(one["value"]) for one in request.get("identifier") or () if one.get("value"))


__all__ = ["Answers", "answers"]
