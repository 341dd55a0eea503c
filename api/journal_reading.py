"""What stored requests say of where, by whom and for what they were asked, for those who count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from api.cds_hooks import sent_orders
from api.replay import sent
from api.serving import Served
from clinical.coded import Coded
from clinical.codes import Icd10
from clinical.logic import Unknown
from clinical.patient import ClinicalStatus, PatientContext, Visit
from exchange.fhir.context import split_bundle
from exchange.fhir.values import Json
from supervision.figures.journal_rows import Call, Ordered

_AMOUNT: Final = "order-amount"
_ICD10: Final = ("icd-10", "icd-10-prefix")
_CATEGORY: Final = 3
"""So many characters of an ICD-10 code name its category."""
_PRACTITIONER: Final = "Practitioner/"
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
            doctor=_doctor(request, patient),
            disease=next(self._categories(patient), ""),
            setting="" if isinstance(patient.visit, Unknown) else _SETTINGS.get(patient.visit, ""),
            institution=patient.institution,
            patient=patient.id,
            orders={order.id: Ordered(order.what.text, amounts.get(order.id)) for order in incoming.orders},
        )

    def _categories(self, patient: PatientContext) -> Iterator[str]:
        """ICD-10 categories of the diagnoses that hold, in the order in which they were sent."""
        known = () if isinstance(patient.conditions, Unknown) else patient.conditions
        for condition in known:
            if condition.status is ClinicalStatus.ACTIVE:
                yield from self._category(condition.what)

    def _category(self, what: Coded) -> Iterator[str]:
        """By the code that was sent, else by the disease that is meant, where that is of one category only."""
        own = {code.value[:_CATEGORY]: None for code in what.codes if isinstance(code, Icd10)}
        meant = own or dict.fromkeys(self._meant(what))
        if own or len(meant) == 1:
            yield next(iter(meant))

    def _meant(self, what: Coded) -> Iterator[str]:
        if self._served is None:
            return
        for one in self._served.terminology.disease(what):
            concept = self._served.snapshot.concept(one)
            codes = () if concept is None else concept.codes
            yield from (code.code[:_CATEGORY] for code in codes if code.system in _ICD10)


def _doctor(request: Json, patient: PatientContext) -> str:
    """The institution's number of whoever asked, else the name of the prescriber."""
    user = str((request.get("context") or {}).get("userId", ""))
    if user.startswith(_PRACTITIONER):
        return user.removeprefix(_PRACTITIONER)
    return "" if isinstance(patient.prescriber, Unknown) else patient.prescriber.name


def _amounts(request: Json) -> Iterator[tuple[str, float]]:
    """What orders cost, by reference, where that was sent."""
    if "orders" in request:
        yield from ((one["id"], one["amount"]) for one in request["orders"] if one.get("amount") is not None)
        return
    context, prefetch = request.get("context"), request.get("prefetch", {})
    if "resourceType" in request:
        context, prefetch = split_bundle(request)
    for reference, resource in sent_orders(context or {}, prefetch).items():
        amount = next(_told(resource), None)
        if amount is not None:
            yield reference, amount


def _told(resource: Mapping[str, Any]) -> Iterator[float]:
    """From an extension: a number, or money."""
    for one in resource.get("extension") or ():
        if str(one.get("url", "")).rpartition("/")[2] == _AMOUNT:
            value = one.get("valueDecimal", (one.get("valueMoney") or {}).get("value"))
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield float(value)


__all__ = ["JournalReader"]
