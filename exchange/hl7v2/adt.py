"""ADT: admission, transfer, discharge, registration, and the joining of two numbers of one patient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exchange.building import category, listed
from exchange.hl7v2._person import merges_of
from exchange.hl7v2._reading import Reading
from exchange.hl7v2._results import Results, observations
from exchange.hl7v2._values import time_of
from exchange.hl7v2._visit import encounter_of, known_of, taken_back
from exchange.message import Json, Message, Parsed

_STATUS: Final = {
    "A01": "in-progress",
    "A02": "in-progress",
    "A03": "finished",
    "A04": "",
    "A05": "planned",
    "A06": "in-progress",
    "A07": "in-progress",
    "A08": "",
    "A11": "cancelled",
    "A12": "in-progress",
    "A13": "in-progress",
    "A28": "",
    "A31": "",
}
"""What an event makes of the visit; empty: what PV1 says of it."""
_TYPES: Final = (*(f"ADT^{event}" for event in _STATUS), "ADT^A40")
_OF_PERSONS: Final = frozenset({"A28", "A31"})
"""Events about the person, whom no visit needs to be named for."""


def read(raw: bytes) -> Parsed:
    """Raises ``MessageError``."""
    reading = Reading(raw, _TYPES, mentioned=False)
    event = reading.kind.partition("^")[2]
    if event == "A40":
        return reading.parsed((), merges=merges_of(reading.message))
    return reading.parsed(_resources(reading, event), taken_back(reading.message, reading.visit))


def _resources(reading: Reading, event: str) -> Iterator[Json]:
    message, visit = reading.message, reading.visit
    if event not in _OF_PERSONS:
        pv1 = message.need("PV1", "须在此写明就诊")
        if not visit.encounter:
            raise pv1.error(19, "请填写就诊编号，以后按此编号更改")
    yield from encounter_of(message, visit, _STATUS[event])
    yield from known_of(message, visit)
    yield from _measured(reading)


def _measured(reading: Reading) -> Iterator[Json]:
    """Observations (OBX) of an admission: height, weight, blood pressure. They hang on the visit, else the person."""
    message, visit = reading.message, reading.visit
    owner = (visit.encounter or visit.patient)["reference"].partition("/")[2]
    event = message.first("EVN")
    at = time_of(event, 2) if event is not None else ""
    results = Results(visit, f"{owner}.obx", category("exam"), at, listed(visit.institution))
    yield from observations([s for s in message.segments if s.name in ("OBX", "NTE")], results)


MESSAGE = Message("adt", "hl7v2", "入院、转科、出院、登记及患者合并（ADT）", _TYPES, read)
