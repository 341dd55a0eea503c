"""FHIR Dosage and Timing to the clinical ``Dosage``, with Chinese words or codes for route and frequency."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from clinical.administration import Frequency, frequency_of, route_of
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Dosage
from clinical.quantity import Quantity
from exchange.fhir.shapes import ABSENT, Amount, Instruction, ReadError, Repeat, Resource, Timing, part
from exchange.fhir.values import code_values, days_of, quantity, texts

_HOURS: Final = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5, "a": 8766.0}


def read_dosage(resource: Resource) -> Dosage:
    """The first dosage instruction of a MedicationRequest (``dosageInstruction``) or
    MedicationStatement (``dosage``). Absent parts are UNKNOWN. Raises ``ReadError``."""
    instruction, stated, request = resource.dosage_instruction, resource.dosage, resource.dispense_request
    supply = ABSENT if request is None else request.expected_supply_duration
    return _read(
        b"" if instruction is ABSENT else bytes(instruction),
        b"" if stated is ABSENT else bytes(stated),
        b"" if supply is ABSENT else bytes(supply),
    )


@lru_cache(maxsize=16384)
def _read(instruction: bytes, stated: bytes, supply: bytes) -> Dosage:
    """Most orders are taken as many others are: each way is given its shape once for the text it was sent as, and
    read once (``_dosage``) however it was spelt."""
    first = part(instruction, "dosageInstruction") if instruction else None
    other = part(stated, "dosage") if stated else None
    given = first or other
    return _dosage(given[0] if given else None, _supply(supply) if supply else None)


def _supply(text: bytes) -> Amount | None:
    try:
        amount: Amount | None = part(text, "expectedSupplyDuration")
    except ReadError as error:
        raise error.within("dispenseRequest") from None
    return amount


@lru_cache(maxsize=65536)
def _dosage(entry: Instruction | None, supply: Amount | None) -> Dosage:
    days = days_of(quantity(supply))
    if entry is None:
        return Dosage(duration_days=days)
    frequency, text = _frequency(entry, entry.timing)
    dose, rate = _dose_and_rate(entry)
    bounds = _bounds(entry.timing)
    needed = bool(entry.as_needed_boolean) or entry.as_needed_codeable_concept is not None
    return Dosage(
        dose=dose,
        route=_route(entry),
        times_per_day=frequency.times_per_day if isinstance(frequency, Frequency) else UNKNOWN,
        interval_hours=_or_unknown(frequency.interval_hours) if isinstance(frequency, Frequency) else UNKNOWN,
        duration_days=_single(frequency, days if isinstance(bounds, Unknown) else bounds),
        rate=rate,
        as_needed=needed or _needed(frequency),
        frequency_text=text,
        route_text=next(iter(texts(entry.route)), ""),
    )


def _route(entry: Instruction) -> Known[str]:
    for text in (*code_values(entry.route), *texts(entry.route)):
        found = route_of(text)
        if not isinstance(found, Unknown):
            return found
    return UNKNOWN


def _dose_and_rate(entry: Instruction) -> tuple[Known[Quantity], Known[Quantity]]:
    if not entry.dose_and_rate:
        return UNKNOWN, UNKNOWN
    first = entry.dose_and_rate[0]
    dose = _amount(first.dose_quantity)
    if isinstance(dose, Unknown) and first.dose_range is not None:
        dose = _amount(first.dose_range.high)
    return dose, _amount(first.rate_quantity)


def _amount(amount: Amount | None) -> Known[Quantity]:
    """UNKNOWN below zero: nobody gives that, and a check must not pass on it."""
    read = quantity(amount)
    return UNKNOWN if isinstance(read, Quantity) and read.value < 0 else read


def _frequency(entry: Instruction, timing: Timing | None) -> tuple[Known[Frequency], str]:
    """From the structured repeat, else the timing code or text, else the instruction's text."""
    code = None if timing is None else timing.code
    words = [*code_values(code), *texts(code)]
    instruction = [] if entry.text is None else [entry.text]
    repeated = UNKNOWN if timing is None or timing.repeat is None else _repeat(timing.repeat)
    if isinstance(repeated, Frequency):
        return repeated, next(iter(words), "")
    for word in (*words, *instruction):
        found = frequency_of(word)
        if isinstance(found, Frequency):
            return found, word
    return UNKNOWN, next(iter((*words, *instruction)), "")


def _repeat(repeat: Repeat) -> Known[Frequency]:
    count = next((c for c in (repeat.frequency_max, repeat.frequency) if c is not None), 1)
    unit = _HOURS.get(repeat.period_unit or "")
    if unit and repeat.period is not None and repeat.period > 0 and count > 0:
        hours = repeat.period * unit
        return Frequency(count * 24 / hours, hours / count if count == 1 or unit == 1.0 else None)
    return UNKNOWN


def _bounds(timing: Timing | None) -> Known[float]:
    repeat = None if timing is None else timing.repeat
    return UNKNOWN if repeat is None else days_of(quantity(repeat.bounds_duration))


def _single(frequency: Known[Frequency], days: Known[float]) -> Known[float]:
    """A single dose lasts a day when nobody says otherwise."""
    once = isinstance(frequency, Frequency) and frequency.once
    return 1.0 if once and isinstance(days, Unknown) else days


def _needed(frequency: Known[Frequency]) -> bool:
    return isinstance(frequency, Frequency) and frequency.as_needed


def _or_unknown(value: Any) -> Known[float]:
    return UNKNOWN if value is None else float(value)
