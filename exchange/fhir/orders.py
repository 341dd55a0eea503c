"""FHIR requests as orders: drugs with their dosage, tests, examinations, procedures, blood."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

import msgspec

from clinical.coded import Coded
from clinical.logic import Known, Unknown
from clinical.order import Order, OrderKind, OrderStatus, Purpose
from clinical.value import replace
from exchange.fhir.dosage import read_dosage
from exchange.fhir.shapes import Concept, ReadError, Resource, Sent, shaped
from exchange.fhir.values import code_values, coded, display, moment, origin, quantity, reference, texts

UNSENT: Final = "#"
"""Ids that begin with it are ours: the order was sent without one."""
_STATUS: Final = {
    "draft": OrderStatus.DRAFT,
    "active": OrderStatus.ACTIVE,
    "intended": OrderStatus.ACTIVE,
    "on-hold": OrderStatus.ON_HOLD,
    "stopped": OrderStatus.STOPPED,
    "completed": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.STOPPED,
    "revoked": OrderStatus.STOPPED,
    "not-taken": OrderStatus.STOPPED,
}
_PURPOSES: Final = {purpose.value: purpose for purpose in Purpose}
_URGENT: Final = frozenset({"urgent", "asap", "stat"})
_KINDS: Final = {
    OrderKind.LAB: frozenset({"laboratory", "LAB", "108252007", "检验"}),
    OrderKind.EXAM: frozenset({"imaging", "RAD", "363679005", "检查", "exam"}),
    OrderKind.BLOOD: frozenset({"transfusion", "116859006", "输血", "用血"}),
    OrderKind.PROCEDURE: frozenset({"procedure", "surgery", "387713003", "手术", "操作"}),
}


def read_orders(sent: Any, path: str) -> Iterator[Order]:
    """Orders of a Bundle, or a single one; medications they refer to may stand beside them or be contained.
    Raises ``ReadError`` naming the field; an id that stands twice is one: the two would be taken for one order, and
    what they do to each other would go unsaid."""
    resources = shaped(sent, Sent, path).resources()
    beside = {reference(r): r for _, r in resources if r.resource_type == "Medication"}
    seen: set[str] = set()
    for number, resource in resources:
        if resource.resource_type != "Medication":
            try:
                order = read_order(resource, beside)
                if order.id in seen and resource.id is not None:
                    raise ReadError("id", f"{resource.id!r} stands twice: give every order an id of its own")
            except ReadError as error:
                raise error.within(f"{path}.entry[{number}].resource") from None
            order = replace(order, id=f"{order.id}.{number}") if order.id in seen else order
            seen.add(order.id)
            yield order


def read_order(resource: Resource, beside: Mapping[str, Resource]) -> Order:
    """One order; what is no request we know is listed as such, so that nothing vanishes. One without an id
    gets one of its content (``#5d2f08a2``), so that it is told from others."""
    order = _READERS.get(resource.resource_type or "", _other_order)(resource, beside)
    return order if order.id else replace(order, id=f"{UNSENT}{crc32(msgspec.json.encode(resource)):08x}")


def extension(resource: Resource, name: str) -> bool | str | int | None:
    """Value of an extension whose URL ends in our name (互认标识: ``recognised``)."""
    for entry in resource.extension or ():
        if (entry.url or "").rpartition("/")[2] == name:
            return entry.value()
    return None


def _drug_order(resource: Resource, beside: Mapping[str, Resource]) -> Order:
    what, form = _medication(resource, beside)
    authored = moment(resource.authored_on or resource.date_asserted, "authoredOn")
    dosage = read_dosage(resource)
    start, stop = _period(resource, authored, dosage.duration_days)
    reasons, about = resource.reason_code, origin(resource, authored)
    return Order(
        id=about.reference,
        kind=OrderKind.DRUG,
        what=what,
        status=_STATUS.get(resource.status or "draft", OrderStatus.ACTIVE),
        form=form,
        dosage=dosage,
        start=start,
        stop=stop,
        prescriber=display(resource.requester),
        reason=tuple(coded(r) for r in reasons) if reasons else (),
        origin=about,
        **_more(resource),
    )


def _more(resource: Resource) -> dict[str, Any]:
    """What few orders say: group, dispensed quantity, urgency, purpose, consultation, recorded reason."""
    found: dict[str, Any] = {}
    group = resource.group_identifier or resource.requisition
    if group is not None and group.value is not None:
        found["group"] = group.value
    if resource.dispense_request is not None:
        found["quantity"] = quantity(resource.dispense_request.quantity)
    if resource.priority in _URGENT:
        found["urgent"] = True
    if resource.extension:
        purpose, consulted = (extension(resource, name) for name in ("antimicrobial-purpose", "consulted"))
        if purpose in _PURPOSES:
            found["purpose"] = _PURPOSES[str(purpose)]
        if isinstance(consulted, bool):
            found["consulted"] = consulted
    if resource.note:
        found["note"] = "；".join(note.text for note in resource.note if note.text)
    return found


def _medication(resource: Resource, beside: Mapping[str, Resource]) -> tuple[Coded, str]:
    """What drug an order names, inline, by reference beside it or contained; and its dosage form."""
    if resource.medication_codeable_concept is not None:
        return coded(resource.medication_codeable_concept), ""
    ref = resource.medication_reference
    if ref is None:
        return Coded(), ""
    contained = {f"#{c.id}": c for c in resource.contained or ()}
    medication = contained.get(ref.reference or "") or beside.get(ref.reference or "")
    if medication is None:
        return Coded(display(ref)), ""
    what = coded(medication.named())
    return what if what.text or what.codes else Coded(display(ref)), next(texts(medication.form), "")


def _period(resource: Resource, authored: datetime | None, days: Known[float]) -> tuple[date | None, date | None]:
    """First and last day: as the order states them, else from when it was written and for how long."""
    request = resource.dispense_request
    period = resource.effective_period if request is None else request.validity_period
    start, stop = authored, None
    if period is not None:
        start = moment(period.start, "validityPeriod.start") or authored
        stop = moment(period.end, "validityPeriod.end")
    if start is None:
        return None, stop.date() if stop else None
    return _days_of(start, stop, None if isinstance(days, Unknown) else days)


@lru_cache(maxsize=4096)
def _days_of(start: datetime, stop: datetime | None, days: float | None) -> tuple[date, date | None]:
    """First and last day; many orders are of one round."""
    if stop is None and days is not None:
        stop = start + timedelta(days=max(days - 1, 0))
    return start.date(), stop.date() if stop else None


def _service_order(resource: Resource, beside: Mapping[str, Resource]) -> Order:
    authored = moment(resource.authored_on, "authoredOn")
    planned = moment(resource.occurrence_date_time, "occurrenceDateTime") or authored
    return Order(
        id=reference(resource),
        kind=_service_kind(resource),
        what=coded(resource.named()),
        status=_STATUS.get(resource.status or "draft", OrderStatus.ACTIVE),
        start=planned.date() if planned else None,
        prescriber=display(resource.requester),
        reason=tuple(coded(r) for r in resource.reason_code or ()),
        origin=origin(resource, authored),
        **_more(resource),
    )


def _service_kind(resource: Resource) -> OrderKind:
    """By category; without a usable one terminology decides later from what the code names."""
    given = shaped(resource.category or (), tuple[Concept, ...], "category")
    words = {word for concept in given for word in (*code_values(concept), *texts(concept))}
    return next((kind for kind, known in _KINDS.items() if words & known), OrderKind.OTHER)


def _other_order(resource: Resource, beside: Mapping[str, Resource]) -> Order:
    """Nutrition, devices …: no family concerns them yet."""
    return Order(reference(resource), OrderKind.OTHER, coded(resource.named()))


_READERS: Final[dict[str, Callable[[Resource, Mapping[str, Resource]], Order]]] = {
    "MedicationRequest": _drug_order,
    "MedicationStatement": _drug_order,
    "MedicationDispense": _drug_order,
    "ServiceRequest": _service_order,
}
