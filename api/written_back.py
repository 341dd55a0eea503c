"""What an inference proposes as FHIR resources for a hospital's system to take over: a suspected or differential
diagnosis as a Condition nobody has confirmed, a test or examination as a request in draft. Of nobody's record there
is nothing to write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from api.treatment_json import codes_of, resource_of
from clinical.coded import Coded
from clinical.order import Order, OrderKind
from exchange.building import coded, coding, concept, slim, to
from exchange.fhir.values import Json
from knowledge.snapshot import Snapshot

_KINDS: Final = {"lab": OrderKind.LAB, "exam": OrderKind.EXAM}


def condition(
    disease: str, patient: str, verification: Literal["provisional", "differential"], snapshot: Snapshot
) -> Json:
    """A diagnosis of the release as a Condition; empty without a patient. Only an exact ICD-10 code is told."""
    if not patient or not disease:
        return {}
    name = snapshot.name(disease)
    resource = slim(
        resourceType="Condition",
        clinicalStatus=coded("condition-clinical", "active"),
        verificationStatus=coded("condition-ver-status", verification),
        category=[coded("condition-category", "encounter-diagnosis")],
        code=concept(name, [coding(code.system, code.value, name) for code in codes_of(disease, snapshot)]),
        subject=to("Patient", patient),
    )
    return {"resource": resource}


def request(item: str, kind: str, patient: str, reasons: Iterable[str], snapshot: Snapshot) -> Json:
    """A test or examination as a request in draft, with the diseases it is for; empty without a patient."""
    if not patient:
        return {}
    because = tuple(Coded(snapshot.name(disease)) for disease in dict.fromkeys(reasons))
    order = Order("", _KINDS[kind], Coded(snapshot.name(item), (), (item,)), reason=because)
    return {"resource": resource_of(order, patient, snapshot)}
