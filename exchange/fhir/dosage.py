"""FHIR Dosage and Timing to the clinical ``Dosage``, with Chinese words or codes for route and frequency."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson

from clinical.administration import Frequency, frequency_of, route_of
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Dosage
from clinical.quantity import Quantity
from exchange.fhir.values import Json, code_values, listing, mapping, quantity, texts

_HOURS: Final = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5, "a": 8766.0}


def read_dosage(resource: Json) -> Dosage:
    """The first dosage instruction of a MedicationRequest (``dosageInstruction``) or
    MedicationStatement (``dosage``). Absent parts are UNKNOWN."""
    field = "dosageInstruction" if "dosageInstruction" in resource else "dosage"
    request = resource.get("dispenseRequest")
    supply = request.get("expectedSupplyDuration") if isinstance(request, dict) else None
    return _dosage(orjson.dumps((field, resource.get(field), supply)))


@lru_cache(maxsize=65536)
def _dosage(told: bytes) -> Dosage:
    """Most orders are taken as many others are: each way is read once. Errors name the field within
    the resource."""
    field, instructions, supply = orjson.loads(told)
    entries = listing(instructions, field)
    days = _days(quantity(supply, "dispenseRequest.expectedSupplyDuration"))
    if not entries:
        return Dosage(duration_days=days)
    at = f"{field}[0]"
    entry = mapping(entries[0], at)
    timing = mapping(entry["timing"], f"{at}.timing") if entry.get("timing") is not None else {}
    frequency, text = _frequency(entry, timing, at)
    dose, rate = _dose_and_rate(entry, at)
    bounds = _bounds(timing, at)
    return Dosage(
        dose=dose,
        route=_route(entry),
        times_per_day=frequency.times_per_day if isinstance(frequency, Frequency) else UNKNOWN,
        interval_hours=_or_unknown(frequency.interval_hours) if isinstance(frequency, Frequency) else UNKNOWN,
        duration_days=_single(frequency, days if isinstance(bounds, Unknown) else bounds),
        rate=rate,
        as_needed=bool(entry.get("asNeededBoolean")) or "asNeededCodeableConcept" in entry or _needed(frequency),
        frequency_text=text,
    )


def _route(entry: Json) -> Known[str]:
    concept = entry.get("route")
    for text in (*code_values(concept), *texts(concept)):
        found = route_of(text)
        if not isinstance(found, Unknown):
            return found
    return UNKNOWN


def _dose_and_rate(entry: Json, at: str) -> tuple[Known[Quantity], Known[Quantity]]:
    parts = listing(entry.get("doseAndRate"), f"{at}.doseAndRate")
    if not parts:
        return UNKNOWN, UNKNOWN
    first = mapping(parts[0], f"{at}.doseAndRate[0]")
    dose = quantity(first.get("doseQuantity"), f"{at}.doseAndRate[0].doseQuantity")
    if isinstance(dose, Unknown) and isinstance(first.get("doseRange"), dict):
        dose = quantity(first["doseRange"].get("high"), f"{at}.doseAndRate[0].doseRange.high")
    return dose, quantity(first.get("rateQuantity"), f"{at}.doseAndRate[0].rateQuantity")


def _frequency(entry: Json, timing: Json, at: str) -> tuple[Known[Frequency], str]:
    """From the structured repeat, else the timing code or text, else the instruction's text."""
    words = [*code_values(timing.get("code")), *texts(timing.get("code"))]
    instruction = [entry["text"]] if isinstance(entry.get("text"), str) else []
    repeated = _repeat(mapping(timing["repeat"], f"{at}.timing.repeat")) if timing.get("repeat") else UNKNOWN
    if isinstance(repeated, Frequency):
        return repeated, next(iter(words), "")
    for word in (*words, *instruction):
        found = frequency_of(word)
        if isinstance(found, Frequency):
            return found, word
    return UNKNOWN, next(iter((*words, *instruction)), "")


def _repeat(repeat: Json) -> Known[Frequency]:
    count, period = repeat.get("frequencyMax", repeat.get("frequency", 1)), repeat.get("period")
    unit = _HOURS.get(str(repeat.get("periodUnit", "")))
    if unit and isinstance(period, int | float) and period > 0 and isinstance(count, int) and count > 0:
        hours = period * unit
        return Frequency(count * 24 / hours, hours / count if count == 1 or unit == 1.0 else None)
    return UNKNOWN


def _bounds(timing: Json, at: str) -> Known[float]:
    repeat = timing.get("repeat") if isinstance(timing.get("repeat"), dict) else {}
    bounds = repeat.get("boundsDuration") if isinstance(repeat, dict) else None
    return _days(quantity(bounds, f"{at}.timing.repeat.boundsDuration"))


def _days(duration: Known[Quantity]) -> Known[float]:
    return UNKNOWN if isinstance(duration, Unknown) else duration.to("d").value


def _single(frequency: Known[Frequency], days: Known[float]) -> Known[float]:
    """A single dose lasts a day when nobody says otherwise."""
    once = isinstance(frequency, Frequency) and frequency.once
    return 1.0 if once and isinstance(days, Unknown) else days


def _needed(frequency: Known[Frequency]) -> bool:
    return isinstance(frequency, Frequency) and frequency.as_needed


def _or_unknown(value: Any) -> Known[float]:
    return UNKNOWN if value is None else float(value)
