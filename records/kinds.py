"""What the repository needs to know of a FHIR resource to find it again: its type as a small number, when it was
true, its status, its main code, the visit it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from clinical.coded import zoned
from clinical.value import Value

Json = Mapping[str, Any]

_R4: Final = (
    "Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic "
    "Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry "
    "ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication "
    "CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage "
    "CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric "
    "DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference "
    "EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition "
    "Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition "
    "Group GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation "
    "ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure "
    "MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge "
    "MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization "
    "MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient "
    "MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged "
    "MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader "
    "MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition "
    "OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation "
    "Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse "
    "RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject "
    "RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition "
    "StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer "
    "SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery "
    "SupplyRequest Task TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription"
).split()
"""Resource types of FHIR R4 in the order of their numbers: what is new goes to the end, nothing ever moves."""
NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(_R4, start=1)}
NAMES: Final[Mapping[int, str]] = {number: name for name, number in NUMBERS.items()}
OPEN: Final = frozenset(
    "AllergyIntolerance Appointment AppointmentResponse CarePlan Condition Device DeviceRequest DiagnosticReport "
    "Encounter EpisodeOfCare Flag Goal HealthcareService ImagingStudy Immunization Location Medication "
    "MedicationAdministration MedicationDispense MedicationRequest MedicationStatement NutritionOrder Observation "
    "Organization PractitionerRole Procedure Schedule ServiceRequest Slot Specimen Task".split()
)
"""Types that say what was done or found and not who somebody is: kept readable, unless one names a person after all.
All others are sealed."""
_TIMES: Final = (
    *("effectiveDateTime", "effectiveInstant", "effectivePeriod", "performedDateTime", "performedPeriod"),
    *("whenHandedOver", "whenPrepared", "authoredOn", "occurrenceDateTime", "occurrencePeriod", "recordedDate"),
    *("issued", "dateAsserted", "onsetDateTime", "onsetPeriod", "period", "start", "started", "dateTime", "date"),
    *("authored", "created", "sent", "lastModified", "planningHorizon", "receivedTime"),
)
"""Where resources say when they were true, the most telling first."""
_CODES: Final = ("code", "medicationCodeableConcept", "vaccineCode", "type", "class", "serviceType", "category")
_LONGEST_CODE: Final = 40
_LONGEST_ID: Final = 128
MORE: Final = "+"
"""Ends a main code that is not the only one."""


class ResourceError(ValueError):
    """A resource that cannot be kept: ``field`` (``Observation.effectiveDateTime``) and what would be right; never a
    value of it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class Key(Value, frozen=True):
    """What a resource is found by. ``at`` is UTC; ``code`` the first code, ended by ``MORE`` when it is not all."""

    kind: int
    local: str
    at: datetime | None
    sent: datetime | None
    status: str
    code: str
    encounter: str


def number_of(kind: str) -> int:
    """The number of a resource type. Raises ``ResourceError``."""
    number = NUMBERS.get(kind)
    if number is None:
        raise ResourceError("resourceType", "须为 FHIR R4 的资源类型")
    return number


def key_of(resource: Json) -> Key:
    """What a resource is found by. Raises ``ResourceError`` that names the field."""
    kind, local = resource.get("resourceType"), resource.get("id")
    number = number_of(kind if isinstance(kind, str) else "")
    if not isinstance(local, str) or not 0 < len(local) <= _LONGEST_ID or not local.isprintable():
        raise ResourceError(f"{kind}.id", f"必填，须为 {_LONGEST_ID} 个以内的可打印字符")
    meta = resource.get("meta")
    changed = meta.get("lastUpdated") if isinstance(meta, Mapping) else None
    return Key(
        number,
        local,
        _time(resource, str(kind)),
        None if changed is None else _moment(changed, f"{kind}.meta.lastUpdated"),
        _storable(_status(resource)[:24]),
        _storable(_code(resource)),
        _storable(_encounter(resource)),
    )


def _storable(text: str) -> str:
    """PostgreSQL keeps no text with a zero byte."""
    return text.replace("\0", "")


def _time(resource: Json, kind: str) -> datetime | None:
    for name in _TIMES:
        value = resource.get(name)
        if isinstance(value, Mapping):
            value, name = value.get("start"), f"{name}.start"
        if value is not None:
            return _moment(value, f"{kind}.{name}")
    collected = resource.get("collection")
    when = collected.get("collectedDateTime") if isinstance(collected, Mapping) else None
    return None if when is None else _moment(when, f"{kind}.collection.collectedDateTime")


def _moment(value: Any, field: str) -> datetime:
    found = _read(value) if isinstance(value, str) else None
    if found is None:
        raise ResourceError(field, "须为日期时间，如 2026-01-31 或 2026-01-31T08:00:00+08:00")
    return found


@lru_cache(maxsize=4096)
def _read(text: str) -> datetime | None:
    """A dateTime in UTC, that of China without a zone; a partial one stands for its first moment."""
    whole = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    try:
        return zoned(datetime.fromisoformat(whole)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _status(resource: Json) -> str:
    status = resource.get("status")
    if isinstance(status, str):
        return status
    return next(_codes(resource.get("clinicalStatus")), "")


def _code(resource: Json) -> str:
    """The first code of what the resource is about. One that only a referenced medication tells may be any."""
    if "medicationReference" in resource:
        return MORE
    for name in _CODES:
        found = list(_codes(resource.get(name)))
        if found:
            whole = len(found) == 1 and len(found[0]) <= _LONGEST_CODE
            return found[0] if whole else f"{found[0][:_LONGEST_CODE]}{MORE}"
    return ""


def _codes(value: Any) -> Iterator[str]:
    """Code strings of a CodeableConcept, a Coding, or several."""
    if isinstance(value, list):
        for item in value:
            yield from _codes(item)
    elif isinstance(value, Mapping):
        if isinstance(value.get("code"), str):
            yield value["code"]
        yield from _codes(value.get("coding"))


def _encounter(resource: Json) -> str:
    for holder in (resource, resource.get("context")):
        if isinstance(holder, Mapping):
            given = holder.get("encounter")
            found = _referred(given[0] if isinstance(given, list) and given else given, "Encounter")
            if found:
                return found
    return _referred(resource.get("context"), "Encounter")


def _referred(value: Any, kind: str) -> str:
    """The id of a reference to a resource of a type, relative or absolute; empty for any other."""
    reference = value.get("reference") if isinstance(value, Mapping) else None
    if not isinstance(reference, str):
        return ""
    path, _, local = reference.partition("/_history/")[0].rpartition("/")
    return local[:_LONGEST_ID] if path == kind or path.endswith(f"/{kind}") else ""


__all__ = ["MORE", "NAMES", "NUMBERS", "OPEN", "Json", "Key", "ResourceError", "key_of", "number_of"]
