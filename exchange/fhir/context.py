"""A CDS Hooks request as clinical nouns: the patient's context and the orders under review."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, TypeVar

from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order, OrderStatus
from clinical.patient import (
    Allergy,
    Authority,
    ClinicalStatus,
    Condition,
    Observation,
    PatientContext,
    Pregnancy,
    Prescriber,
    Procedure,
    Report,
    Sex,
    Visit,
    says_no_allergy,
)
from clinical.value import Value
from exchange.fhir.orders import extension, read_order, read_orders
from exchange.fhir.shapes import ReadError, Resource, Sent, shaped
from exchange.fhir.values import Json, code_values, coded, day, display, moment, origin, quantity, texts

_T = TypeVar("_T")
Parts = Mapping[str, Any]
"""The members of a JSON object, each as sent (``msgspec.Raw``) or parsed."""
_VISITS: Final = {
    "AMB": Visit.OUTPATIENT,
    "EMER": Visit.EMERGENCY,
    "IMP": Visit.INPATIENT,
    "ACUTE": Visit.INPATIENT,
    "NONAC": Visit.INPATIENT,
    "OBSENC": Visit.EMERGENCY,
    "HH": Visit.HOME,
}
_AUTHORITIES: Final = {authority.value: authority for authority in Authority}
_IGNORED: Final = frozenset({"entered-in-error"})
_NO_ALLERGY: Final = frozenset({"716186003", "409137002"})
_NOT_NOW: Final = frozenset({"refuted", "entered-in-error", "resolved", "inactive"})
_INACTIVE: Final = frozenset({"inactive", "remission", "resolved"})
_DRUG_USES: Final = frozenset({"MedicationRequest", "MedicationStatement", "MedicationDispense"})
_WOMB_STATES: Final = frozenset({"82810-3"})
_PREGNANT: Final = frozenset({"77386006", "LA15173-0", "pregnant", "怀孕", "妊娠", "已孕", "是"})
_NOT_PREGNANT: Final = frozenset({"60001007", "LA26683-5", "not pregnant", "未孕", "未妊娠", "否"})
_GESTATION: Final = frozenset({"18185-9", "11884-4", "49051-6"})
_LACTATING: Final = frozenset({"63895-7"})
_STATES: Final = _WOMB_STATES | _GESTATION | _LACTATING
_YES: Final = frozenset({"LA33-6", "yes", "是", "哺乳", "哺乳期"})
_EMPTY: Final = Resource()


class Incoming(Value, frozen=True):
    """What a request says. ``focus`` are the selected orders (order-select), empty elsewhere."""

    context: PatientContext
    orders: tuple[Order, ...]
    focus: frozenset[str] = frozenset()


def read_context(hook_context: Parts, prefetch: Parts, now: datetime, stage: str = "") -> Incoming:
    """Read hook context and prefetched resources. A prefetch key that is absent or null leaves its list UNKNOWN.
    Raises ``ReadError`` naming the field that has not the shape FHIR gives it."""
    orders = tuple(_orders(hook_context))
    selections = hook_context.get("selections")
    focus: frozenset[str] = frozenset()
    if selections:
        focus = frozenset(shaped(selections, tuple[str, ...], "context.selections"))
    return Incoming(_patient(prefetch, hook_context, now, stage), orders, focus)


_KEYS: Final = {
    "Patient": "patient",
    "Encounter": "encounter",
    "PractitionerRole": "practitionerRole",
    "Condition": "conditions",
    "AllergyIntolerance": "allergies",
    "Observation": "observations",
    "DiagnosticReport": "reports",
    "Procedure": "procedures",
    "MedicationRequest": "medications",
    "MedicationStatement": "medications",
    "MedicationDispense": "medications",
}
_ORDERED: Final = frozenset({"MedicationRequest", "ServiceRequest"})


def split_bundle(bundle: Any) -> tuple[Json, dict[str, Any]]:
    """A Bundle of one prescription as hook context and prefetch: drafts are under review, requests of
    another status are what the patient has. Of a kind that does not occur nothing is known, but for the
    kinds that ``Bundle.meta.tag`` codes name as complete. Raises ``ReadError`` that names the field."""
    resources = shaped(bundle, Sent, "body").resources()
    meta = bundle.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else ()
    said = [tag.get("code") for tag in tags or () if isinstance(tag, dict)]
    prefetch: dict[str, Any] = {
        key: {"resourceType": "Bundle", "entry": []} for key in dict.fromkeys(_KEYS.values()) if key in said
    }
    drafts: list[Json] = []
    for number, resource in resources:
        entry, kind = {"resource": bundle["entry"][number]["resource"]}, resource.resource_type or ""
        if kind == "Medication" or (kind in _ORDERED and (resource.status or "draft") == "draft"):
            drafts.append(entry)
        elif kind in _KEYS:
            prefetch.setdefault(_KEYS[kind], {"resourceType": "Bundle", "entry": []})["entry"].append(entry)
    if not drafts:
        raise ReadError("entry", "holds no draft order: a MedicationRequest with status draft is what is reviewed")
    patient = next((r.id for _, r in resources if r.resource_type == "Patient"), "")
    return {"patientId": patient, "draftOrders": {"resourceType": "Bundle", "entry": drafts}}, prefetch


def read_bundle(bundle: Any, now: datetime) -> Incoming:
    """A Bundle of one prescription, as ``split_bundle`` takes it apart. Raises ``ReadError``."""
    context, prefetch = split_bundle(bundle)
    return read_context(context, prefetch, now, "medication-verify")


def _orders(hook_context: Parts) -> Iterator[Order]:
    """A Bundle of orders, or a single order (medication-verify), bare or as an entry."""
    for field in ("draftOrders", "medications", "order", "medication"):
        if hook_context.get(field) is not None:
            yield from read_orders(hook_context[field], f"context.{field}")


def _patient(prefetch: Parts, hook_context: Parts, now: datetime, stage: str) -> PatientContext:
    patient, encounter = _one(prefetch, "patient"), _one(prefetch, "encounter")
    observed = _resources(prefetch, "observations")
    states = _states(observed)
    return PatientContext(
        id=shaped(hook_context.get("patientId") or "", str, "context.patientId"),
        as_of=now,
        sex=Sex(patient.gender) if patient.gender in ("male", "female") else UNKNOWN,
        birth_date=day(patient.birth_date, "prefetch.patient.birthDate"),
        pregnancy=_pregnancy(states),
        lactating=_lactating(states),
        conditions=_list(prefetch, "conditions", _condition),
        allergies=_list(prefetch, "allergies", _allergy),
        observations=_nouns(observed, "observations", _observation),
        medications=_list(prefetch, "medications", _medication_use),
        reports=_list(prefetch, "reports", _report),
        procedures=_list(prefetch, "procedures", _procedure),
        department=_department(encounter),
        institution=display(encounter.service_provider),
        stage=stage,
        visit=_visit(encounter),
        admitted=_admitted(encounter),
        prescriber=_prescriber(_one(prefetch, "practitionerRole")),
        institution_level=_level(encounter),
        insurance=str(extension(encounter, "insurance-type") or ""),
    )


def _department(encounter: Resource) -> str:
    kind = encounter.service_type
    return "" if kind is None or isinstance(kind, tuple) else next(texts(kind), "")


def _visit(encounter: Resource) -> Known[Visit]:
    """From ``Encounter.class``: a Coding in R4, a list of CodeableConcepts in R5."""
    said = encounter.class_
    entries = said if isinstance(said, list) else [said]
    found: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            found += [entry.get("code"), *(c.get("code") for c in entry.get("coding") or () if isinstance(c, dict))]
    return next((_VISITS[code] for code in found if isinstance(code, str) and code in _VISITS), UNKNOWN)


def _admitted(encounter: Resource) -> Known[date]:
    period = encounter.period
    start = None if period is None else moment(period.start, "prefetch.encounter.period.start")
    return UNKNOWN if start is None else start.date()


def _level(encounter: Resource) -> Known[int]:
    level = extension(encounter, "institution-level")
    return level if isinstance(level, int) and not isinstance(level, bool) and 1 <= level <= 3 else UNKNOWN


def _prescriber(role: Resource) -> Known[Prescriber]:
    """From the PractitionerRole: title in ``code``, authorities in extensions."""
    if role is _EMPTY:
        return UNKNOWN
    codes = role.code if isinstance(role.code, tuple) else (role.code,)
    titles = (text for concept in codes for text in texts(concept))
    authority = _AUTHORITIES.get(str(extension(role, "antimicrobial-authority")), UNKNOWN)
    controlled = extension(role, "controlled-drug-authority")
    known = controlled if isinstance(controlled, bool) else UNKNOWN
    return Prescriber(display(role.practitioner), next(titles, ""), authority, known)


def _one(prefetch: Parts, key: str) -> Resource:
    """The only resource under a key; an empty one when there is none."""
    found = _resources(prefetch, key)
    return _EMPTY if isinstance(found, Unknown) or not found else found[0][1]


def _resources(prefetch: Parts, key: str) -> Known[list[tuple[int, Resource]]]:
    """Resources of a prefetched Bundle (or a single one); UNKNOWN when it was not given or could not be had
    (an OperationOutcome in its place)."""
    value = prefetch.get(key)
    if value is None:
        return UNKNOWN
    sent = shaped(value, Sent, f"prefetch.{key}")
    return UNKNOWN if sent.resource_type == "OperationOutcome" else sent.resources()


def _list(prefetch: Parts, key: str, read: Callable[[Resource], _T | None]) -> Known[tuple[_T, ...]]:
    return _nouns(_resources(prefetch, key), key, read)


def _nouns(
    resources: Known[list[tuple[int, Resource]]], key: str, read: Callable[[Resource], _T | None]
) -> Known[tuple[_T, ...]]:
    """Resources as nouns, without what was entered in error."""
    if isinstance(resources, Unknown):
        return UNKNOWN
    nouns: list[_T] = []
    for number, resource in resources:
        if resource.status in _IGNORED:
            continue
        try:
            noun = read(resource)
        except ReadError as error:
            raise error.within(f"prefetch.{key}.entry[{number}].resource") from None
        if noun is not None:
            nouns.append(noun)
    return tuple(nouns)


def _condition(resource: Resource) -> Condition | None:
    if resource.resource_type != "Condition" or "refuted" in code_values(resource.verification_status):
        return None
    inactive = not _INACTIVE.isdisjoint(code_values(resource.clinical_status))
    onset = moment(resource.onset_date_time, "onsetDateTime")
    time = moment(resource.recorded_date, "recordedDate") or onset
    return Condition(
        what=coded(resource.named()),
        status=ClinicalStatus.INACTIVE if inactive else ClinicalStatus.ACTIVE,
        onset=onset.date() if onset else None,
        origin=origin(resource, time),
    )


def _allergy(resource: Resource) -> Allergy | None:
    """Refuted, resolved and "no known allergy" entries are no allergies."""
    said = (*code_values(resource.verification_status), *code_values(resource.clinical_status))
    what = coded(resource.named())
    none = not _NO_ALLERGY.isdisjoint(code.value for code in what.codes) or says_no_allergy(what.text)
    if none or not _NOT_NOW.isdisjoint(said):
        return None
    reactions = resource.reaction or ()
    words = (next(texts(m), "") for reaction in reactions for m in reaction.manifestation or ())
    severe = any(reaction.severity == "severe" for reaction in reactions) or resource.criticality == "high"
    time = moment(resource.recorded_date, "recordedDate")
    return Allergy(what, tuple(w for w in words if w), True if severe else UNKNOWN, origin(resource, time))


def _observation(resource: Resource) -> Observation | None:
    if resource.resource_type != "Observation" or resource.status == "cancelled":
        return None
    return Observation(coded(resource.named()), _value(resource), origin(resource, _effective(resource)))


def _value(resource: Resource) -> Known[Any]:
    if resource.value_quantity is not None:
        return quantity(resource.value_quantity)
    if resource.value_string is not None:
        return resource.value_string
    return next(texts(resource.value_codeable_concept), UNKNOWN)


def _effective(resource: Resource) -> datetime | None:
    if resource.effective_period is not None:
        return moment(resource.effective_period.start, "effectivePeriod.start")
    return moment(resource.effective_date_time or resource.issued, "effectiveDateTime")


def _medication_use(resource: Resource) -> Order | None:
    """Active drugs, and past ones whose last day is known: some still act for weeks. Drafts are under review."""
    if resource.resource_type not in _DRUG_USES:
        return None
    order = read_order(resource, {})
    kept = order.is_active() or (order.status is not OrderStatus.DRAFT and order.stop is not None)
    return order if kept else None


def _report(resource: Resource) -> Report | None:
    if resource.resource_type != "DiagnosticReport":
        return None
    recognised = extension(resource, "recognised")
    return Report(
        what=coded(resource.named()),
        conclusion=resource.conclusion or "",
        recognised=recognised if isinstance(recognised, bool) else UNKNOWN,
        origin=origin(resource, _effective(resource)),
    )


def _procedure(resource: Resource) -> Procedure | None:
    if resource.resource_type != "Procedure":
        return None
    time = moment(resource.performed_date_time, "performedDateTime")
    return Procedure(coded(resource.named()), origin(resource, time))


def _states(observed: Known[list[tuple[int, Resource]]]) -> list[Resource]:
    """Observations that say whether somebody is pregnant, for how long, or breast-feeding."""
    if isinstance(observed, Unknown):
        return []
    return [r for _, r in observed if not _STATES.isdisjoint(code_values(r.named()))]


def _pregnancy(states: list[Resource]) -> Known[Pregnancy | None]:
    """Pregnancy status (LOINC 82810-3) and gestational age."""
    status = _stated(states, _WOMB_STATES)
    if status is not None and _words(status) & _NOT_PREGNANT:
        return None
    if status is not None and _words(status) & _PREGNANT:
        days = _gestation_days(_stated(states, _GESTATION))
        return Pregnancy(days, origin(status, _effective(status)))
    return UNKNOWN


def _gestation_days(age: Resource | None) -> Known[int]:
    found = UNKNOWN if age is None else quantity(age.value_quantity)
    return UNKNOWN if isinstance(found, Unknown) else round(found.to("d").value)


def _lactating(states: list[Resource]) -> Known[bool]:
    status = _stated(states, _LACTATING)
    return UNKNOWN if status is None else bool(_words(status) & _YES)


def _stated(states: list[Resource], codes: frozenset[str]) -> Resource | None:
    """The newest observation of a state."""
    matching = [r for r in states if not codes.isdisjoint(code_values(r.named()))]
    return max(matching, key=lambda r: r.effective_date_time or "", default=None)


def _words(resource: Resource) -> set[str]:
    concept = resource.value_codeable_concept
    found = {*code_values(concept), *texts(concept)}
    return found if resource.value_string is None else found | {resource.value_string}


__all__ = ["Incoming", "Parts", "ReadError", "read_bundle", "read_context", "read_orders", "split_bundle"]
