"""The course of a patient's care: everything on record by visit, the newest visit first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from inference.picture_parts import Item, Repeated, Stored, Visit, day, moment
from records.kinds import Json, ResourceError, key_of

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "diagnoses": ("Condition",),
    "results": ("Observation", "DiagnosticReport", "ImagingStudy"),
    "drugs": ("MedicationRequest", "MedicationDispense", "MedicationStatement", "MedicationAdministration"),
    "operations": ("Procedure",),
    "documents": ("Composition", "DocumentReference"),
    "immunizations": ("Immunization",),
    "plans": ("CarePlan", "Appointment", "ServiceRequest"),
}
_SECTION_OF: Final = {kind: section for section, kinds in SECTIONS.items() for kind in kinds}
_KINDS: Final = {
    "AMB": "门诊", "EMER": "急诊", "IMP": "住院", "ACUTE": "住院", "NONAC": "住院", "OBSENC": "留观", "HH": "上门",
    "VR": "互联网诊疗",
}  # fmt: skip
_NAMES: Final = (
    *("code", "medicationCodeableConcept", "vaccineCode", "type", "category", "serviceType", "title"),
    "description",
)
_STATES: Final = {
    "active": "", "recurrence": "复发", "relapse": "复发",
    "inactive": "非活动", "remission": "缓解", "resolved": "已愈",
}  # fmt: skip
"""How a diagnosis stands, where it is not simply there."""
_VOID: Final = frozenset({"entered-in-error"})
_HIGH: Final = frozenset({"H", "HU", ">"})
_LOW: Final = frozenset({"L", "LU", "<"})
_CRITICAL: Final = frozenset({"HH", "LL", "AA"})
MOST_VISITS: Final = 100
MOST_ITEMS: Final = 40


def timeline(stored: Sequence[Stored], twice: Mapping[str, Repeated]) -> tuple[Visit, ...]:
    """Visits with what belongs to them; what belongs to none stands under its day and institution. ``twice`` tells by
    reference what something repeats."""
    groups: dict[tuple[str, str], list[Stored]] = {}
    visits: dict[tuple[str, str], Stored] = {}
    for one in stored:
        if one.resource.get("status") in _VOID:
            continue
        kind = one.resource.get("resourceType")
        if kind == "Encounter":
            visits[(one.tenant, str(one.resource.get("id")))] = one
        elif kind in _SECTION_OF:
            groups.setdefault(_group(one), []).append(one)
    made = [_visit(visits.get(key), groups.get(key, []), twice) for key in visits.keys() | groups.keys()]
    return tuple(sorted(made, key=lambda visit: (visit.at, visit.institution), reverse=True)[:MOST_VISITS])


def _group(one: Stored) -> tuple[str, str]:
    try:
        encounter = key_of(one.resource).encounter
    except ResourceError:  # kept by an earlier, laxer version
        encounter = ""
    return one.tenant, encounter or f"day {day(one.at)}"


def _visit(encounter: Stored | None, found: Sequence[Stored], twice: Mapping[str, Repeated]) -> Visit:
    items, counts = _sections(found, twice)
    diagnoses = tuple(dict.fromkeys(item.title for item in items.get("diagnoses", ())))
    if encounter is None:
        newest = max(found, key=lambda one: one.at)
        return Visit(day(newest.at), newest.institution, diagnoses=diagnoses, items=items, counts=counts)
    resource = encounter.resource
    told = resource.get("class")
    kind = _KINDS.get(str(told.get("code")), str(told.get("display", ""))) if isinstance(told, Mapping) else ""
    period = resource.get("period")
    return Visit(
        moment(encounter.at),
        encounter.institution,
        kind,
        _end(period),
        named(resource.get("serviceType")),
        "、".join(filter(None, map(named, listed(resource.get("reasonCode"))))),
        diagnoses,
        items,
        counts,
    )


def _end(period: Any) -> str:
    end = period.get("end") if isinstance(period, Mapping) else None
    if not isinstance(end, str):
        return ""
    try:
        return moment(datetime.fromisoformat(end))
    except ValueError:
        return end[:16]


def _sections(
    found: Iterable[Stored], twice: Mapping[str, Repeated]
) -> tuple[dict[str, tuple[Item, ...]], dict[str, int]]:
    by_section: dict[str, list[Stored]] = {}
    for one in sorted(found, key=lambda one: one.at, reverse=True):
        by_section.setdefault(_SECTION_OF[str(one.resource["resourceType"])], []).append(one)
    order = [section for section in SECTIONS if section in by_section]
    items = {section: tuple(item_of(one, twice) for one in by_section[section][:MOST_ITEMS]) for section in order}
    return items, {section: len(by_section[section]) for section in order}


def item_of(one: Stored, twice: Mapping[str, Repeated] = MappingProxyType({})) -> Item:
    """A resource as one line."""
    resource = one.resource
    kind, reference = str(resource["resourceType"]), reference_of(one)
    return Item(
        kind,
        next(filter(None, (named(resource.get(name)) for name in _NAMES)), kind),
        moment(one.at),
        one.institution,
        reference,
        _detail(kind, resource),
        str(resource.get("status", "")),
        flag_of(resource),
        twice.get(reference),
    )


def reference_of(one: Stored) -> str:
    """What a resource is told apart by among those of all institutions."""
    return f"{one.tenant}/{one.resource.get('resourceType')}/{one.resource.get('id')}"


def _detail(kind: str, resource: Json) -> str:
    if kind == "Observation":
        return value_of(resource)
    if kind == "DiagnosticReport":
        return str(resource.get("conclusion") or "")
    if kind == "Condition":
        told = named(resource.get("clinicalStatus"))
        return _STATES.get(told.casefold(), told)
    dosage = next(iter(listed(resource.get("dosageInstruction") or resource.get("dosage"))), None)
    return str(dosage.get("text") or "") if isinstance(dosage, Mapping) else ""


def value_of(resource: Json) -> str:
    """The value of an observation as a clinician reads it, of several components each."""
    told = resource.get("valueQuantity")
    if isinstance(told, Mapping):
        return f"{told.get('value', '')} {told.get('unit') or told.get('code') or ''}".strip()
    if isinstance(resource.get("valueString"), str):
        return str(resource["valueString"])
    if named(resource.get("valueCodeableConcept")):
        return named(resource.get("valueCodeableConcept"))
    return "；".join(
        f"{named(part.get('code'))} {value_of(part)}"
        for part in listed(resource.get("component"))
        if isinstance(part, Mapping)
    )


def flag_of(resource: Json) -> str:
    """What the laboratory itself said of its value."""
    codes = {code for told in listed(resource.get("interpretation")) for code in codes_of(told)}
    if codes & _CRITICAL:
        return "critical"
    if codes & _HIGH:
        return "high"
    return "low" if codes & _LOW else "abnormal" if "A" in codes or "POS" in codes else ""


def named(value: Any) -> str:
    """Words of a CodeableConcept, a Coding, a text, or the first of several."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return next(filter(None, map(named, value)), "")
    if not isinstance(value, Mapping):
        return ""
    return str(value.get("text") or value.get("display") or "") or named(value.get("coding")) or str(
        value.get("code") or ""
    )  # fmt: skip


def codes_of(value: Any) -> Iterator[str]:
    """Codes of a CodeableConcept."""
    for coding in listed(value.get("coding")) if isinstance(value, Mapping) else ():
        if isinstance(coding, Mapping) and isinstance(coding.get("code"), str):
            yield coding["code"]


def listed(value: Any) -> list[Any]:
    """What may be one or several, as several."""
    return value if isinstance(value, list) else [] if value is None else [value]


__all__ = [
    "MOST_ITEMS",
    "MOST_VISITS",
    "SECTIONS",
    "codes_of",
    "flag_of",
    "item_of",
    "listed",
    "named",
    "reference_of",
    "timeline",
    "value_of",
]
