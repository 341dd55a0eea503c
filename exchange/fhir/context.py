"""A CDS Hooks request as clinical nouns: the patient's context and the orders under review."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from clinical.coded import Coded
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order, OrderKind, OrderStatus, Purpose
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
from exchange.fhir.dosage import read_dosage
from exchange.fhir.values import (
    Json,
    ReadError,
    code_values,
    coded,
    day,
    listing,
    mapping,
    moment,
    origin,
    quantity,
    reference,
    texts,
)

_T = TypeVar("_T")
_STATUS: Final = {
    "draft": OrderStatus.DRAFT,
    "active": OrderStatus.ACTIVE,
    "intended": OrderStatus.ACTIVE,
    "on-hold": OrderStatus.ON_HOLD,
    "stopped": OrderStatus.STOPPED,
    "completed": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.STOPPED,
    "revoked": OrderStatus.STOPPED,
    "not-taken": OrderStatus.STOPPED,
}
_PURPOSES: Final = {purpose.value: purpose for purpose in Purpose}
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
_LAB: Final = frozenset({"laboratory", "LAB", "108252007", "检验"})
_EXAM: Final = frozenset({"imaging", "RAD", "363679005", "检查", "exam"})
_PROCEDURE: Final = frozenset({"procedure", "surgery", "387713003", "手术", "操作"})
_BLOOD: Final = frozenset({"transfusion", "116859006", "输血", "用血"})
_WOMB_STATES: Final = frozenset({"82810-3"})
_PREGNANT: Final = frozenset({"77386006", "LA15173-0", "pregnant", "怀孕", "妊娠", "已孕", "是"})
_NOT_PREGNANT: Final = frozenset({"60001007", "LA26683-5", "not pregnant", "未孕", "未妊娠", "否"})
_GESTATION: Final = frozenset({"18185-9", "11884-4", "49051-6"})
_LACTATING: Final = frozenset({"63895-7"})
_STATES: Final = _WOMB_STATES | _GESTATION | _LACTATING
_YES: Final = frozenset({"LA33-6", "yes", "是", "哺乳", "哺乳期"})


class Incoming(Value, frozen=True):
    """What a request says. ``focus`` are the selected orders (order-select), empty elsewhere."""

    context: PatientContext
    orders: tuple[Order, ...]
    focus: frozenset[str] = frozenset()


def read_context(hook_context: Json, prefetch: Mapping[str, Any], now: datetime, stage: str = "") -> Incoming:
    """Read hook context and prefetched resources. A prefetch key that is absent or null leaves its
    list UNKNOWN. Raises ``ReadError`` naming the field that has not the shape FHIR gives it."""
    orders = tuple(_orders(hook_context))
    selections = listing(hook_context.get("selections"), "context.selections")
    patient = _patient(prefetch, hook_context, now, stage)
    return Incoming(patient, orders, frozenset(s for s in selections if isinstance(s, str)))


_KEYS: Final = {
    "Patient": "patient",
    "Encounter": "encounter",
    "PractitionerRole": "practitionerRole",
    "Condition": "conditions",
    "AllergyIntolerance": "allergies",
    "Observation": "observations",
    "DiagnosticReport": "reports",
    "Procedure": "procedures",
}
_ORDERED: Final = frozenset({"MedicationRequest", "ServiceRequest", "Medication"})


def split_bundle(bundle: Any) -> tuple[Json, dict[str, Any]]:
    """A Bundle of one prescription as hook context and prefetch: drafts are under review, requests of
    another status are what the patient has. Of a kind that does not occur nothing is known, but for the
    kinds that ``Bundle.meta.tag`` codes name as complete. Raises ``ReadError`` that names the field."""
    drafts: list[Json] = []
    prefetch: dict[str, Any] = {}
    tags = listing(mapping(mapping(bundle, "body").get("meta") or {}, "meta").get("tag"), "meta.tag")
    for tag in tags:
        if isinstance(tag, dict) and tag.get("code") in (*_KEYS.values(), "medications"):
            prefetch[tag["code"]] = {"resourceType": "Bundle", "entry": []}
    for _, resource in _resources(bundle, "body"):
        kind = str(resource.get("resourceType"))
        under_review = kind in _ORDERED and resource.get("status", "draft") == "draft"
        if under_review or kind == "Medication":
            drafts.append({"resource": resource})
        else:
            key = _KEYS.get(kind, "medications" if kind.startswith("Medication") else "")
            if key:
                prefetch.setdefault(key, {"resourceType": "Bundle", "entry": []})["entry"].append(
                    {"resource": resource}
                )
    if not drafts:
        raise ReadError("entry", "holds no draft order: a MedicationRequest with status draft is what is reviewed")
    patient: Json = next((e["resource"] for e in prefetch.get("patient", {}).get("entry", ())), {})
    context = {"patientId": patient.get("id", ""), "draftOrders": {"resourceType": "Bundle", "entry": drafts}}
    return context, prefetch


def read_orders(bundle: Any, path: str) -> Iterator[Order]:
    """Orders of a Bundle; medications they refer to may stand beside them or be contained."""
    resources = _resources(bundle, path)
    beside = {reference(r): r for _, r in resources if r.get("resourceType") == "Medication"}
    for number, resource in resources:
        if resource.get("resourceType") != "Medication":
            try:
                yield _order(resource, beside)
            except ReadError as error:
                raise error.within(f"{path}.entry[{number}].resource") from None


def _orders(hook_context: Json) -> Iterator[Order]:
    for field in ("draftOrders", "medications", "order", "medication"):
        if hook_context.get(field) is not None:
            yield from _field_orders(hook_context[field], f"context.{field}")


def _field_orders(value: Any, path: str) -> Iterator[Order]:
    """A Bundle of orders, or a single order (medication-verify), bare or as an entry."""
    if isinstance(value, dict) and "resourceType" not in value and "resource" in value:
        value = {"entry": [value]}
    elif isinstance(value, dict) and value.get("resourceType") != "Bundle":
        value = {"entry": [{"resource": value}]}
    yield from read_orders(value, path)


def _resources(bundle: Any, path: str) -> list[tuple[int, Json]]:
    """Resources of a Bundle with the numbers of their entries, but for OperationOutcomes."""
    found: list[tuple[int, Json]] = []
    for number, entry in enumerate(listing(mapping(bundle, path).get("entry"), f"{path}.entry")):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            at = f"{path}.entry[{number}]"
            mapping(mapping(entry, at).get("resource"), f"{at}.resource")
        elif resource.get("resourceType") != "OperationOutcome":
            found.append((number, resource))
    return found


def _order(resource: Json, beside: Mapping[str, Json]) -> Order:
    reader = _ORDER_READERS.get(str(resource.get("resourceType")), _other_order)
    return reader(resource, beside)


def _drug_order(resource: Json, beside: Mapping[str, Json]) -> Order:
    get = resource.get
    what, form = _medication(resource, beside)
    authored = moment(get("authoredOn", get("dateAsserted")), "authoredOn")
    dosage = read_dosage(resource)
    start, stop = _period(resource, authored, dosage.duration_days)
    reasons = get("reasonCode")
    return Order(
        id=reference(resource),
        kind=OrderKind.DRUG,
        what=what,
        status=_STATUS.get(get("status", "draft"), OrderStatus.ACTIVE),
        form=form,
        dosage=dosage,
        start=start,
        stop=stop,
        prescriber=_display(get("requester")),
        reason=tuple(coded(r, "reasonCode") for r in listing(reasons, "reasonCode")) if reasons else (),
        origin=origin(resource, authored),
        **_more(resource),
    )


_MORE: Final = frozenset({"groupIdentifier", "requisition", "dispenseRequest", "extension", "priority", "note"})
_URGENT: Final = frozenset({"urgent", "asap", "stat"})


def _more(resource: Json) -> dict[str, Any]:
    """What few orders say: group, dispensed quantity, urgency, purpose, consultation, recorded reason."""
    if _MORE.isdisjoint(resource):
        return {}
    get, found = resource.get, {}
    group = get("groupIdentifier", get("requisition"))
    if isinstance(group, dict) and isinstance(group.get("value"), str):
        found["group"] = group["value"]
    if isinstance(get("dispenseRequest"), dict):
        found["quantity"] = quantity(resource["dispenseRequest"].get("quantity"), "dispenseRequest.quantity")
    if get("priority") in _URGENT:
        found["urgent"] = True
    purpose = _extension(resource, "antimicrobial-purpose")
    if purpose in _PURPOSES:
        found["purpose"] = _PURPOSES[purpose]
    consulted = _extension(resource, "consulted")
    if isinstance(consulted, bool):
        found["consulted"] = consulted
    notes = [n["text"] for n in get("note") or () if isinstance(n, dict) and isinstance(n.get("text"), str)]
    if notes:
        found["note"] = "；".join(notes)
    return found


def _medication(resource: Json, beside: Mapping[str, Json]) -> tuple[Coded, str]:
    """What drug an order names, inline, by reference beside it or contained; and its dosage form."""
    concept = resource.get("medicationCodeableConcept")
    if concept is not None:
        return coded(concept, "medicationCodeableConcept"), ""
    ref = resource.get("medicationReference")
    if ref is None:
        return Coded(), ""
    found = mapping(ref, "medicationReference")
    target = str(found.get("reference", ""))
    contained = {f"#{c.get('id')}": c for c in listing(resource.get("contained"), "contained") if isinstance(c, dict)}
    medication = contained.get(target) or beside.get(target)
    if medication is None:
        return Coded(_display(found)), ""
    what = coded(medication.get("code"), "medicationReference")
    return what if what.text or what.codes else Coded(_display(found)), next(texts(medication.get("form")), "")


def _period(resource: Json, authored: datetime | None, days: Known[float]) -> tuple[date | None, date | None]:
    """First and last day: as the order states them, else from when it was written and for how long."""
    request = resource.get("dispenseRequest")
    validity = request.get("validityPeriod") if isinstance(request, dict) else resource.get("effectivePeriod")
    start, stop = authored, None
    if validity is not None:
        period = mapping(validity, "validityPeriod")
        start = moment(period.get("start"), "validityPeriod.start") or authored
        stop = moment(period.get("end"), "validityPeriod.end")
    if stop is None and start is not None and not isinstance(days, Unknown):
        stop = start + timedelta(days=max(days - 1, 0))
    return start.date() if start else None, stop.date() if stop else None


def _service_order(resource: Json, beside: Mapping[str, Json]) -> Order:
    authored = moment(resource.get("authoredOn"), "authoredOn")
    return Order(
        id=reference(resource),
        kind=_service_kind(resource),
        what=coded(resource.get("code")),
        status=_STATUS.get(resource.get("status", "draft"), OrderStatus.ACTIVE),
        prescriber=_display(resource.get("requester")),
        origin=origin(resource, authored),
        **_more(resource),
    )


def _service_kind(resource: Json) -> OrderKind:
    """By category; without a usable one terminology decides later from what the code names."""
    words = {w for c in resource.get("category") or () for w in (*code_values(c), *texts(c))}
    if words & _LAB:
        return OrderKind.LAB
    if words & _EXAM:
        return OrderKind.EXAM
    if words & _BLOOD:
        return OrderKind.BLOOD
    return OrderKind.PROCEDURE if words & _PROCEDURE else OrderKind.OTHER


def _other_order(resource: Json, beside: Mapping[str, Json]) -> Order:
    """Nutrition, devices …: listed, so that nothing vanishes; no family concerns them yet."""
    return Order(reference(resource), OrderKind.OTHER, coded(resource.get("code")))


_ORDER_READERS: dict[str, Callable[[Json, Mapping[str, Json]], Order]] = {
    "MedicationRequest": _drug_order,
    "MedicationStatement": _drug_order,
    "MedicationDispense": _drug_order,
    "ServiceRequest": _service_order,
}


def _patient(prefetch: Mapping[str, Any], hook_context: Json, now: datetime, stage: str) -> PatientContext:
    patient = _one(prefetch, "patient")
    encounter = _one(prefetch, "encounter")
    observations = _list(prefetch, "observations", _observation)
    states = _states(prefetch)
    return PatientContext(
        id=str(hook_context.get("patientId", "")),
        as_of=now,
        sex=_sex(patient),
        birth_date=day(patient.get("birthDate"), "prefetch.patient.birthDate"),
        pregnancy=_pregnancy(states),
        lactating=_lactating(states),
        conditions=_list(prefetch, "conditions", _condition),
        allergies=_list(prefetch, "allergies", _allergy),
        observations=observations,
        medications=_list(prefetch, "medications", _medication_use),
        reports=_list(prefetch, "reports", _report),
        procedures=_list(prefetch, "procedures", _procedure),
        department=_display(encounter.get("serviceType")) or next(texts(encounter.get("serviceType")), ""),
        institution=_display(encounter.get("serviceProvider")),
        stage=stage,
        visit=_visit(encounter),
        admitted=_admitted(encounter),
        prescriber=_prescriber(_one(prefetch, "practitionerRole")),
        institution_level=_level(encounter),
        insurance=str(_extension(encounter, "insurance-type") or ""),
    )


def _visit(encounter: Json) -> Known[Visit]:
    """From ``Encounter.class``: a Coding in R4, a list of CodeableConcepts in R5."""
    said = encounter.get("class")
    entries = said if isinstance(said, list) else [said]
    codes = [c for e in entries if isinstance(e, dict) for c in (e.get("code"), *code_values(e))]
    return next((_VISITS[c] for c in codes if isinstance(c, str) and c in _VISITS), UNKNOWN)


def _admitted(encounter: Json) -> Known[date]:
    period = encounter.get("period")
    start = moment(period.get("start"), "prefetch.encounter.period.start") if isinstance(period, dict) else None
    return UNKNOWN if start is None else start.date()


def _level(encounter: Json) -> Known[int]:
    level = _extension(encounter, "institution-level")
    return level if isinstance(level, int) and not isinstance(level, bool) and 1 <= level <= 3 else UNKNOWN


def _prescriber(role: Json) -> Known[Prescriber]:
    """From the PractitionerRole: title in ``code``, authorities in extensions."""
    if not role:
        return UNKNOWN
    titles = (t for c in role.get("code") or () for t in texts(c))
    authority = _AUTHORITIES.get(_extension(role, "antimicrobial-authority"), UNKNOWN)
    controlled = _extension(role, "controlled-drug-authority")
    name = _display(role.get("practitioner"))
    return Prescriber(name, next(titles, ""), authority, controlled if isinstance(controlled, bool) else UNKNOWN)


def _one(prefetch: Mapping[str, Any], key: str) -> Json:
    value = prefetch.get(key)
    if value is None:
        return {}
    found = mapping(value, f"prefetch.{key}")
    if found.get("resourceType") == "Bundle":
        return next((resource for _, resource in _resources(found, f"prefetch.{key}")), {})
    return {} if found.get("resourceType") == "OperationOutcome" else found


def _list(prefetch: Mapping[str, Any], key: str, read: Callable[[Json], _T | None]) -> Known[tuple[_T, ...]]:
    """Resources of a prefetched Bundle (or a single one) as nouns; UNKNOWN when it was not given
    or could not be had (an OperationOutcome in its place)."""
    value = prefetch.get(key)
    if value is None:
        return UNKNOWN
    found = mapping(value, f"prefetch.{key}")
    kind = found.get("resourceType")
    if kind == "OperationOutcome":
        return UNKNOWN
    bundle = found if kind == "Bundle" else {"entry": [{"resource": found}]}
    nouns: list[_T] = []
    for number, resource in _resources(bundle, f"prefetch.{key}"):
        if resource.get("status") in _IGNORED:
            continue
        try:
            noun = read(resource)
        except ReadError as error:
            raise error.within(f"prefetch.{key}.entry[{number}].resource") from None
        if noun is not None:
            nouns.append(noun)
    return tuple(nouns)


def _sex(patient: Json) -> Known[Sex]:
    gender = patient.get("gender")
    return Sex(gender) if gender in ("male", "female") else UNKNOWN


def _condition(resource: Json) -> Condition | None:
    if resource.get("resourceType") != "Condition" or "refuted" in code_values(resource.get("verificationStatus")):
        return None
    clinical = set(code_values(resource.get("clinicalStatus")))
    inactive = bool(clinical & {"inactive", "remission", "resolved"})
    time = moment(resource.get("recordedDate", resource.get("onsetDateTime")), "recordedDate")
    onset = moment(resource.get("onsetDateTime"), "onsetDateTime")
    return Condition(
        what=coded(resource.get("code")),
        status=ClinicalStatus.INACTIVE if inactive else ClinicalStatus.ACTIVE,
        onset=onset.date() if onset else None,
        origin=origin(resource, time),
    )


def _allergy(resource: Json) -> Allergy | None:
    """Refuted, resolved and "no known allergy" entries are no allergies."""
    said = {*code_values(resource.get("verificationStatus")), *code_values(resource.get("clinicalStatus"))}
    if said & {"refuted", "entered-in-error", "resolved", "inactive"}:
        return None
    what = coded(resource.get("code"))
    if {c.value for c in what.codes} & {"716186003", "409137002"} or says_no_allergy(what.text):
        return None
    reactions = listing(resource.get("reaction"), "reaction")
    words = [next(texts(m), "") for r in reactions if isinstance(r, dict) for m in r.get("manifestation") or ()]
    grades = {r.get("severity") for r in reactions if isinstance(r, dict)}
    severe: Known[bool] = True if "severe" in grades or resource.get("criticality") == "high" else UNKNOWN
    time = moment(resource.get("recordedDate"), "recordedDate")
    return Allergy(what, tuple(w for w in words if w), severe, origin(resource, time))


def _observation(resource: Json) -> Observation | None:
    if resource.get("resourceType") != "Observation" or resource.get("status") == "cancelled":
        return None
    what = coded(resource.get("code"))
    return Observation(what, _value(resource), origin(resource, _effective(resource)))


def _value(resource: Json) -> Known[Any]:
    if resource.get("valueQuantity") is not None:
        return quantity(resource["valueQuantity"], "valueQuantity")
    if isinstance(resource.get("valueString"), str):
        return resource["valueString"]
    return next(texts(resource.get("valueCodeableConcept")), UNKNOWN)


def _effective(resource: Json) -> datetime | None:
    period = resource.get("effectivePeriod")
    if isinstance(period, dict):
        return moment(period.get("start"), "effectivePeriod.start")
    return moment(resource.get("effectiveDateTime", resource.get("issued")), "effectiveDateTime")


def _medication_use(resource: Json) -> Order | None:
    """Active drugs, and past ones whose last day is known: some still act for weeks. Drafts are under review."""
    if resource.get("resourceType") not in ("MedicationRequest", "MedicationStatement", "MedicationDispense"):
        return None
    order = _drug_order(resource, {})
    kept = order.is_active() or (order.status is not OrderStatus.DRAFT and order.stop is not None)
    return order if kept else None


def _report(resource: Json) -> Report | None:
    if resource.get("resourceType") != "DiagnosticReport":
        return None
    conclusion = resource.get("conclusion")
    recognised = _extension(resource, "recognised")
    return Report(
        what=coded(resource.get("code")),
        conclusion=conclusion if isinstance(conclusion, str) else "",
        recognised=recognised if isinstance(recognised, bool) else UNKNOWN,
        origin=origin(resource, _effective(resource)),
    )


def _extension(resource: Json, name: str) -> Any:
    """Value of an extension whose URL ends in our name (互认标识: ``recognised``)."""
    for entry in resource.get("extension") or ():
        if isinstance(entry, dict) and str(entry.get("url", "")).rpartition("/")[2] == name:
            return next((value for key, value in entry.items() if key.startswith("value")), None)
    return None


def _procedure(resource: Json) -> Procedure | None:
    if resource.get("resourceType") != "Procedure":
        return None
    time = moment(resource.get("performedDateTime"), "performedDateTime")
    return Procedure(coded(resource.get("code")), origin(resource, time))


def _states(prefetch: Mapping[str, Any]) -> list[Json]:
    """Observations that say whether somebody is pregnant, for how long, or breast-feeding."""
    bundle = prefetch.get("observations")
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        return []
    resources = (r for _, r in _resources(bundle, "prefetch.observations"))
    return [r for r in resources if not _STATES.isdisjoint(code_values(r.get("code")))]


def _pregnancy(states: list[Json]) -> Known[Pregnancy | None]:
    """Pregnancy status (LOINC 82810-3) and gestational age."""
    status = _stated(states, _WOMB_STATES)
    if status is not None and _words(status) & _NOT_PREGNANT:
        return None
    if status is not None and _words(status) & _PREGNANT:
        days = _gestation_days(_stated(states, _GESTATION))
        return Pregnancy(days, origin(status, _effective(status)))
    return UNKNOWN


def _gestation_days(age: Json | None) -> Known[int]:
    found = UNKNOWN if age is None else quantity(age.get("valueQuantity"), "prefetch.observations.valueQuantity")
    return UNKNOWN if isinstance(found, Unknown) else round(found.to("d").value)


def _lactating(states: list[Json]) -> Known[bool]:
    status = _stated(states, _LACTATING)
    return UNKNOWN if status is None else bool(_words(status) & _YES)


def _stated(states: list[Json], codes: frozenset[str]) -> Json | None:
    """The newest observation of a state."""
    matching = [r for r in states if not codes.isdisjoint(code_values(r.get("code")))]
    return max(matching, key=lambda r: str(r.get("effectiveDateTime", "")), default=None)


def _words(resource: Json) -> set[str]:
    value = resource.get("valueCodeableConcept")
    found = {*code_values(value), *texts(value)}
    return found | {resource["valueString"]} if isinstance(resource.get("valueString"), str) else found


def _display(ref: Any) -> str:
    display = ref.get("display") if isinstance(ref, dict) else None
    return display if isinstance(display, str) else ""


__all__ = ["Incoming", "ReadError", "read_context", "read_orders"]
