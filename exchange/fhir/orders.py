"""FHIR requests as orders: drugs with their dosage, tests, examinations, procedures, blood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

import msgspec
from msgspec import structs

from clinical.coded import Coded, Origin, china_day
from clinical.logic import Known, Unknown
from clinical.order import Order, OrderKind, OrderStatus, Purpose
from clinical.value import replace
from exchange.fhir.dosage import read_dosage
from exchange.fhir.readings import once_a_text, place
from exchange.fhir.shapes import ABSENT, OUTCOME, Concept, ReadError, Resource, Span, content, shaped
from exchange.fhir.values import (
    UNSAID,
    code_values,
    coded,
    days_of,
    display,
    institution,
    moment,
    moment_of,
    origin,
    quantity,
    reference,
    said,
    texts,
    who,
)

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
_DRUG: Final = OrderKind.DRUG
_ACTIVE: Final = OrderStatus.ACTIVE
_MEDICATION: Final = "Medication"
_NO_ORDERS: Final = (_MEDICATION, OUTCOME)
_PURPOSES: Final = {purpose.value: purpose for purpose in Purpose}
_URGENT: Final = frozenset({"urgent", "asap", "stat"})
_KINDS: Final = {
    OrderKind.LAB: frozenset({"laboratory", "LAB", "108252007", "检验"}),
    OrderKind.EXAM: frozenset({"imaging", "RAD", "363679005", "检查", "exam"}),
    OrderKind.BLOOD: frozenset({"transfusion", "116859006", "输血", "用血"}),
    OrderKind.PROCEDURE: frozenset({"procedure", "surgery", "387713003", "手术", "操作"}),
}


def read_orders(sent: Any, path: str) -> list[Order]:
    """Orders of a Bundle, or a single one; medications they refer to may stand beside them or be contained.
    Raises ``ReadError`` naming the field; an id that stands twice is one: the two would be taken for one order, and
    what they do to each other would go unsaid."""
    read = _with_orders(sent, path) or ()
    beside = {reference(resource): resource for resource, _ in read if resource.resource_type == _MEDICATION}
    orders: list[Order] = []
    seen: set[str] = set()
    for number, (resource, alone) in enumerate(read):
        if resource.resource_type not in _NO_ORDERS:
            try:
                order = alone or read_order(resource, beside)
                if order.id in seen and resource.id is not None:
                    raise ReadError("id", f"{resource.id!r} 出现两次，每条医嘱须有自己的 id")
            except ReadError as error:
                raise error.within(place(sent, path, number)) from None
            order = replace(order, id=f"{order.id}.{number}") if order.id in seen else order
            seen.add(order.id)
            orders.append(order)
    return orders


def _with_order(resource: Resource) -> tuple[Resource, Order | None]:
    """A resource, and the order it is where it refers to nothing beside it."""
    if resource.resource_type in _NO_ORDERS or resource.medication_reference is not None:
        return resource, None
    return resource, read_order(resource, {})


_with_orders: Final = once_a_text(_with_order)


def read_order(resource: Resource, beside: Mapping[str, Resource]) -> Order:
    """One order; what is no request we know is listed as such, so that nothing vanishes. One without an id
    gets one of its content (``#5d2f08a2``), so that it is told from others."""
    order = _READERS.get(resource.resource_type or "", _other_order)(resource, beside)
    return order if order.id else replace(order, id=_own_id(resource))


def _own_id(resource: Resource) -> str:
    try:
        return f"{UNSENT}{crc32(msgspec.json.encode(content(resource))):08x}"
    except RecursionError:
        raise ReadError("contained", "嵌套过深") from None


def extension(resource: Resource, name: str) -> bool | str | int | None:
    """Value of an extension whose URL ends in our name (互认标识: ``recognised``)."""
    for entry in resource.extension or ():
        if (entry.url or "").rpartition("/")[2] == name:
            return entry.value()
    return None


def read_drug(resource: Resource, beside: Mapping[str, Resource]) -> Order:
    """One order of a drug, or a statement that it is taken; with an id in any case, as ``read_order`` gives it."""
    named = said(bytes(resource.medication_codeable_concept), "medicationCodeableConcept")
    what, form = _referred(resource, beside) if named is UNSAID else (named.what, "")
    written = resource.authored_on or resource.date_asserted
    authored = None if written is None else moment_of(written, "authoredOn")
    asked = who(bytes(resource.requester), "requester")
    request, dosage = resource.dispense_request, read_dosage(resource)
    period = resource.effective_period if request is None else request.validity_period
    if period is not None:
        start, stop = _stated(period, authored, dosage.duration_days)
    else:
        start, stop = (None, None) if written is None else _course(written, dosage.duration_days)
    place = asked.organisation if resource.performer is ABSENT else None
    reasons, ref = resource.reason_code, reference(resource)
    order = Order(  # by place: there are a dozen in a request, and sorting names costs as much as making one
        ref or _own_id(resource),
        _DRUG,
        what,
        _STATUS.get(resource.status or "draft", _ACTIVE),
        (),
        form,
        dosage,
        start,
        stop,
        "",
        asked.display,
        tuple(coded(r) for r in reasons) if reasons else (),
        Origin(ref, authored, institution(resource) if place is None else place),
    )
    more = _more(resource)
    return replace(order, **more) if more else order


def read_dispense(resource: Resource, beside: Mapping[str, Resource]) -> Order:
    """A drug that was handed over: taken from that day on for as long as it was meant to last."""
    handed = resource.when_handed_over or resource.when_prepared
    order = read_drug(resource if handed is None else structs.replace(resource, authored_on=handed), beside)
    days = days_of(quantity(resource.days_supply))
    if handed is None or order.start is None or isinstance(days, Unknown):
        return order
    return replace(order, stop=order.start + timedelta(days=max(days - 1, 0)))


def _more(resource: Resource) -> dict[str, Any]:
    """What few orders say: group, dispensed quantity, urgency, purpose, consultation, recorded reason."""
    found: dict[str, Any] = {}
    group = resource.group_identifier or resource.requisition
    if group is not None and group.value is not None:
        found["group"] = group.value
    request = resource.dispense_request
    if request is not None and request.quantity is not None:
        found["quantity"] = quantity(request.quantity)
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


def _referred(resource: Resource, beside: Mapping[str, Resource]) -> tuple[Coded, str]:
    """What drug an order names by reference, beside it or contained; and its dosage form."""
    ref = resource.medication_reference
    if ref is None:
        return Coded(), ""
    contained = {f"#{c.id}": c for c in resource.contained or ()}
    medication = contained.get(ref.reference or "") or beside.get(ref.reference or "")
    if medication is None:
        return Coded(display(ref)), ""
    what = said(bytes(medication.code), "code").what
    return what if what.text or what.codes else Coded(display(ref)), next(texts(medication.form), "")


def _stated(period: Span, authored: datetime | None, days: Known[float]) -> tuple[date | None, date | None]:
    """First and last day as the order states them, else from when it was written and for how long."""
    start = moment(period.start, "validityPeriod.start") or authored
    return _days_of(start, moment(period.end, "validityPeriod.end"), days)


@lru_cache(maxsize=4096)
def _course(written: str, days: Known[float]) -> tuple[date | None, date | None]:
    """First and last day of what only says when it was written; many orders are of one round. Kept by the text:
    one moment written in two zones may lie on two days."""
    return _days_of(moment_of(written, "authoredOn"), None, days)


def _days_of(start: datetime | None, stop: datetime | None, days: Known[float]) -> tuple[date | None, date | None]:
    if start is not None and stop is None and not isinstance(days, Unknown):
        stop = start + timedelta(days=max(days - 1, 0))
    return china_day(start) if start else None, china_day(stop) if stop else None


def _service_order(resource: Resource, beside: Mapping[str, Resource]) -> Order:
    authored = moment(resource.authored_on, "authoredOn")
    planned = moment(resource.occurrence_date_time, "occurrenceDateTime") or authored
    asked = who(bytes(resource.requester), "requester")
    return Order(
        id=reference(resource),
        kind=_service_kind(resource),
        what=said(bytes(resource.code), "code").what,
        status=_STATUS.get(resource.status or "draft", _ACTIVE),
        start=china_day(planned) if planned else None,
        prescriber=asked.display,
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
    return Order(reference(resource), OrderKind.OTHER, said(bytes(resource.code), "code").what)


_READERS: Final[dict[str, Callable[[Resource, Mapping[str, Resource]], Order]]] = {
    "MedicationRequest": read_drug,
    "MedicationStatement": read_drug,
    "MedicationDispense": read_dispense,
    "ServiceRequest": _service_order,
}
