"""What stored requests say of where, by whom and for what they were asked, for those who count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from api.askers import disease_of, doctor_of
from api.cds_hooks import sent_orders
from api.replay import sent
from api.serving import Served
from clinical.logic import Unknown
from clinical.patient import Visit
from exchange.fhir.context import split_bundle
from exchange.fhir.values import Json
from supervision.figures.journal_rows import Call, Ordered
from supervision.record_qc.resource_parts import amount_of

_SETTINGS: Final = {Visit.OUTPATIENT: "outpatient", Visit.EMERGENCY: "emergency", Visit.INPATIENT: "inpatient"}


class JournalReader:
    """Reads requests; ``served`` is the release by which diagnoses without a code are understood, where there is
    one."""

    def __init__(self, served: Served | None) -> None:
        self._served = served

    def __call__(self, service: str, request: Any, at: datetime) -> Call:
        """Raises ``ReadError`` for a request that cannot be read any more."""
        incoming, _ = sent(service, request, at)
        patient, amounts = incoming.context, dict(_amounts(request))
        return Call(
            department=patient.department,
            doctor=doctor_of(request, patient),
            disease=disease_of(patient, self._served),
            setting="" if isinstance(patient.visit, Unknown) else _SETTINGS.get(patient.visit, ""),
            institution=patient.institution,
            patient=patient.id,
            orders={order.id: Ordered(order.what.text, amounts.get(order.id)) for order in incoming.orders},
        )


def _amounts(request: Json) -> Iterator[tuple[str, float]]:
    """What orders cost, by reference, where that was sent."""
    if "orders" in request:
        yield from ((one["id"], one["amount"]) for one in request["orders"] if one.get("amount") is not None)
        return
    context, prefetch = request.get("context"), request.get("prefetch", {})
    if "resourceType" in request:
        context, prefetch = split_bundle(request)
    for reference, resource in sent_orders(context or {}, prefetch).items():
        amount = amount_of(resource)
        if amount is not None:
            yield reference, amount


__all__ = ["JournalReader"]
