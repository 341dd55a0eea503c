"""RXO, RXE, RXD, RXR, RXC: drugs that are ordered and handed out, with the words for route and frequency as sent, so
that order entry and what is known of the patient are read alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from exchange.building import concept, extension, identifier, listed, quantity, resource_id, slim
from exchange.hl7v2._grammar import Segment
from exchange.hl7v2._orders import (
    ACTIVE,
    CANCELLED,
    DONE,
    ENDED,
    HELD,
    WRONG,
    Order,
    length_of,
    numbers_of,
)
from exchange.hl7v2._values import coded_field, number_of, people_of, text_of, time_of
from exchange.hl7v2._visit import Visit, conditions
from exchange.message import Json

_REQUEST: Final = {
    CANCELLED: "cancelled",
    ENDED: "stopped",
    HELD: "on-hold",
    ACTIVE: "active",
    DONE: "completed",
    WRONG: "entered-in-error",
}
_DISPENSE: Final = _REQUEST | {ACTIVE: "completed", ENDED: "stopped"}
_NEEDED: Final = re.compile(r"(?i)(?:^|[^a-z])(?:prn|sos)(?:$|[^a-z])|必要时|需要时")


class Fields(NamedTuple):
    """Where a segment holds what an order of a drug says; 0: nowhere."""

    code: int
    least: int = 0
    most: int = 0
    unit: int = 0
    form: int = 0
    instructions: tuple[int, ...] = ()
    amount: int = 0
    amount_unit: int = 0
    strength: int = 0
    strength_unit: int = 0
    rate: int = 0
    rate_unit: int = 0
    reason: int = 0
    timing: int = 0
    prescription: int = 0


_FIELDS: Final = {
    "RXO": Fields(1, 2, 3, 4, 5, (7, 6), 11, 12, 18, 19, 21, 22, 20),
    "RXE": Fields(2, 3, 4, 5, 6, (7, 21), 10, 11, 25, 26, 23, 24, 27, 1, 15),
    "RXD": Fields(2, form=6, amount=4, amount_unit=5, strength=16, strength_unit=17, prescription=7),
}
_DETAILS: Final = ("RXE", "RXO")


def prescriptions(orders: Sequence[Order], visit: Visit) -> Iterator[Json]:
    """MedicationRequests of orders that hold RXE or RXO; each component of a mixture (RXC) is one of its own, in the
    same group. Raises ``MessageError``."""
    for order in orders:
        detail = order.first(*_DETAILS)
        if detail is None:
            continue
        main = _request(order, detail, visit)
        parts = list(_components(order, detail, main))
        if parts and "groupIdentifier" not in main:
            main["groupIdentifier"] = {"value": main["id"]}
        yield main
        yield from parts
        yield from conditions(order.all("DG1"), visit)


def _request(order: Order, detail: Segment, visit: Visit) -> Json:
    at = _FIELDS[detail.name]
    return slim(
        resourceType="MedicationRequest",
        id=resource_id(order.number(detail)),
        identifier=[*numbers_of(order, None), *_prescription(detail, at)],
        groupIdentifier=slim(value=order.common(4)),
        status=_REQUEST[order.state()],
        intent="order",
        priority=order.priority(detail),
        medicationCodeableConcept=_drug(detail, at),
        subject=visit.patient,
        encounter=visit.encounter,
        authoredOn=_authored(order) or order.start(),
        requester=next(iter(order.people() or people_of(detail, 13 if detail.name == "RXE" else 14)), None),
        reasonCode=listed(coded_field(detail, at.reason)) if at.reason else None,
        note=order.notes(),
        dosageInstruction=listed(_dosage(order, detail, at)),
        dispenseRequest=slim(
            validityPeriod=slim(start=order.start(), end=_end(order)),
            quantity=_quantity(detail, at.amount, at.amount_unit),
            expectedSupplyDuration=_length(order, detail, at),
        ),
        extension=_product(detail, at),
    )


def dispenses(orders: Sequence[Order], visit: Visit) -> Iterator[Json]:
    """MedicationDispenses of orders that hold RXD. Raises ``MessageError``."""
    for order in orders:
        for rxd in order.all("RXD"):
            yield _dispense(order, rxd, visit)


def _dispense(order: Order, rxd: Segment, visit: Visit) -> Json:
    at = _FIELDS["RXD"]
    number = order.number(None)
    ordered = order.first("RXE")
    given = ordered or rxd
    length = _length(order, given, _FIELDS[given.name])
    days = length.get("value") if length.get("unit") == "d" else None
    return slim(
        resourceType="MedicationDispense",
        id=resource_id(number, rxd(1) if rxd(1) not in ("", "1") else ""),
        identifier=[*numbers_of(order, None), *_prescription(rxd, at)],
        status=_DISPENSE[order.state()],
        medicationCodeableConcept=_drug(rxd, at),
        subject=visit.patient,
        context=visit.encounter,
        performer=[{"actor": who} for who in (*people_of(rxd, 10), *listed(visit.institution))],
        authorizingPrescription=[{"type": "MedicationRequest", "identifier": {"value": number}}],
        quantity=_quantity(rxd, at.amount, at.amount_unit),
        daysSupply=slim(value=days, unit="d") if days else None,
        whenHandedOver=time_of(rxd, 3),
        note=[{"text": rxd(9)}] if rxd(9) else None,
        extension=_product(rxd, at),
        dosageInstruction=listed(_dosage(order, given, _FIELDS[given.name])),
    )


def _components(order: Order, detail: Segment, main: Json) -> Iterator[Json]:
    """What a mixture is made of (RXC), each given as the whole is; the one the order already names is left out."""
    named = _what(detail, _FIELDS[detail.name].code)
    for number, rxc in enumerate(order.all("RXC"), 1):
        drug = coded_field(rxc, 2)
        if not drug:
            raise rxc.error(2, "须写明成分: 编码^名称^编码系统")
        if _what(rxc, 2) == named:
            continue
        dose = number_of(rxc, 3)
        how = {k: v for k, v in (main.get("dosageInstruction") or [{}])[0].items() if k != "doseAndRate"}
        how |= slim(doseAndRate=[{"doseQuantity": quantity(dose, text_of(rxc, 4))}] if dose is not None else None)
        yield main | slim(
            id=resource_id(main["id"], str(number)),
            identifier=None,
            groupIdentifier=main.get("groupIdentifier") or {"value": main["id"]},
            medicationCodeableConcept=drug,
            dosageInstruction=listed(how),
        )


def _what(segment: Segment, field: int) -> str:
    return segment(field) or segment(field, 2)


def _drug(detail: Segment, at: Fields) -> Json:
    drug = coded_field(detail, at.code)
    if not drug:
        raise detail.error(at.code, "须写明药品: 编码^名称^编码系统")
    return drug


def _product(detail: Segment, at: Fields) -> list[Json]:
    """Strength and dosage form of the product, where they are said apart from its name."""
    strength = f"{detail(at.strength)}{text_of(detail, at.strength_unit)}" if detail(at.strength) else ""
    form = text_of(detail, at.form)
    said = {"specification": strength, "dosage-form": form}
    return [extension(name, valueString=text) for name, text in said.items() if text]


def _prescription(detail: Segment, at: Fields) -> Iterator[Json]:
    if at.prescription and detail(at.prescription):
        yield identifier(detail(at.prescription), text="处方号")


def _authored(order: Order) -> str:
    return time_of(order.orc, 9) if order.orc is not None else ""


def _dosage(order: Order, detail: Segment, at: Fields) -> Json:
    """How it is taken. What is said as text only stays text: its readers know the words."""
    instructions = "；".join(text for field in at.instructions if (text := text_of(detail, field)))
    tq1 = order.first("TQ1")
    said = tq1(11) if tq1 is not None else ""
    frequency = _frequency(order, detail, at)
    text = instructions or said
    needed = any(_NEEDED.search(word) for word in (text, frequency.get("text", "")))
    length = _length(order, detail, at)
    return slim(
        text=text,
        timing=slim(repeat=slim(boundsDuration=length), code=frequency),
        asNeededBoolean=True if needed else None,
        route=_route(order),
        doseAndRate=listed(_dose(order, detail, at)),
    )


def _route(order: Order) -> Json:
    rxr = order.first("RXR")
    return coded_field(rxr, 1) if rxr is not None else {}


def _frequency(order: Order, detail: Segment, at: Fields) -> Json:
    """TQ1-3, else the old timing of RXE-1 or ORC-7: a code (``BID``) or its words (``BID&每日两次``)."""
    tq1 = order.first("TQ1")
    if tq1 is not None and tq1(3):
        return concept(tq1(3, 1, 2) or tq1(3), [slim(code=tq1(3), display=tq1(3, 1, 2))])
    for segment, field in _old_timings(order, detail, at):
        if segment(field, 2):
            return concept(segment(field, 2, 2) or segment(field, 2), [slim(code=segment(field, 2))])
    return {}


def _old_timings(order: Order, detail: Segment, at: Fields) -> Iterator[tuple[Segment, int]]:
    if at.timing:
        yield detail, at.timing
    if order.orc is not None:
        yield order.orc, 7


def _length(order: Order, detail: Segment, at: Fields) -> Json:
    """For how long: TQ1-6, else the old timing's third component (``D7``)."""
    tq1 = order.first("TQ1")
    if tq1 is not None and tq1(6):
        unit = tq1(6, 2)
        worded = length_of(f"{tq1(6)}{unit}") or length_of(tq1(6))
        days = number_of(tq1, 6) if not worded else None
        return worded or slim(value=days, unit=unit or "d")
    return next((found for s, f in _old_timings(order, detail, at) if (found := length_of(s(f, 3)))), {})


def _end(order: Order) -> str:
    tq1 = order.first("TQ1")
    if tq1 is not None and tq1(8):
        return time_of(tq1, 8)
    return "" if order.orc is None else time_of(order.orc, 7, 5)


def _dose(order: Order, detail: Segment, at: Fields) -> Json:
    least = number_of(detail, at.least) if at.least else None
    most = number_of(detail, at.most) if at.most else None
    unit = text_of(detail, at.unit) if at.unit else ""
    rate = number_of(detail, at.rate) if at.rate else None
    made: Json = {}
    if least is not None and most is not None and most != least:
        made["doseRange"] = {"low": quantity(least, unit), "high": quantity(most, unit)}
    elif least is not None or most is not None:
        dose = least if least is not None else most
        made["doseQuantity"] = quantity(0.0 if dose is None else dose, unit)
    if rate is not None:
        made["rateQuantity"] = quantity(rate, text_of(detail, at.rate_unit))
    return made


def _quantity(detail: Segment, amount: int, unit: int) -> Json:
    value = number_of(detail, amount) if amount else None
    return quantity(value, text_of(detail, unit)) if value is not None else {}
