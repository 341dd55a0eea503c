"""A stored request as people read it, however it was sent: the patient without a name, what was ordered, and the
findings as they were shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from api.cards import EXTENSION
from api.worksheets import age_of, frequency
from clinical.coded import Coded, Origin
from clinical.logic import Known, Unknown, is_known
from clinical.order import Order
from clinical.patient import Allergy, Observation, PatientContext, Pregnancy
from clinical.quantity import Quantity

Json = dict[str, Any]
_GRADE: Final = re.compile(r"^【.{1,4}】")
_PART: Final = re.compile(r"^\*\*(原因|建议)\*\* (.*)$", re.MULTILINE)
"""What ``api.cards`` writes into the detail of a card."""
_PARTS: Final = {"原因": "detail", "建议": "advice"}
_ESCAPED: Final = re.compile(r"\\([\\\[`*])")


# -- the request -----------------------------------------------------------------------------------


def patient_json(patient: PatientContext) -> Json:
    """What a pharmacist looks at; what nobody told is left out, and an empty list stands for none."""
    told = {
        "sex": patient.sex.value if is_known(patient.sex) else None,
        "age": age_of(patient) or None,
        "pregnancy": _pregnancy(patient.pregnancy),
        "conditions": _listed(patient.conditions, lambda one: {"text": _named(one.what)}),
        "allergies": _listed(patient.allergies, _allergy),
        "observations": _listed(patient.observations, _observation),
        "medications": _listed(patient.medications, order_json),
    }
    return {"id": patient.id} | {name: value for name, value in told.items() if value is not None}


def order_json(order: Order) -> Json:
    """An order, or a drug that is taken."""
    dosage = order.dosage
    dose = dosage.dose if isinstance(dosage.dose, Quantity) else None
    told = {
        "text": _named(order.what),
        "dose": dose and dose.value,
        "unit": dose and dose.unit,
        "route": dosage.route_text or (dosage.route if is_known(dosage.route) else ""),
        "frequency": frequency(dosage),
        "days": dosage.duration_days if is_known(dosage.duration_days) else None,
        "urgent": order.urgent or None,
        "note": order.note,
    }
    return {"id": order.id} | {name: value for name, value in told.items() if value not in (None, "")}


def _named(what: Coded) -> str:
    return what.text or (what.codes[0].value if what.codes else "")


def _pregnancy(known: Known[Pregnancy | None]) -> Json | None:
    if isinstance(known, Unknown):
        return None
    days = known.gestational_days if known else None
    return {"pregnant": known is not None} | ({"gestationalDays": days} if isinstance(days, int) else {})


def _allergy(one: Allergy) -> Json:
    return {"text": _named(one.what), "reaction": "、".join(one.reactions)}


def _observation(one: Observation) -> Json:
    told: Json = {"text": _named(one.what)} | _origin(one.origin)
    if isinstance(one.value, Quantity):
        return told | {"value": one.value.value, "unit": one.value.unit}
    return told | ({"value": one.value} if isinstance(one.value, str) else {})


def _origin(origin: Origin) -> Json:
    told = {"time": origin.time.isoformat() if origin.time else "", "institution": origin.institution}
    return {name: value for name, value in told.items() if value}


def _listed(known: Known[tuple[Any, ...]], read: Any) -> list[Json] | None:
    return None if isinstance(known, Unknown) else [read(one) for one in known]


# -- the answer ------------------------------------------------------------------------------------


def findings_in(answer: Any) -> Iterator[Json]:
    """Findings of a stored answer: of a plain review as they stand, of a hook taken out of their cards."""
    if not isinstance(answer, Mapping):
        return
    yield from answer.get("findings", ())
    for card in answer.get("cards", ()):
        finding = (card.get("extension") or {}).get(EXTENSION)
        if finding:
            yield finding | {"summary": _GRADE.sub("", card["summary"])} | dict(_parts(card.get("detail", "")))


def _parts(detail: str) -> Iterable[tuple[str, str]]:
    """Reason and advice of a card, as they were before they became markup."""
    for name, text in _PART.findall(detail):
        yield _PARTS[name], _ESCAPED.sub(r"\1", text).replace("&lt;", "<")


__all__ = ["findings_in", "order_json", "patient_json"]
