"""Clinical orders as FHIR requests in draft, for a hospital's system to take over as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from clinical.codes import Code
from clinical.logic import Unknown
from clinical.order import Dosage, Order, OrderKind
from exchange.building import coding, concept, listed, quantity, slim, to
from exchange.fhir.values import Json

_CATEGORIES: Final = {
    OrderKind.LAB: ("108252007", "检验"),
    OrderKind.EXAM: ("363679005", "检查"),
    OrderKind.PROCEDURE: ("387713003", "操作"),
}
_SNOMED: Final = "http://snomed.info/sct"


def drafted(order: Order, patient: str, encounter: str = "", codes: Iterable[Code] = ()) -> Json:
    """An order as a MedicationRequest or ServiceRequest in draft, about the patient of an id. ``codes`` stand for
    what is ordered; of the dosage only what is known is said."""
    what = concept(order.what.text, [coding(c.system, c.value, order.what.text) for c in codes])
    common: dict[str, Any] = {
        "status": "draft",
        "intent": "order",
        "subject": to("Patient", patient),
        "encounter": to("Encounter", encounter),
        "reasonCode": [_reason(r) for r in order.reason],
    }
    if order.kind is OrderKind.DRUG:
        given = listed(dosage_instruction(order.dosage))
        return slim(
            resourceType="MedicationRequest", medicationCodeableConcept=what, **common, dosageInstruction=given
        )
    code, title = _CATEGORIES.get(order.kind, ("", ""))
    category = listed(concept(title, [coding(_SNOMED, code, title)])) if code else []
    return slim(resourceType="ServiceRequest", category=category, code=what, **common)


def _reason(reason: Any) -> Json:
    return concept(reason.text, [coding(c.system, c.value) for c in reason.codes])


def dosage_instruction(dosage: Dosage) -> Json:
    """A dosage as a FHIR Dosage; what is unknown is left out."""
    days, dose = dosage.duration_days, dosage.dose
    bounds = {} if isinstance(days, Unknown) else {"boundsDuration": _days(days)}
    return slim(
        text=_in_words(dosage),
        timing=slim(repeat=bounds, code=concept(dosage.frequency_text)),
        asNeededBoolean=True if dosage.as_needed else None,
        route=concept(_route(dosage)),
        doseAndRate=[] if isinstance(dose, Unknown) else [{"doseQuantity": quantity(dose.value, dose.unit)}],
    )


def _days(days: float) -> Json:
    return {"value": round(days, 2), "unit": "天", "system": "http://unitsofmeasure.org", "code": "d"}


def _route(dosage: Dosage) -> str:
    return dosage.route_text or ("" if isinstance(dosage.route, Unknown) else dosage.route)


def _in_words(dosage: Dosage) -> str:
    """As clinicians write it: 口服 500 mg tid，共 7 天."""
    dose, days = dosage.dose, dosage.duration_days
    words = [_route(dosage), "" if isinstance(dose, Unknown) else str(dose), dosage.frequency_text]
    course = "" if isinstance(days, Unknown) or dosage.is_single() else f"，共 {days:g} 天"
    return " ".join(filter(None, words)) + course
