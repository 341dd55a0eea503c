"""RDE and RDS: prescriptions as the pharmacy has them, and what it handed out."""

from __future__ import annotations

from typing import Final

from exchange.hl7v2._drugs import dispenses, prescriptions
from exchange.hl7v2._orders import detailed, orders_in
from exchange.hl7v2._reading import Reading
from exchange.hl7v2._visit import encounter_of, known_of, taken_back
from exchange.message import Message, Parsed

_DETAILS: Final = {"RDE^O11": "RXE", "RDE^O01": "RXE", "RDS^O13": "RXD", "RDS^O01": "RXD"}
_TYPES: Final = tuple(_DETAILS)


def read(raw: bytes) -> Parsed:
    """Raises ``MessageError``."""
    reading = Reading(raw, _TYPES)
    message, visit = reading.message, reading.visit
    detail = _DETAILS[reading.kind]
    orders = detailed(orders_in(message), detail)
    drugs = dispenses(orders, visit) if detail == "RXD" else prescriptions(orders, visit)
    resources = (*encounter_of(message, visit, mentioned=True), *known_of(message, visit), *drugs)
    return reading.parsed(resources, taken_back(message, visit))


MESSAGE = Message("pharmacy", "hl7v2", "处方与发药（RDE、RDS）", _TYPES, read)
