"""A CDS Hooks request as clinical nouns: the patient's context and the orders under review."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

from clinical.coded import china_day
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
from exchange.fhir.orders import extension, read_dispense, read_drug, read_orders
from exchange.fhir.readings import Reader, once_a_text
from exchange.fhir.shapes import ABSENT, OUTCOME, Bundle, Concept, ReadError, Resource, part, shaped
from exchange.fhir.values import (
    Json,
    code_values,
    day,
    days_of,
    display,
    moment,
    moment_of,
    origin,
    quantity,
    said,
    texts,
)

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
_SEXES: Final = {"male": Sex.MALE, "female": Sex.FEMALE}
_IGNORED: Final = "entered-in-error"
_NO_ALLERGY: Final = frozenset({"716186003", "409137002"})
_NOT_NOW: Final = frozenset({"refuted", "entered-in-error", "resolved", "inactive"})
_VOID: Final = frozenset({"refuted", "entered-in-error"})
_INACTIVE: Final = frozenset({"inactive", "remission", "resolved"})
_DRUG_USES: Final = frozenset({"MedicationRequest", "MedicationStatement", "MedicationDispense"})
_DISPENSED: Final = "MedicationDispense"
_WOMB_STATES: Final = frozenset({"82810-3"})
_PREGNANT: Final = frozenset({"77386006", "LA15173-0", "pregnant", "怀孕", "妊娠", "已孕", "是"})
_NOT_PREGNANT: Final = frozenset({"60001007", "LA26683-5", "not pregnant", "未孕", "未妊娠", "否"})
_GESTATION: Final = frozenset({"18185-9", "11884-4", "49051-6"})
_LACTATING: Final = frozenset({"63895-7"})
_STATES: Final = _WOMB_STATES | _GESTATION | _LACTATING
_YES: Final = frozenset({"LA33-6", "yes", "是", "哺乳", "哺乳期"})
_EMPTY: Final = Resource()
_ON: Final = ClinicalStatus.ACTIVE
_OVER: Final = ClinicalStatus.INACTIVE
_GOING_ON: Final = OrderStatus.ACTIVE


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
_PLACE: Final = re.compile(r"(context|prefetch)\.(\w+)(?:\.entry\[(\d+)\]\.resource)?")
"""Where a resource stands in hook context or prefetch: of a list, or alone."""


def split_bundle(bundle: Any) -> tuple[Json, dict[str, Any]]:
    """A Bundle of one prescription as hook context and prefetch: drafts are under review, requests of
    another status are what the patient has. Of a kind that does not occur nothing is known, but for the
    kinds that ``Bundle.meta.tag`` codes name as complete. Raises ``ReadError`` that names the field."""
    sent = shaped(bundle, Bundle, "body")
    if sent.resource_type != "Bundle":
        raise ReadError("body.resourceType", "须为 Bundle，其中是一张处方的各资源")
    told = [(n, e.resource) for n, e in enumerate(sent.entry or ()) if e.resource.resource_type != OUTCOME]
    for number, resource in told:
        if resource.resource_type in (None, "Bundle"):
            raise ReadError(f"body.entry[{number}].resource.resourceType", "须为处方的一项资源")
    meta = bundle.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else ()
    said = [tag.get("code") for tag in tags or () if isinstance(tag, dict)]
    prefetch: dict[str, Any] = {
        key: {"resourceType": "Bundle", "entry": []} for key in dict.fromkeys(_KEYS.values()) if key in said
    }
    drafts: list[Json] = []
    for number, resource in told:
        entry, kind = {"resource": bundle["entry"][number]["resource"]}, resource.resource_type or ""
        if kind == "Medication" or (kind in _ORDERED and (resource.status or "draft") == "draft"):
            drafts.append(entry)
        elif kind in _KEYS:
            prefetch.setdefault(_KEYS[kind], {"resourceType": "Bundle", "entry": []})["entry"].append(entry)
    if not drafts:
        raise ReadError("body.entry", "没有待审的医嘱：status 为 draft 的 MedicationRequest 才审查")
    patient = next((r.id for _, r in told if r.resource_type == "Patient"), "")
    return {"patientId": patient, "draftOrders": {"resourceType": "Bundle", "entry": drafts}}, prefetch


def read_bundle(bundle: Any, now: datetime) -> Incoming:
    """A Bundle of one prescription, as ``split_bundle`` takes it apart. Raises ``ReadError`` naming the field where
    it stands in the Bundle."""
    context, prefetch = split_bundle(bundle)
    try:
        return read_context(context, prefetch, now, "medication-verify")
    except ReadError as error:
        raise _as_sent(error, bundle, {"context": context, "prefetch": prefetch}) from None


def _as_sent(error: ReadError, bundle: Json, parts: Mapping[str, Json]) -> ReadError:
    """An error in what a Bundle was taken apart into, by where it stands in the Bundle."""
    place = _PLACE.match(error.path)
    part = parts[place[1]].get(place[2]) if place else None
    if place is None or not isinstance(part, dict):
        return error
    resource = part["entry"][int(place[3] or 0)]["resource"]
    number = next(n for n, entry in enumerate(bundle["entry"]) if entry["resource"] is resource)
    return ReadError(f"body.entry[{number}].resource{error.path[place.end() :]}", error.message)


def _orders(hook_context: Parts) -> list[Order]:
    """A Bundle of orders, or a single order (medication-verify), bare or as an entry."""
    orders: list[Order] = []
    for field in ("draftOrders", "medications", "order", "medication"):
        if hook_context.get(field) is not None:
            orders += read_orders(hook_context[field], f"context.{field}")
    return orders


def _patient(prefetch: Parts, hook_context: Parts, now: datetime, stage: str) -> PatientContext:
    patient, encounter = _one(prefetch, "patient"), _one(prefetch, "encounter")
    observations, states = _observations(prefetch)
    return PatientContext(
        id=shaped(hook_context.get("patientId") or "", str, "context.patientId"),
        as_of=now,
        sex=_SEXES.get(patient.gender or "", UNKNOWN),
        birth_date=day(patient.birth_date, "prefetch.patient.birthDate"),
        pregnancy=_pregnancy(states) if states else UNKNOWN,
        lactating=_lactating(states) if states else UNKNOWN,
        conditions=_list(prefetch, "conditions", _conditions),
        allergies=_list(prefetch, "allergies", _allergies),
        observations=observations,
        medications=_list(prefetch, "medications", _medication_uses),
        reports=_list(prefetch, "reports", _reports),
        procedures=_list(prefetch, "procedures", _procedures),
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
    given = encounter.class_
    for entry in given if isinstance(given, list) else (given,):
        if isinstance(entry, dict):
            for coding in (entry, *(entry.get("coding") or ())):
                code = coding.get("code") if isinstance(coding, dict) else None
                if isinstance(code, str) and code in _VISITS:
                    return _VISITS[code]
    return UNKNOWN


def _admitted(encounter: Resource) -> Known[date]:
    period = encounter.period
    start = None if period is None else moment(period.start, "prefetch.encounter.period.start")
    return UNKNOWN if start is None else china_day(start)


def _level(encounter: Resource) -> Known[int]:
    level = extension(encounter, "institution-level")
    return level if isinstance(level, int) and not isinstance(level, bool) and 1 <= level <= 3 else UNKNOWN


def _prescriber(role: Resource) -> Known[Prescriber]:
    """From the PractitionerRole: title in ``code``, authorities and whether the prescription is signed in
    extensions. Who is not named goes by the number of the Reference, else of the role."""
    if role is _EMPTY:
        return UNKNOWN
    authority = _AUTHORITIES.get(str(extension(role, "antimicrobial-authority")), UNKNOWN)
    controlled = extension(role, "controlled-drug-authority")
    known = controlled if isinstance(controlled, bool) else UNKNOWN
    signed = extension(role, "prescription-signed")
    who = role.practitioner
    name = display(who) or ("" if who is None else (who.reference or "").rpartition("/")[2]) or role.id or ""
    title = _title(bytes(role.code))
    return Prescriber(name, title, authority, known, signed if isinstance(signed, bool) else UNKNOWN)


@lru_cache(maxsize=1024)
def _title(codes: bytes) -> str:
    try:
        read = part(codes, "code")
    except ReadError as error:
        raise error.within("prefetch.practitionerRole") from None
    concepts: tuple[Concept | None, ...] = read if isinstance(read, tuple) else (read,)
    return next((text for concept in concepts for text in texts(concept)), "")


def _one(prefetch: Parts, key: str) -> Resource:
    """The only resource under a key; an empty one when there is none."""
    found = _list(prefetch, key, _usable)
    return _EMPTY if isinstance(found, Unknown) or not found else found[0]


def _list(prefetch: Parts, key: str, read: Reader[_T | None]) -> Known[tuple[_T, ...]]:
    """Resources of a prefetched Bundle (or a single one) as nouns, without what says nothing of the patient; UNKNOWN
    when it was not given or could not be had (an OperationOutcome in its place)."""
    value = prefetch.get(key)
    if value is None:
        return UNKNOWN
    found = read(value, f"prefetch.{key}")
    return UNKNOWN if found is None else tuple([noun for noun in found if noun is not None])


def _known(read: Callable[[Resource], _T | None], *kinds: str) -> Reader[_T | None]:
    """A reader that passes over what was entered in error."""
    return once_a_text(lambda r: None if r.status == _IGNORED or r.resource_type == OUTCOME else read(r), kinds)


_usable: Final = once_a_text(lambda resource: None if resource.resource_type == OUTCOME else resource, untyped=True)


def _condition(resource: Resource) -> Condition | None:
    verified = resource.verification_status
    if resource.resource_type != "Condition" or (
        verified is not ABSENT and not _VOID.isdisjoint(said(bytes(verified), "verificationStatus").codes)
    ):
        return None
    clinical = resource.clinical_status
    over = clinical is not ABSENT and not _INACTIVE.isdisjoint(said(bytes(clinical), "clinicalStatus").codes)
    began, recorded = resource.onset_date_time, resource.recorded_date
    onset = None if began is None else moment_of(began, "onsetDateTime")
    time = onset if recorded is None else moment_of(recorded, "recordedDate")
    return Condition(
        said(bytes(resource.code), "code").what,
        _OVER if over else _ON,
        china_day(onset) if onset else None,
        origin(resource, time),
    )


def _allergy(resource: Resource) -> Allergy | None:
    """Refuted, resolved and "no known allergy" entries are no allergies."""
    verified = said(bytes(resource.verification_status), "verificationStatus").codes
    clinical = said(bytes(resource.clinical_status), "clinicalStatus").codes
    what = said(bytes(resource.code), "code").what
    none = not _NO_ALLERGY.isdisjoint(code.value for code in what.codes) or says_no_allergy(what.text)
    if none or not _NOT_NOW.isdisjoint(verified) or not _NOT_NOW.isdisjoint(clinical):
        return None
    reactions = resource.reaction or ()
    words = (next(texts(m), "") for reaction in reactions for m in reaction.manifestation or ())
    severe = any(reaction.severity == "severe" for reaction in reactions) or resource.criticality == "high"
    time = moment(resource.recorded_date, "recordedDate")
    return Allergy(what, tuple(w for w in words if w), True if severe else UNKNOWN, origin(resource, time))


def _observations(prefetch: Parts) -> tuple[Known[tuple[Observation, ...]], list[Resource]]:
    """Observations, and the resources among them that say whether somebody is pregnant, for how long, or
    breast-feeding."""
    found = _list(prefetch, "observations", _observed)
    if isinstance(found, Unknown):
        return UNKNOWN, []
    nouns = tuple([noun for noun, _ in found if noun is not None])
    return nouns, [state for _, state in found if state is not None]


def _observation(resource: Resource) -> tuple[Observation | None, Resource | None] | None:
    named = said(bytes(resource.code), "code")
    if resource.status == "cancelled":
        return None
    state = resource if named.codes and not _STATES.isdisjoint(named.codes) else None
    if resource.resource_type != "Observation":
        return None, state
    time = _effective(resource)
    return Observation(named.what, _value(resource), origin(resource, time)), state


def _value(resource: Resource) -> Known[Any]:
    if resource.value_quantity is not None:
        return quantity(resource.value_quantity)
    if resource.value_string is not None:
        return resource.value_string
    return next(texts(resource.value_codeable_concept), UNKNOWN)


def _effective(resource: Resource) -> datetime | None:
    if resource.effective_period is not None:
        return moment(resource.effective_period.start, "effectivePeriod.start")
    stated = resource.effective_date_time or resource.issued
    return None if stated is None else moment_of(stated, "effectiveDateTime")


def _medication_use(resource: Resource) -> Order | None:
    """Active drugs, and past ones whose last day is known: some still act for weeks. Drafts are under review."""
    if resource.resource_type not in _DRUG_USES:
        return None
    order = (read_dispense if resource.resource_type == _DISPENSED else read_drug)(resource, {})
    if order.status is _GOING_ON or order.is_active():
        return order
    return order if order.status is not OrderStatus.DRAFT and order.stop is not None else None


def _report(resource: Resource) -> Report | None:
    if resource.resource_type != "DiagnosticReport":
        return None
    recognised = extension(resource, "recognised")
    return Report(
        what=said(bytes(resource.code), "code").what,
        conclusion=resource.conclusion or "",
        recognised=recognised if isinstance(recognised, bool) else UNKNOWN,
        origin=origin(resource, _effective(resource)),
    )


def _procedure(resource: Resource) -> Procedure | None:
    if resource.resource_type != "Procedure":
        return None
    time = moment(resource.performed_date_time, "performedDateTime")
    return Procedure(said(bytes(resource.code), "code").what, origin(resource, time))


_conditions: Final = _known(_condition, "Condition")
_allergies: Final = _known(_allergy, "AllergyIntolerance")
_observed: Final = _known(_observation, "Observation")
_medication_uses: Final = _known(_medication_use, *sorted(_DRUG_USES))
_reports: Final = _known(_report, "DiagnosticReport")
_procedures: Final = _known(_procedure, "Procedure")


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
    days = UNKNOWN if age is None else days_of(quantity(age.value_quantity))
    return UNKNOWN if isinstance(days, Unknown) else round(days)


def _lactating(states: list[Resource]) -> Known[bool]:
    status = _stated(states, _LACTATING)
    return UNKNOWN if status is None else bool(_words(status) & _YES)


def _stated(states: list[Resource], codes: frozenset[str]) -> Resource | None:
    """The newest observation of a state."""
    matching = [r for r in states if not codes.isdisjoint(said(bytes(r.code), "code").codes)]
    return max(matching, key=lambda r: r.effective_date_time or "", default=None)


def _words(resource: Resource) -> set[str]:
    concept = resource.value_codeable_concept
    found = {*code_values(concept), *texts(concept)}
    return found if resource.value_string is None else found | {resource.value_string}


__all__ = ["Incoming", "Parts", "ReadError", "read_bundle", "read_context", "read_orders", "split_bundle"]
