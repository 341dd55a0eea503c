"""ORM, OMG, OML: requests for tests, examinations, procedures, and (ORM) drugs."""

from __future__ import annotations

from typing import Final

from exchange.hl7v2._drugs import prescriptions
from exchange.hl7v2._orders import detailed, orders_in, requests
from exchange.hl7v2._reading import Reading
from exchange.hl7v2._visit import encounter_of, known_of, taken_back
from exchange.message import Message, Parsed

_CATEGORIES: Final = {"ORM^O01": "", "OMG^O19": "", "OML^O21": "laboratory"}
_TYPES: Final = tuple(_CATEGORIES)


def read(raw: bytes) -> Parsed:
    """Raises ``MessageError``."""
    reading = Reading(raw, _TYPES)
    message, visit = reading.message, reading.visit
    orders = detailed(orders_in(message), "OBR", "RXO", "RXE")
    resources = (
        *encounter_of(message, visit, mentioned=True),
        *known_of(message, visit),
        *requests(orders, visit, _CATEGORIES[reading.kind]),
        *prescriptions(orders, visit),
    )
    return reading.parsed(resources, taken_back(message, visit))


MESSAGE = Message("orders", "hl7v2", "检查检验申请与医嘱（ORM、OMG、OML）", _TYPES, read)
