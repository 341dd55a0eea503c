"""What a hook of ours is: one per file in ``api/hooks``, each ending with ``HOOK``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clinical.finding import Severity

SPECIFICATION_VERSION = "2.0.1"
PATIENT = "{{context.patientId}}"

PREFETCH: dict[str, str] = {
    "patient": f"Patient/{PATIENT}",
    "encounter": "Encounter/{{context.encounterId}}",
    "conditions": f"Condition?patient={PATIENT}&_count=200",
    "allergies": f"AllergyIntolerance?patient={PATIENT}&_count=100",
    "medications": f"MedicationRequest?patient={PATIENT}&status=active&_count=200",
    "observations": f"Observation?patient={PATIENT}&_sort=-date&_count=200",
    "reports": f"DiagnosticReport?patient={PATIENT}&_sort=-date&_count=100",
    "procedures": f"Procedure?patient={PATIENT}&_count=100",
    "immunizations": f"Immunization?patient={PATIENT}&_count=100",
    "practitionerRole": "PractitionerRole?practitioner={{userPractitionerId}}&_count=1",
    "orders": "ServiceRequest?_id={{context.dispatchedOrders}}",
    "medicationOrders": "MedicationRequest?_id={{context.dispatchedOrders}}",
}
"""Every prefetch key we declare, with its FHIR query. A list of references stands for those of the kind asked for."""


class Subject(StrEnum):
    """Which orders a hook reviews."""

    DRAFT = "draft"
    ACTIVE = "active"
    DISPATCHED = "dispatched"


@dataclass(frozen=True, slots=True)
class Hook:
    """A CDS service.

    ``name`` is the service id; ``context`` maps required context fields to the JSON type they
    must have; ``prefetch`` and ``required`` are keys of ``PREFETCH`` (what is required and cannot
    be had means 412), ``any_of`` keys of which one is required; ``least`` is the least severity
    worth a card here; ``stage`` what policies know this moment as; ``submits`` lets a request put
    what it reviews into the pharmacist's queue; ``advice`` names what answers instead of a review
    of orders (``api.advice``).
    """

    name: str
    hook: str
    hook_version: str
    title: str
    description: str
    context: dict[str, type]
    prefetch: tuple[str, ...]
    required: tuple[str, ...] = ("patient",)
    any_of: tuple[str, ...] = ()
    reviews: Subject = Subject.DRAFT
    submits: bool = False
    advice: str = ""
    least: Severity = Severity.INFO
    stage: str = ""
    usage: str = "完整检查需要患者、诊断、过敏、在用药品与检验数据；缺少的数据会在响应中列为未能检查。"

    def described(self) -> dict[str, Any]:
        """The service as discovery lists it (no member is null or empty)."""
        told: dict[str, Any] = {
            "id": self.name,
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "usageRequirements": self.usage,
            "version": SPECIFICATION_VERSION,
            "hookVersion": self.hook_version,
        }
        if self.prefetch:
            told["prefetch"] = {key: PREFETCH[key] for key in self.prefetch}
        return told


ALL_KEYS = (
    "patient",
    "encounter",
    "conditions",
    "allergies",
    "medications",
    "observations",
    "reports",
    "procedures",
    "immunizations",
    "practitionerRole",
)
"""What a review of orders can make use of."""
