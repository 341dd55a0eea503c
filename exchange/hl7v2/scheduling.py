"""SIU: appointments made, moved, changed, called off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from exchange.building import coded, concept, identifier, listed, named, resource_id, slim
from exchange.hl7v2._grammar import Segment, Text
from exchange.hl7v2._reading import Reading
from exchange.hl7v2._values import coded_field, number_of, people_of, time_of
from exchange.hl7v2._visit import Visit, encounter_of, known_of
from exchange.message import Json, Message, Parsed

_STATUS: Final = {
    "SIU^S12": "booked",
    "SIU^S13": "booked",
    "SIU^S14": "booked",
    "SIU^S15": "cancelled",
    "SIU^S26": "noshow",
}
_TYPES: Final = tuple(_STATUS)
_MINUTES: Final = {"": 1, "MIN": 1, "M": 1, "分钟": 1, "S": 1 / 60, "SEC": 1 / 60, "H": 60, "HR": 60, "小时": 60}


def read(raw: bytes) -> Parsed:
    """Raises ``MessageError``."""
    reading = Reading(raw, _TYPES)
    message, visit = reading.message, reading.visit
    resources = (
        *encounter_of(message, visit, mentioned=True),
        *known_of(message, visit),
        _appointment(message, visit, _STATUS[reading.kind]),
    )
    return reading.parsed(resources)


def _appointment(message: Text, visit: Visit, status: str) -> Json:
    sch = message.need("SCH", "须在此写明预约")
    number = sch(1) or sch(2)
    if not number:
        raise sch.error(1, "请填写预约编号，以后按此编号更改")
    start, minutes = _start(message, sch), _minutes(message, sch)
    if not start and status == "booked":
        raise sch.error(11, "须在第四组件写明开始时间 (或 AIS-4、TQ1-7)")
    return slim(
        resourceType="Appointment",
        id=resource_id(number),
        identifier=[identifier(sch(f), kind=k) for f, k in ((1, "PLAC"), (2, "FILL")) if sch(f)],
        status=status,
        serviceType=[service for ais in message.all("AIS") if (service := coded_field(ais, 3))],
        appointmentType=coded_field(sch, 8),
        reasonCode=listed(coded_field(sch, 7)),
        cancelationReason=coded_field(sch, 6) if status == "cancelled" else None,
        start=start,
        end=_end(sch, start, minutes),
        minutesDuration=round(minutes) if minutes else None,
        comment="\n".join(nte(3) for nte in message.all("NTE") if nte(3)),
        participant=list(_participants(message, visit, sch)),
    )


def _start(message: Text, sch: Segment) -> str:
    """SCH-11, else TQ1-7, else AIS-4, as an instant."""
    places = [
        (sch, 11, 4),
        *((tq1, 7, 1) for tq1 in message.all("TQ1")),
        *((ais, 4, 1) for ais in message.all("AIS")),
    ]
    for segment, field, component in places:
        made = time_of(segment, field, component)
        if "T" in made:
            return made
        if made:
            raise segment.error(field, "须写到时分，如 202601310830")
    return ""


def _minutes(message: Text, sch: Segment) -> float:
    """How long it takes: SCH-9 and 10, else AIS-7 and 8; 0 unknown."""
    for segment, amount, unit in ((sch, 9, 10), *((ais, 7, 8) for ais in message.all("AIS"))):
        value = number_of(segment, amount)
        if value:
            return value * _MINUTES.get(segment(unit).upper(), 0)
    return 0


def _end(sch: Segment, start: str, minutes: float) -> str:
    stated = time_of(sch, 11, 5)
    if "T" in stated or not (start and 0 < minutes < 100_000):
        return stated
    return (datetime.fromisoformat(start) + timedelta(minutes=minutes)).isoformat()


def _participants(message: Text, visit: Visit, sch: Segment) -> Iterator[Json]:
    yield {"actor": visit.patient, "status": "accepted"}
    for aip in message.all("AIP"):
        for person in people_of(aip, 3):
            yield slim(type=listed(coded_field(aip, 4)), actor=person, status="accepted")
    if not message.all("AIP"):
        for person in people_of(sch, 16):
            yield {"type": [coded("v3-ParticipationType", "ATND")], "actor": person, "status": "accepted"}
    for ail in message.all("AIL"):
        place = [part for n in (1, 2, 3) if (part := ail(3, n))]
        if place:
            yield {"actor": named("Location", "^".join(place), " ".join(place)), "status": "accepted"}
    for aig in message.all("AIG"):
        resource = coded_field(aig, 3) or concept(aig(4, 2))
        if resource:
            yield {"actor": named("Device", aig(3), resource.get("text", "")), "status": "accepted"}


MESSAGE = Message("scheduling", "hl7v2", "预约（SIU）", _TYPES, read)
