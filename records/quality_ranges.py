"""Measured values: which no living patient can have, and flags that contradict their reference range.

The bounds are wide on purpose: they catch a slipped decimal point, the 0 of an analyser that measured nothing and the
number of another unit, never a very ill patient. What is not listed, or stands in a unit that cannot be converted, is
not judged.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from clinical.units import QuantityError, Substance, conversion, plain_unit
from knowledge.naming import normal_name
from records.quality_forms import is_number, listed

_FILE: Final = Path(__file__).parent / "quality_content" / "ranges.csv"
_LOINC: Final = "http://loinc.org"
_HIGH: Final = frozenset({"H", "HH", "HU", ">"})
_LOW: Final = frozenset({"L", "LL", "LU", "<"})


@dataclass(frozen=True, slots=True)
class Range:
    """What a test may give in a living patient; both bounds are still possible."""

    unit: str
    low: float
    high: float
    substance: Substance | None


@lru_cache(maxsize=1)
def ranges() -> dict[str, Range]:
    """Ranges by LOINC code and by normal name of the test."""
    found: dict[str, Range] = {}
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            mass = float(row["molar_mass"]) if row["molar_mass"] else None
            substance = Substance(row["names"].partition("|")[0], molar_mass=mass) if mass else None
            made = Range(plain_unit(row["unit"]), float(row["low"]), float(row["high"]), substance)
            for key in (*row["loinc"].split("|"), *map(normal_name, row["names"].split("|"))):
                if key in found:
                    raise ValueError(f"{_FILE.name}: {key} stands twice")
                found[key] = made
    return found


def is_possible(observation: Any) -> bool | None:
    """Whether a living patient can have a measured value; None when nothing is known of the test or its unit."""
    if not isinstance(observation, dict):
        return None
    verdicts = [_is_possible(part) for part in (observation, *_parts(observation))]
    known = [verdict for verdict in verdicts if verdict is not None]
    return all(known) if known else None


def _parts(observation: dict[str, Any]) -> list[dict[str, Any]]:
    """Components of a measurement: the two pressures."""
    return [part for part in listed(observation.get("component")) if isinstance(part, dict)]


def _is_possible(part: dict[str, Any]) -> bool | None:
    told, known = part.get("valueQuantity"), _range_of(part.get("code"))
    if known is None or not isinstance(told, dict):
        return None
    value, unit = told.get("value"), told.get("code") or told.get("unit")
    if not is_number(value) or not isinstance(unit, str | None):
        return None
    scale = _scale(unit or known.unit, known)
    return None if scale is None else known.low <= value * scale <= known.high


@lru_cache(maxsize=8192)
def _scale(unit: str, known: Range) -> float | None:
    """What a value in a unit is multiplied with; None when the unit cannot be converted."""
    try:
        source = plain_unit(unit)
        if source == known.unit:
            return 1.0
        multiplier, divisor = conversion(source, known.unit, known.substance)
    except QuantityError:
        return None
    return multiplier / divisor


def _range_of(code: Any) -> Range | None:
    if not isinstance(code, dict):
        return None
    table = ranges()
    codings = [coding for coding in listed(code.get("coding")) if isinstance(coding, dict)]
    for coding in codings:
        value = coding.get("code")
        if coding.get("system") == _LOINC and isinstance(value, str) and value in table:
            return table[value]
    texts = [code.get("text"), *(coding.get("display") for coding in codings)]
    return next((table[n] for n in (normal_name(t) for t in texts if isinstance(t, str)) if n in table), None)


def is_within_reference(observation: Any) -> bool | None:
    """Whether the flag of a result agrees with its value and the reference range beside it; None when one of the
    three is missing or their units differ."""
    if not isinstance(observation, dict):
        return None
    told, flags, bounds = observation.get("valueQuantity"), _flags(observation), _reference(observation)
    if not isinstance(told, dict) or not flags or bounds is None or not is_number(told.get("value")):
        return None
    (low, high), unit = bounds, told.get("code") or told.get("unit")
    if {u for u in (_unit(low), _unit(high)) if u} - {unit, told.get("unit")}:
        return None
    value = told["value"]
    if flags & _HIGH:
        return high is None or value >= high["value"]
    if flags & _LOW:
        return low is None or value <= low["value"]
    return (low is None or value >= low["value"]) and (high is None or value <= high["value"])


def _flags(observation: dict[str, Any]) -> set[str]:
    codings = [
        c for i in listed(observation.get("interpretation")) if isinstance(i, dict) for c in listed(i.get("coding"))
    ]
    flags = {str(coding.get("code")) for coding in codings if isinstance(coding, dict)}
    return flags & (_HIGH | _LOW | {"N"})


def _reference(observation: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None] | None:
    """The one reference range; None when there is none or several (by age or sex)."""
    found = observation.get("referenceRange")
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        return None
    low, high = (_bound(found[0].get(end)) for end in ("low", "high"))
    return None if low is None and high is None else (low, high)


def _bound(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) and is_number(value.get("value")) else None


def _unit(bound: dict[str, Any] | None) -> str | None:
    return None if bound is None else bound.get("code") or bound.get("unit")
