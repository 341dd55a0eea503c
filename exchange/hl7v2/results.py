"""ORU: reports of laboratory and examination, with their observations."""

from __future__ import annotations

from typing import Final

from exchange.hl7v2._orders import detailed, reports_in
from exchange.hl7v2._reading import Reading
from exchange.hl7v2._results import reports, withdrawn
from exchange.hl7v2._visit import encounter_of, known_of, taken_back
from exchange.message import Message, Parsed

_TYPES: Final = ("ORU^R01",)


def read(raw: bytes) -> Parsed:
    """Raises ``MessageError``."""
    reading = Reading(raw, _TYPES)
    message, visit = reading.message, reading.visit
    orders = detailed(reports_in(message), "OBR")
    resources = (
        *encounter_of(message, visit, mentioned=True),
        *known_of(message, visit),
        *reports(orders, visit),
    )
    return reading.parsed(resources, (*withdrawn(orders), *taken_back(message, visit)))


MESSAGE = Message("results", "hl7v2", "检验检查报告（ORU）", _TYPES, read)
